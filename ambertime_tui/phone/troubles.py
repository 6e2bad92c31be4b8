"""pymobiledevice3's exceptions as `PhoneError`s."""

from __future__ import annotations

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


def phone_error(error: BaseException, phone: str, udid: str) -> PhoneError | None:
    """The typed error for what went wrong on the way to a phone or in talking to its lockdownd.

    Args:
        error: what was raised.
        phone: how sentences call the phone.
        udid: which phone.

    Returns:
        None where the error is not about a phone, and should go on as it is.
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
        return TrustRefused(phone, "This computer's key is not accepted any more by")
    if isinstance(error, pmd.IncorrectModeError):
        return PhoneNotReady(f"{phone} is in recovery or restore mode. Restart it, unlock it, and try again.")
    if isinstance(error, pmd.ConnectionFailedToUsbmuxdError):
        return UsbmuxUnavailable(
            "usbmuxd has stopped answering. Start it again: sudo systemctl restart usbmuxd."
        )
    if isinstance(error, pmd.DeviceNotFoundError | pmd.NoDeviceConnectedError):
        return UnknownPhone(udid)
    if isinstance(error, pmd.BadDevError | pmd.MuxException):
        return PhoneDisconnected(phone, "is attached but cannot be reached through usbmuxd")
    if isinstance(error, pmd.MCProtectedError | pmd.GetProhibitedError):
        return PhoneNotReady(
            f"{phone} is managed by an organisation that does not let this computer read it. Ask them."
        )
    if isinstance(error, pmd.InvalidServiceError | pmd.StartServiceError):
        return PhoneNotReady(
            f"{phone} does not start its file service. Restart the phone, unlock it, and try again ({error})."
        )
    if isinstance(error, pmd.ConnectionTerminatedError | ConnectionError | EOFError):
        return PhoneDisconnected(phone, "broke off the connection")
    if isinstance(error, PermissionError):
        return UsbmuxUnavailable(
            f"A permission is missing: {error}. Correct it, or ask the owner of this computer."
        )
    if isinstance(error, pmd.PyMobileDevice3Exception | KeyError | ValueError):
        return PhoneNotReady(
            f"{phone} gave an answer that AmberTime does not understand ({type(error).__name__}: {error}). "
            "Unplug it, plug it in again, and try once more."
        )
    if isinstance(error, OSError):
        return PhoneNotReady(f"{phone} cannot be used: {error}.")
    return None


def transient(error: BaseException) -> bool:
    """Whether a moment's wait may cure it: usbmuxd often lists a phone before it can connect to it."""
    from pymobiledevice3 import exceptions as pmd

    return isinstance(error, pmd.MuxException) and not isinstance(error, pmd.ConnectionFailedToUsbmuxdError)
