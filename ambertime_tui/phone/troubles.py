"""Conversion of pymobiledevice3's exceptions to `PhoneError`."""

from __future__ import annotations

import errno
from xml.parsers.expat import ExpatError

from ambertime_tui.open_files import is_limit_reached, limit_sentence
from ambertime_tui.phone.errors import (
    FileLimitReached,
    PhoneDisconnected,
    PhoneError,
    PhoneLocked,
    PhoneNotReady,
    TrustPending,
    TrustRefused,
    UnknownPhone,
    UsbmuxUnavailable,
)

_LONGEST_TEXT = 200
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
ODD_ANSWERS = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    ExpatError,
)
"""What pymobiledevice3 and plistlib raise for an answer of another shape than they expect."""


def phone_error(error: BaseException, phone: str, udid: str) -> PhoneError | None:
    """Return the typed error for a failed connection to a phone or its lockdownd.

    Args:
        error: the raised exception.
        phone: name of the phone in messages.
        udid: the phone's UDID.

    Returns:
        None if the error is not about a phone and should be raised unchanged.
    """
    from pymobiledevice3 import exceptions as pmd

    if isinstance(error, PhoneError):
        return error
    if isinstance(error, pmd.PasswordRequiredError | pmd.PasscodeRequiredError):
        return PhoneLocked(phone)
    if isinstance(error, pmd.PairingDialogResponsePendingError):
        return TrustPending(phone)
    if isinstance(error, pmd.UserDeniedPairingError):
        return TrustRefused(phone)
    if isinstance(
        error, pmd.FatalPairingError | pmd.InvalidHostIDError | pmd.PairingError | pmd.NotPairedError
    ):
        return TrustRefused(phone, "This computer's key is no longer accepted by")
    if isinstance(error, pmd.IncorrectModeError):
        return PhoneNotReady(f"{phone} is in recovery or restore mode. Restart it, unlock it, and try again.")
    if isinstance(error, pmd.ConnectionFailedToUsbmuxdError):
        return UsbmuxUnavailable(
            "usbmuxd has stopped responding. Restart it: sudo systemctl restart usbmuxd."
        )
    if isinstance(error, pmd.DeviceNotFoundError | pmd.NoDeviceConnectedError):
        return UnknownPhone(udid)
    if isinstance(error, pmd.BadDevError | pmd.MuxException):
        return PhoneDisconnected(phone, "is connected but cannot be reached through usbmuxd")
    if isinstance(error, pmd.MCProtectedError | pmd.GetProhibitedError):
        return PhoneNotReady(
            f"{phone} is managed by an organization that does not let this computer read it. Ask its IT team."
        )
    if isinstance(error, pmd.InvalidServiceError | pmd.StartServiceError):
        return PhoneNotReady(
            f"{phone} did not start its file service ({_first_line(error)}). Restart the phone, unlock it, "
            "and try again."
        )
    if isinstance(error, pmd.ConnectionTerminatedError | ConnectionError | EOFError):
        return PhoneDisconnected(phone, "closed the connection")
    if isinstance(error, OSError) and is_limit_reached(error):
        return FileLimitReached(limit_sentence(f"{phone} cannot be reached", error))
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _DISK_ERRORS):
        where = f" ({error.filename})" if error.filename is not None else ""
        return PhoneNotReady(
            f"The key for the phone cannot be stored on this computer: {error.strerror}{where}. "
            "Correct this, and try again."
        )
    if isinstance(error, PermissionError):
        return UsbmuxUnavailable(
            f"Permission denied: {error}. Correct it, or ask the administrator of this computer."
        )
    if isinstance(error, (pmd.PyMobileDevice3Exception, *ODD_ANSWERS)):
        return PhoneNotReady(
            f"{phone} sent an unexpected answer ({type(error).__name__}: {_first_line(error)}). "
            "Unplug it, plug it in again, and try again."
        )
    if isinstance(error, OSError):
        return PhoneNotReady(f"{phone} cannot be used: {error}.")
    return None


def _first_line(error: BaseException) -> str:
    """The first line of an error's text: some quote the whole answer, or ask to report it elsewhere."""
    return str(error).partition("\n")[0][:_LONGEST_TEXT].rstrip()


def transient(error: BaseException) -> bool:
    """Whether a retry may help: usbmuxd often lists a phone before it can connect to it."""
    from pymobiledevice3 import exceptions as pmd

    return isinstance(error, pmd.MuxException) and not isinstance(error, pmd.ConnectionFailedToUsbmuxdError)
