"""Ways to have iOS download originals that are only in iCloud: three methods with one interface. Pure.

No request over USB makes iOS download an original, and reading a file does not either. Each method is
therefore an action of the user on the phone. AmberTime then watches the files arrive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Protocol
from urllib.parse import urlencode

from ambertime_tui import units

SHORTCUT = "AmberTime"
"""Required name of the Shortcut on the phone. docs/shortcut.md says how to make it."""
ROOM_IF_UNKNOWN = 2_000_000_000
"""Bytes to request together if the phone does not report its free storage."""
ITEMS_PER_RUN = 5000
"""Maximum items of one run of the Shortcut. Not tried; a run that ends early only costs another code."""
LARGEST_GAP = 500
"""Maximum items between two wanted ones that a run passes: it downloads them again if iOS offloaded them."""
KEPT_FREE = 1 << 30
"""Bytes. iOS stops downloading while less is free on the phone."""
SHARE_OF_ROOM = 0.75
"""Share of the room above `KEPT_FREE` that one request may fill: the phone writes other things meanwhile."""
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

    needs = "Storage on the iPhone for all originals and 1 GiB more, Wi-Fi, and preferably power."
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
    """A Shortcut on the phone that requests originals from a day on, started by scanning a code.

    A run takes no more than fits into the free storage. The caller may count on more than that once iOS has
    been seen to remove in time what is on the drive.
    """

    needs = "The Shortcut “AmberTime” on the iPhone (see docs/shortcut.md), and Wi-Fi."
    does = (
        "You scan a code with the iPhone's camera, once for thousands of items. It cannot download edited, "
        "hidden or undated items."
    )
    afterwards = ""

    def __init__(self, found: Sequence[float] = ()) -> None:
        """
        Args:
            found: capture times of all items that Find Photos finds, sorted. Empty: only the wanted ones.
        """
        self._found = found

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Request the next items, as many as one run can take, but at least one."""
        chosen = self.next_run(wanted, free_bytes)
        if not chosen:
            return None
        first, count = self._reach(chosen)
        size = sum(one.bytes for one in chosen)
        items = units.plural(len(chosen), "item")
        return Request(
            f"Point the iPhone's camera at the code and tap it. It requests {items} ({units.size(size)}), "
            f"beginning with {first.isoformat()}.",
            tuple(one.uuid for one in chosen),
            address_of(first, count),
        )

    def runs(self, wanted: Iterable[Wanted], free_bytes: int | None) -> int:
        """Return how many codes it takes to request everything that can be requested, if iOS keeps making as
        much room as there is now."""
        room = room_for(free_bytes)
        left, runs = [one for one in wanted if can_be_found(one) and one.bytes <= room], 0
        while left:
            left = left[len(self.next_run(left, free_bytes)) :]
            runs += 1
        return runs

    def next_run(self, wanted: Iterable[Wanted], free_bytes: int | None) -> list[Wanted]:
        """Return the first items that one run can request; empty if there are none that fit on the phone.

        Args:
            wanted: sorted by capture time, in either direction. Read only as far as needed.
            free_bytes: the phone's free storage; None: unknown.
        """
        room = room_for(free_bytes)
        near = self._near(one for one in wanted if can_be_found(one) and one.bytes <= room)
        return first_slice(near, room, ITEMS_PER_RUN)

    def _near(self, wanted: Iterable[Wanted]) -> Iterator[Wanted]:
        """Those that a run reaches without passing many items that are not wanted."""
        first = before = None
        for one in wanted:
            created = one.created or 0.0
            if first is None or before is None:
                first = created
            elif (
                self._between(before, created) > LARGEST_GAP or self._between(first, created) >= ITEMS_PER_RUN
            ):
                return
            yield one
            before = created

    def _between(self, one: float, other: float) -> int:
        """The number of items found between two capture times, exclusively."""
        first, last = sorted((one, other))
        return bisect_left(self._found, last) - bisect_right(self._found, first)

    def _reach(self, chosen: Sequence[Wanted]) -> tuple[date, int]:
        """The first day, and the number of items from its first moment in any time zone to the last one."""
        times = [one.created for one in chosen if one.created is not None]
        first = first_day_of(min(times))
        passed = bisect_right(self._found, max(times)) - bisect_left(self._found, _earliest(first))
        return first, max(passed, len(chosen))


def can_be_found(wanted: Wanted) -> bool:
    """Whether a Shortcut can request it: it has a date, and Find Photos can find it."""
    return wanted.findable and wanted.created is not None


def room_for(free_bytes: int | None) -> int:
    """Return how many bytes may be requested together, so that more than 1 GiB stays free on the phone."""
    if free_bytes is None:
        return ROOM_IF_UNKNOWN
    return int(max(0, free_bytes - KEPT_FREE) * SHARE_OF_ROOM)


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


def first_day_of(instant: float) -> date:
    """Return a day whose first moment is before a time in every time zone."""
    return (_at(instant) - _LARGEST_OFFSET).date()


def _earliest(day: date) -> float:
    """The first moment of a day in any time zone, in seconds since 1970."""
    return (datetime.combine(day, time(), UTC) - _LARGEST_OFFSET - _EPOCH).total_seconds()


def address_of(first: date, count: int) -> str:
    """Return the address that runs the Shortcut for so many items, from a day on."""
    text = f"{first.isoformat()}x{count}"
    return "shortcuts://run-shortcut?" + urlencode({"name": SHORTCUT, "input": "text", "text": text})


def _at(instant: float) -> datetime:
    return _EPOCH + timedelta(seconds=instant)


def _day(wanted: Wanted) -> date | None:
    return None if wanted.created is None else _at(wanted.created).date()
