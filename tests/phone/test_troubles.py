"""Every exception of pymobiledevice3 becomes a sentence that says what to do."""

from __future__ import annotations

import inspect
import logging

import pytest
from pymobiledevice3 import exceptions as pmd

from ambertime_tui.open_files import limit_sentence
from ambertime_tui.phone import errors
from ambertime_tui.phone.errors import (
    PhoneDisconnected,
    PhoneError,
    PhoneLocked,
    PhoneNotReady,
    TrustPending,
    TrustRefused,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.troubles import phone_error

PHONE = "The iPhone “Zoë’s phone”"
UDID = "00008130-000A1B2C3D4E5F60"
ADVICE = [
    "unlock",
    "plug",
    "tap",
    "start",
    "restart",
    "ask",
    "join",
    "again",
    "make",
    "close",
    "open",
    "connect",
    "choose",
    "free",
]
EXAMPLES: list[PhoneError] = [
    errors.UsbmuxUnavailable("usbmuxd is not running. Start it."),
    errors.FileLimitReached(limit_sentence("usbmuxd cannot be reached", OSError(24, "Too many open files"))),
    errors.NoPhoneAttached(),
    errors.UnknownPhone(UDID),
    errors.UnknownPhone(UDID, ["a" * 40]),
    errors.SeveralPhones([UDID, "a" * 40]),
    errors.OnlyOverWifi(PHONE),
    errors.TrustPending(PHONE),
    errors.TrustRefused(PHONE),
    errors.PhoneLocked(PHONE),
    errors.PhoneNotReady("Restart it."),
    errors.PhoneDisconnected(PHONE),
    errors.PhoneStalled(PHONE, 30.0, "reading"),
    errors.DatabaseNotThere("PhotoData/Photos.sqlite"),
    errors.DatabaseNeverRests(10),
    errors.NoRoomForDatabase("/tmp/x", "No space left on device"),
    errors.MediaUnreadable("DCIM/IMG_1.JPG"),
    errors.MediaForbidden("DCIM/IMG_1.JPG"),
    errors.MediaChanged("DCIM/IMG_1.JPG", 5000, 4999),
    errors.MediaBusy("DCIM/IMG_1.JPG"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_each_error_is_a_sentence_that_says_what_to_do(error: PhoneError) -> None:
    said = str(error)
    assert said.endswith(".")
    assert any(word in said.lower() for word in ADVICE), said


def test_every_kind_of_error_is_among_the_examples() -> None:
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PhoneError)}
    # Not found is only a fact; the engine says what to do.
    assert kinds - {type(e) for e in EXAMPLES} == {PhoneError, errors.MediaError, errors.MediaNotFound}


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (pmd.PasswordRequiredError(), PhoneLocked),
        (pmd.PairingDialogResponsePendingError(), TrustPending),
        (pmd.UserDeniedPairingError(), TrustRefused),
        (pmd.FatalPairingError(), TrustRefused),
        (pmd.InvalidHostIDError(), TrustRefused),
        (pmd.NotPairedError(), TrustRefused),
        (pmd.PairingError(), TrustRefused),
        (pmd.IncorrectModeError(), PhoneNotReady),
        (pmd.ConnectionFailedToUsbmuxdError(), UsbmuxUnavailable),
        (PermissionError(13, "Permission denied"), UsbmuxUnavailable),
        (pmd.DeviceNotFoundError(UDID), UnknownPhone),
        (pmd.NoDeviceConnectedError(), UnknownPhone),
        (pmd.BadDevError(), PhoneDisconnected),
        (pmd.ConnectionFailedError(), PhoneDisconnected),
        (pmd.ConnectionTerminatedError(), PhoneDisconnected),
        (ConnectionResetError(), PhoneDisconnected),
        (pmd.MCProtectedError("x", UDID, "18.0"), PhoneNotReady),
        (pmd.StartServiceError("com.apple.afc", "x"), PhoneNotReady),
        (pmd.ProtocolError("nonsense"), PhoneNotReady),
        (KeyError("Port"), PhoneNotReady),
        (OSError(5, "Input/output error"), PhoneNotReady),
        (PhoneLocked(PHONE), PhoneLocked),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_exception_of_pymobiledevice3_becomes_ours(raised: BaseException, kind: type[PhoneError]) -> None:
    error = phone_error(raised, PHONE, UDID)
    assert type(error) is kind
    assert str(error).endswith(".")


def test_what_is_no_trouble_with_a_phone_goes_on_as_it_is() -> None:
    assert phone_error(ZeroDivisionError(), PHONE, UDID) is None


def test_pymobiledevice3_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("pymobiledevice3.services.afc").critical("over the full-screen app")
    assert capfd.readouterr() == ("", "")
