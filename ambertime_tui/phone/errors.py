"""What can go wrong with a phone. `str()` of each is a sentence a person can act on."""

from __future__ import annotations

from collections.abc import Iterable


class PhoneError(Exception):
    """Something about a phone, or the way to it, is not as it has to be; the message is a full sentence."""


def _within(phone: str) -> str:
    """How a phone is called in the middle of a sentence."""
    return f"the{phone[3:]}" if phone.startswith("The ") else phone


class UsbmuxUnavailable(PhoneError):
    """The service that speaks to iPhones over USB does not answer on this computer."""


class NoPhoneAttached(PhoneError):
    """No phone is plugged in, or the computer does not see it."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(
            hint or "No iPhone is attached. Plug one in with a cable, unlock it, and tap Trust if it asks."
        )


class UnknownPhone(PhoneError):
    """The phone that was asked for is not attached."""

    def __init__(self, udid: str, attached: Iterable[str] = ()) -> None:
        self.udid = udid
        others = ", ".join(attached)
        super().__init__(
            f"No iPhone with the UDID {udid} is attached"
            + (f"; attached: {others}. Choose that one, or plug in the other." if others else ". Plug it in.")
        )


class SeveralPhones(PhoneError):
    """More than one phone is attached and none was chosen."""

    def __init__(self, udids: Iterable[str]) -> None:
        self.udids = tuple(udids)
        super().__init__(
            f"{len(self.udids)} iPhones are attached: {', '.join(self.udids)}. Say which one by its UDID."
        )


class OnlyOverWifi(PhoneError):
    """The phone is seen over Wi-Fi only; AmberTime reads over the cable."""

    def __init__(self, phone: str) -> None:
        super().__init__(
            f"{phone} is seen over Wi-Fi only. Plug it in with a cable: AmberTime reads by wire."
        )


class TrustPending(PhoneError):
    """The phone has not been told to trust this computer yet."""

    def __init__(self, phone: str) -> None:
        super().__init__(
            f"{phone} does not trust this computer yet. Unlock it, tap Trust and enter its passcode; "
            "if it does not ask, unplug it and plug it in again."
        )


class TrustRefused(PhoneError):
    """Somebody tapped Don't Trust, or the phone no longer takes this computer's key."""

    def __init__(self, phone: str, why: str = "Don't Trust was tapped on") -> None:
        super().__init__(f"{why} {_within(phone)}. Unplug it, plug it in again, unlock it and tap Trust.")


class PhoneLocked(PhoneError):
    """The phone has to be unlocked before it can be read."""

    def __init__(self, phone: str) -> None:
        super().__init__(
            f"{phone} is locked. Unlock it with its passcode; it may be locked again once reading has begun."
        )


class PhoneNotReady(PhoneError):
    """The phone answers, but not in a way that lets it be read (recovery mode, a refused service)."""


class PhoneDisconnected(PhoneError):
    """The phone, or the connection to it, is gone."""

    def __init__(self, phone: str, what: str = "was unplugged or restarted") -> None:
        super().__init__(
            f"{phone} {what}. Plug it in again and unlock it; what is copied already stays copied."
        )


class PhoneStalled(PhoneError):
    """The phone is there but has sent nothing for too long."""

    def __init__(self, phone: str, seconds: float, doing: str) -> None:
        super().__init__(
            f"{phone} sent nothing for {seconds:.0f} s ({doing}). Unlock it; if that does not help, unplug "
            "it, plug it in again, and restart it if it stalls once more."
        )


class DatabaseNotThere(PhoneError):
    """The phone has no library database where every iPhone has one."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The phone has no {path}. Open the Photos app on it once; if the library is really empty, "
            "there is nothing to copy."
        )


class DatabaseNeverRests(PhoneError):
    """Photos wrote to its database during every attempt to copy it."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(
            f"Photos changed its library during each of {attempts} attempts to copy its database. Close the "
            "Photos and Camera apps, wait until the phone has finished importing or syncing, and try again."
        )


class NoRoomForDatabase(PhoneError):
    """This computer cannot hold a copy of the library database."""

    def __init__(self, folder: str, why: str) -> None:
        super().__init__(
            f"The copy of the phone's library database cannot be kept in {folder}: {why}. "
            "Make room there and try again."
        )


class MediaError(PhoneError):
    """One file or folder on the phone; the others are not concerned."""

    def __init__(self, path: str, sentence: str) -> None:
        self.path = path
        super().__init__(sentence)


class MediaNotFound(MediaError):
    """It is not there (any more)."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"{path} is not on the phone (any more).")


class MediaUnreadable(MediaError):
    """The phone has it but cannot read it."""

    def __init__(self, path: str, why: str = "the phone reported a read error") -> None:
        super().__init__(path, f"{path} cannot be read: {why}. Try again; if it stays so, {_remedy(path)}.")


def _remedy(path: str) -> str:
    return (
        "restart the phone" if path.startswith("PhotoData/Photos.sqlite") else "open the item in Photos once"
    )


class MediaForbidden(MediaError):
    """The phone does not give it out, or not while it is locked."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"The phone does not give out {path}. Unlock the phone and try again.")


class MediaChanged(MediaError):
    """It has another size than it had a moment ago."""

    def __init__(self, path: str, expected: int, found: int) -> None:
        super().__init__(
            path,
            f"{path} changed on the phone while it was read ({found:,} bytes instead of {expected:,}). "
            "It has to be read again.",
        )


class MediaBusy(MediaError):
    """The phone has no room for another open file just now."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            f"The phone could not open {path} because too many files are open on it. "
            "Close other programs that read the phone, or unplug it and plug it in again.",
        )
