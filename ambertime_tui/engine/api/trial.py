"""The trial of a way of asking: what the first few originals of a phone have shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui import units
from ambertime_tui.engine.api.spec import FetchWay

KIND_WORDS: Mapping[str, str] = {
    "photo": "photos",
    "video": "videos",
    "live_photo_image": "Live Photos",
    "live_photo_video": "videos of Live Photos",
    "raw": "RAW files",
    "beside_raw": "JPEG or HEIC files beside RAW files",
    "of_edited": "originals of edited items",
    "other": "adjustment files",
}
"""By value of `way_abilities.OriginalKind`."""
SHORTEST_MEASURE = 5.0
"""Seconds. Arrivals are seen once a second, so less gives no speed."""
NOTHING_ARRIVED = "Nothing arrived. Check the iPhone's Wi-Fi, power and free storage, or choose another way."


class TrialState(StrEnum):
    """The state of a trial."""

    RUNNING = "running"
    """iOS was asked for a handful."""
    ASKING = "asking"
    """The trial is over, and the person decides how to continue."""
    DONE = "done"
    """The job continues with the whole queue."""
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class KindResult:
    """What a trial has shown about one kind of original."""

    kind: str
    """A value of `way_abilities.OriginalKind`."""
    asked: int
    """Items with an original of this kind that iOS was asked for."""
    arrived: int


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a way of asking did on one phone with one version of iOS."""

    ios_version: str
    way: FetchWay
    at: float
    """Seconds since 1970."""
    kinds: tuple[KindResult, ...] = ()
    items: int = 0
    """Items that arrived completely."""
    bytes: int = 0
    """Bytes of the originals that arrived."""
    grew: int = 0
    """Files that were seen growing at their path."""
    whole: int = 0
    """Files that were complete when they were first seen at their path."""
    proved: int = 0
    """Copied originals that fit Apple's fingerprint."""
    differing: int = 0
    unproved: int = 0
    """Copied originals without a fingerprint in the library."""
    seconds: float = 0.0
    """From the first to the last arrival."""
    measured_items: int = 0
    """Items that arrived within `seconds`: all but the first."""
    measured_bytes: int = 0
    first_after: float | None = None
    """Seconds from the request to the first sign of an arrival; None: nothing arrived."""

    @property
    def worked(self) -> bool:
        """Whether anything arrived; otherwise the way is tried again in the next job."""
        return self.items > 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the phone did."""
        if not self.items:
            return (NOTHING_ARRIVED,)
        return tuple(filter(None, (self._kinds(), self._manner(), self._proof())))

    def _kinds(self) -> str:
        came = [_with_part(one) for one in self.kinds if one.arrived]
        missing = [KIND_WORDS.get(one.kind, one.kind) for one in self.kinds if not one.arrived]
        arrived = f"{units.plural(self.items, 'item')} arrived ({units.size(self.bytes)})"
        arrived += f": {_listed(came)}." if came else "."
        return f"{arrived} Did not arrive: {_listed(missing)}." if missing else arrived

    def _manner(self) -> str:
        if self.grew:
            return "Files grow at their final place; AmberTime copies each when it is complete."
        return "Files appear at their place when they are complete." if self.whole else ""

    def _proof(self) -> str:
        if self.differing:
            return f"{units.plural(self.differing, 'copied file')} differed from Apple's fingerprint."
        if not self.proved:
            return ""
        fits = "fits" if self.proved == 1 else "fit"
        return f"{units.plural(self.proved, 'copied file')} {fits} Apple's fingerprint."

    @property
    def seconds_per_item(self) -> float | None:
        """Measured time for an item; None: too few arrived to measure it."""
        return self.seconds / self.measured_items if self._is_measured else None

    @property
    def bytes_per_second(self) -> float | None:
        """Measured speed; None: too few arrived to measure it."""
        return self.measured_bytes / self.seconds if self._is_measured else None

    @property
    def _is_measured(self) -> bool:
        return self.measured_items > 0 and self.seconds >= SHORTEST_MEASURE


@dataclass(frozen=True, slots=True)
class TrialStatus:
    """A trial as a front end shows it."""

    state: TrialState
    way: FetchWay
    asked: int = 0
    """Items that iOS was asked for; 0: the first arrivals are observed."""
    arrived: int = 0
    findings: tuple[str, ...] = ()
    """What this phone does, in sentences; empty until the trial is over."""
    continues_at: float | None = None
    """Seconds since 1970: when the job continues if nobody decides; None: it does not wait for a decision."""
    others: tuple[FetchWay, ...] = ()
    """The other ways that this phone has room for."""


def _with_part(result: KindResult) -> str:
    words = KIND_WORDS.get(result.kind, result.kind)
    return words if result.arrived >= result.asked else f"{words} ({result.arrived} of {result.asked})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
