"""Errors about a phone. `str()` of each is a sentence that tells the user what to do."""

from __future__ import annotations

from collections.abc import Iterable

from ambertime_tui import units


class PhoneError(Exception):
    """The phone cannot be reached or read. The message is a full sentence."""


def _within(phone: str) -> str:
    """Return the phone's name for the middle of a sentence."""
    return f"the{phone[3:]}" if phone.startswith("The ") else phone


class UsbmuxUnavailable(PhoneError):
    """usbmuxd, the USB service for iPhones, does not respond on this computer."""


class FileLimitReached(UsbmuxUnavailable):
    """No connection can be opened, because too many files are open. Waiting does not help."""


class NoPhoneAttached(PhoneError):
    """No phone is connected, or the computer does not detect it."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(
            hint or "No iPhone is connected. Connect one with a cable, unlock it, and tap Trust if it asks."
        )


class UnknownPhone(PhoneError):
    """The requested phone is not connected."""

    def __init__(self, udid: str, attached: Iterable[str] = (), name: str = "") -> None:
        """`name` is the phone's, if it was connected before."""
        self.udid = udid
        if name:
            super().__init__(f"{name} is not connected. Connect it with a cable and unlock it.")
            return
        others = ", ".join(attached)
        super().__init__(
            f"No iPhone with the UDID {udid} is connected"
            + (
                f"; connected: {others}. Choose that one, or connect the other."
                if others
                else ". Connect it."
            )
        )


class SeveralPhones(PhoneError):
    """Several phones are connected and none was chosen."""

    def __init__(self, udids: Iterable[str]) -> None:
        self.udids = tuple(udids)
        super().__init__(
            f"{len(self.udids)} iPhones are connected: {', '.join(self.udids)}. Choose one by its UDID."
        )


class OnlyOverWifi(PhoneError):
    """The phone is reachable only over Wi-Fi. AmberTime needs a cable."""

    def __init__(self, phone: str) -> None:
        super().__init__(f"{phone} is connected only over Wi-Fi. Connect it with a cable.")


class TrustPending(PhoneError):
    """The phone does not trust this computer yet."""

    def __init__(self, phone: str) -> None:
        super().__init__(
            f"{phone} does not trust this computer yet. Unlock it, tap Trust and enter its passcode. "
            "If it does not ask, unplug it and plug it in again."
        )


class TrustRefused(PhoneError):
    """Don't Trust was tapped, or the phone no longer accepts this computer's key."""

    def __init__(self, phone: str, why: str = "Don't Trust was tapped on") -> None:
        super().__init__(f"{why} {_within(phone)}. Unplug it, plug it in again, unlock it and tap Trust.")


class PhoneLocked(PhoneError):
    """The phone must be unlocked before it can be read."""

    def __init__(self, phone: str) -> None:
        super().__init__(
            f"{phone} is locked. Unlock it with its passcode. You can lock it again once reading has started."
        )


class PhoneNotReady(PhoneError):
    """The phone responds but cannot be read (recovery mode, a refused service)."""


class PhoneDisconnected(PhoneError):
    """The phone was disconnected, or the connection was lost."""

    def __init__(self, phone: str, what: str = "was unplugged or restarted") -> None:
        super().__init__(f"{phone} {what}. Plug it in again and unlock it. Files already copied are safe.")


class PhoneStalled(PhoneError):
    """The phone is connected but has not responded for too long."""

    def __init__(self, phone: str, seconds: float, doing: str) -> None:
        self.seconds = seconds
        super().__init__(
            f"{phone} has not responded for {seconds:.0f} s ({doing}). Unlock it. If that does not help, "
            "unplug it and plug it in again. If it happens again, restart it."
        )


class DatabaseNotThere(PhoneError):
    """The phone's library database does not exist at its usual path."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The phone has no {path}. Open the Photos app on it once. If the library is empty, "
            "there is nothing to copy."
        )


class DatabaseNeverRests(PhoneError):
    """Photos changed its database during every attempt to copy it."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(
            f"Photos changed its library during each of {attempts} attempts to copy its database. Close the "
            "Photos and Camera apps, wait until the phone has finished importing or syncing, and try again."
        )


class NoRoomForDatabase(PhoneError):
    """This computer cannot store a copy of the library database."""

    def __init__(self, folder: str, why: str) -> None:
        super().__init__(
            f"The copy of the phone's library database cannot be stored in {folder}: {why}. "
            "Free some space there and try again."
        )


class MediaError(PhoneError):
    """An error about one file or folder on the phone. Others are not affected."""

    def __init__(self, path: str, sentence: str) -> None:
        self.path = path
        super().__init__(sentence)


class MediaNotFound(MediaError):
    """The file or folder does not exist, or no longer does."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"{path} is not, or no longer, on the phone.")


class MediaUnreadable(MediaError):
    """The phone cannot read the file or folder."""

    def __init__(self, path: str, why: str = "the phone reported a read error") -> None:
        super().__init__(
            path, f"{path} cannot be read: {why}. Try again. If it still fails, {_remedy(path)}."
        )


def _remedy(path: str) -> str:
    return (
        "restart the phone" if path.startswith("PhotoData/Photos.sqlite") else "open the item in Photos once"
    )


class MediaForbidden(MediaError):
    """The phone refuses access, always or while it is locked."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"The phone refuses access to {path}. Unlock the phone and try again.")


class MediaChanged(MediaError):
    """The file changed while it was read: its size, or its time."""

    def __init__(self, path: str, expected: int, found: int) -> None:
        sizes = f"{units.count(found)} bytes instead of {units.count(expected)}"
        how = "it was rewritten" if found == expected else sizes
        super().__init__(
            path, f"{path} changed on the phone while it was read: {how}. Run the backup again to copy it."
        )


class MediaBusy(MediaError):
    """The phone has too many open files."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            f"The phone could not open {path} because too many files are open on it. "
            "Close other programs that read the phone, or unplug it and plug it in again.",
        )
