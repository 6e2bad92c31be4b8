"""Ways to have iOS download originals that are only in iCloud: three methods with one interface. Pure.

No request over USB makes iOS download an original, and reading a file does not either. Each method is
therefore an action of the user on the phone. AmberTime then watches the files arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Protocol
from urllib.parse import urlencode

from ambertime_tui import units

SHORTCUT = "AmberTime"
"""Required name of the Shortcut on the phone. docs/shortcut.md says how to make it."""
SHARE_OF_FREE_SPACE = 0.5
"""Share of the phone's free storage for one slice. iOS starts to offload before storage is full."""
DEFAULT_SLICE_BYTES = 2_000_000_000
"""Size of a slice if the phone does not report its free storage."""
ITEMS_AT_ONCE = 300
"""Maximum items per run of a Shortcut. iOS reportedly stops longer runs."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_OFFSET = timedelta(hours=14)
"""The Shortcut uses the phone's local calendar. No time zone is further from UTC than this."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An asset whose originals iOS has to download."""

    uuid: str
    created: float | None
    """Seconds since 1970; None: undated."""
    bytes: int
    findable: bool = True
    """False for items that Find Photos in a Shortcut does not find: hidden and deleted ones."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user has to do on the phone now, and which assets that requests."""

    sentence: str
    uuids: tuple[str, ...] | None
    """None: all wanted assets."""
    code: str = ""
    """An address for the phone's camera; empty: none."""


class DownloadMethod(Protocol):
    """A way to have iOS download originals."""

    @property
    def needs(self) -> str:
        """Its requirements, as a sentence."""

    @property
    def does(self) -> str:
        """What it does, as a sentence."""

    @property
    def afterwards(self) -> str:
        """What to do on the phone afterwards, as a sentence; empty: nothing."""

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Return the next request.

        Args:
            wanted: assets not requested yet, in fetch order.
            free_bytes: the phone's free storage; None: unknown.

        Returns:
            None if this method cannot request any of them.
        """


class KeepOriginals:
    """The setting Download and Keep Originals on the phone."""

    needs = "Enough storage on the iPhone for all originals, Wi-Fi, and preferably power."
    does = "iOS downloads the whole library in its own order. This takes hours to days."
    afterwards = (
        "To free storage on the iPhone again, switch back: Settings, Apps, Photos, Optimize iPhone Storage."
    )

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Request everything, once."""
        if next(iter(wanted), None) is None:
            return None
        return Request(
            "On the iPhone, open Settings, Apps, Photos (before iOS 18: Settings, Photos) and choose "
            "Download and Keep Originals. Leave it on Wi-Fi and power.",
            None,
        )


class ByHand:
    """The user opens the items in Photos, one by one."""

    needs = "The iPhone at hand. Practical for a few items."
    does = "Opening or playing an item in Photos makes iOS download its original."
    afterwards = ""

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Request everything, once."""
        if next(iter(wanted), None) is None:
            return None
        return Request(
            "Open the items of this list in Photos on the iPhone, one by one, until the progress ring "
            "disappears. Play videos and Live Photos.",
            None,
        )


class Shortcut:
    """A Shortcut on the phone that requests the originals of a range of days, started by scanning a code."""

    needs = "The Shortcut “AmberTime” on the iPhone (see docs/shortcut.md), and Wi-Fi."
    does = (
        "You scan a code with the iPhone's camera. iOS downloads a range of days. Then the next code appears."
    )
    afterwards = ""

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Request the next slice: as many whole days as the phone has storage for, but at least one."""
        room = DEFAULT_SLICE_BYTES if free_bytes is None else int(free_bytes * SHARE_OF_FREE_SPACE)
        chosen = first_slice((one for one in wanted if can_be_found(one)), room, ITEMS_AT_ONCE)
        if not chosen:
            return None
        days = days_around(one.created for one in chosen if one.created is not None)
        size = sum(one.bytes for one in chosen)
        items = units.plural(len(chosen), "item")
        return Request(
            f"Point the iPhone's camera at the code and tap it. It requests {items} ({units.size(size)}) "
            f"from {days.replace('..', ' to ')}.",
            tuple(one.uuid for one in chosen),
            address_of(days),
        )


def can_be_found(wanted: Wanted) -> bool:
    """Whether a Shortcut can request it: it has a date, and Find Photos can find it."""
    return wanted.findable and wanted.created is not None


def first_slice(wanted: Iterable[Wanted], room: int, most: int) -> list[Wanted]:
    """Return the first assets that fit, at least one, split between two days if possible.

    Args:
        wanted: sorted by capture time, in either direction. Read only as far as needed.
        room: maximum bytes.
        most: maximum items.
    """
    chosen: list[Wanted] = []
    size = 0
    for one in wanted:
        if chosen and (size + one.bytes > room or len(chosen) >= most):
            whole_days = [c for c in chosen if _day(c) != _day(one)]
            return whole_days or chosen
        chosen.append(one)
        size += one.bytes
    return chosen


def slices(wanted: Iterable[Wanted], room: int) -> list[list[Wanted]]:
    """Split all assets, sorted by capture time, into slices of at most `room` bytes if possible."""
    everything = list(wanted)
    found: list[list[Wanted]] = []
    done = 0
    while done < len(everything):
        found.append(first_slice(islice(everything, done, None), room, len(everything)))
        done += len(found[-1])
    return found


def days_around(instants: Iterable[float]) -> str:
    """Return the days (`2019-03-01..2019-05-31`) that contain these times in any time zone."""
    moments = sorted(instants)
    first = (_at(moments[0]) - _LARGEST_OFFSET).date()
    last = (_at(moments[-1]) + _LARGEST_OFFSET).date()
    return f"{first.isoformat()}..{last.isoformat()}"


def address_of(days: str) -> str:
    """Return the address that runs the Shortcut for a range of days."""
    return "shortcuts://run-shortcut?" + urlencode({"name": SHORTCUT, "input": "text", "text": days})


def _at(instant: float) -> datetime:
    return _EPOCH + timedelta(seconds=instant)


def _day(wanted: Wanted) -> date | None:
    return None if wanted.created is None else _at(wanted.created).date()
