"""Asking iOS for originals that are only in iCloud: three ways behind one interface. Pure.

Nothing on the cable makes iOS download an original, and reading never does. iOS does it when it is told to on
the phone, so each way ends in something that a person does there; what comes of it is seen on the cable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Protocol
from urllib.parse import urlencode

SHORTCUT = "AmberTime"
"""What the Shortcut has to be called on the phone; docs/shortcut.md tells how to make it."""
SHARE_OF_FREE_SPACE = 0.5
"""Of the phone's free storage that one slice may take: iOS begins to offload before it is all used."""
DEFAULT_SLICE_BYTES = 2_000_000_000
"""Bytes of a slice where the phone does not say how much room it has."""
ITEMS_AT_ONCE = 300
"""In one run of a Shortcut, at most: longer ones are reported to be ended by iOS."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_OFFSET = timedelta(hours=14)
"""The Shortcut goes by the phone's own calendar; no zone is further from UTC than this."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An asset whose originals have to come down."""

    uuid: str
    created: float | None
    """Seconds since 1970; None: undated."""
    bytes: int
    findable: bool = True
    """False for what Find Photos in a Shortcut does not find: hidden and deleted items."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person has to do on the phone now, and for which assets that asks."""

    sentence: str
    uuids: tuple[str, ...] | None
    """None: for all that are wanted, whenever they are."""
    code: str = ""
    """An address that the phone's camera opens; empty: there is none."""


class DownloadMethod(Protocol):
    """One way to have iOS download originals."""

    @property
    def needs(self) -> str:
        """What it needs, as a sentence."""

    @property
    def does(self) -> str:
        """What it does, as a sentence."""

    @property
    def afterwards(self) -> str:
        """What to do on the phone when all is over, as a sentence; empty: nothing."""

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """The next thing to ask for.

        Args:
            wanted: what has not been asked for, in the order in which it is wanted.
            free_bytes: the phone's free storage; None: not known.

        Returns:
            None where this way can ask for none of them.
        """


class KeepOriginals:
    """Download and Keep Originals, in the phone's settings."""

    needs = "Room on the iPhone for all originals of its library, Wi-Fi, and best power."
    does = "iOS downloads the whole library in its own order, and takes its time: hours to days."
    afterwards = (
        "To have room on the iPhone again, switch back: Settings, Apps, Photos, Optimize iPhone Storage."
    )

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Everything, once."""
        if next(iter(wanted), None) is None:
            return None
        return Request(
            "On the iPhone: Settings, Apps, Photos (before iOS 18: Settings, Photos), choose Download and "
            "Keep Originals. Leave it on Wi-Fi and power.",
            None,
        )


class ByHand:
    """A person opens the items in Photos, one by one."""

    needs = "A person with the iPhone in hand; for a few items."
    does = "Opening an item in Photos, or playing it, makes iOS download its original."
    afterwards = ""

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """Everything, once."""
        if next(iter(wanted), None) is None:
            return None
        return Request(
            "Open the items of this list in Photos on the iPhone, one by one, until each shows without its "
            "progress ring; play videos and Live Photos.",
            None,
        )


class Shortcut:
    """A Shortcut on the phone that touches the originals of a range of days, started by its camera."""

    needs = "The Shortcut “AmberTime” on the iPhone, made once (docs/shortcut.md), and Wi-Fi."
    does = "The iPhone's camera reads a code; iOS downloads a range of days; then the next code comes."
    afterwards = ""

    def request(self, wanted: Iterable[Wanted], free_bytes: int | None) -> Request | None:
        """The next slice: whole days, as many as the phone has room for, and at least one."""
        room = DEFAULT_SLICE_BYTES if free_bytes is None else int(free_bytes * SHARE_OF_FREE_SPACE)
        chosen = first_slice((one for one in wanted if can_be_found(one)), room, ITEMS_AT_ONCE)
        if not chosen:
            return None
        days = days_around(one.created for one in chosen if one.created is not None)
        size = sum(one.bytes for one in chosen)
        items = f"{len(chosen):,} item" + ("s" if len(chosen) > 1 else "")
        return Request(
            f"Point the iPhone's camera at the code and tap it: it asks for {items}, {size / 1e6:,.0f} MB, "
            f"of {days.replace('..', ' to ')}.",
            tuple(one.uuid for one in chosen),
            address_of(days),
        )


def can_be_found(wanted: Wanted) -> bool:
    """Whether a Shortcut can ask for it: by its day, and if Find Photos finds it at all."""
    return wanted.findable and wanted.created is not None


def first_slice(wanted: Iterable[Wanted], room: int, most: int) -> list[Wanted]:
    """The first of `wanted` that fit, cut between two days where that leaves any; at least one of them.

    Args:
        wanted: in the order of capture, either way. Not read further than needed.
        room: bytes.
        most: items.
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
    """All of `wanted`, in the order of capture, as slices that each fit into `room` bytes where they can."""
    everything = list(wanted)
    found: list[list[Wanted]] = []
    done = 0
    while done < len(everything):
        found.append(first_slice(islice(everything, done, None), room, len(everything)))
        done += len(found[-1])
    return found


def days_around(instants: Iterable[float]) -> str:
    """The days `2019-03-01..2019-05-31` in which moments lie, whatever zone the phone's calendar is in."""
    moments = sorted(instants)
    first = (_at(moments[0]) - _LARGEST_OFFSET).date()
    last = (_at(moments[-1]) + _LARGEST_OFFSET).date()
    return f"{first.isoformat()}..{last.isoformat()}"


def address_of(days: str) -> str:
    """What runs the Shortcut for a range of days, for the phone's camera."""
    return "shortcuts://run-shortcut?" + urlencode({"name": SHORTCUT, "input": "text", "text": days})


def _at(instant: float) -> datetime:
    return _EPOCH + timedelta(seconds=instant)


def _day(wanted: Wanted) -> date | None:
    return None if wanted.created is None else _at(wanted.created).date()
