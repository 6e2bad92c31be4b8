"""The specification of a job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.library.date_range import DateRange


class OriginalsChoice(StrEnum):
    """Which originals of the selection to back up."""

    LOCAL = "local"
    """Only what is on the phone. Needs no network."""
    ICLOUD = "icloud"
    """Also wait until iOS has downloaded the originals in iCloud."""


class FetchOrder(StrEnum):
    """The order of the fetch queue."""

    OLDEST = "oldest"
    NEWEST = "newest"
    SMALLEST = "smallest"
    FAVOURITES = "favourites"
    """Favourites first, then the others; both oldest first."""


class FetchWay(StrEnum):
    """How the user has iOS download originals."""

    KEEP_ORIGINALS = "keep-originals"
    SHORTCUT = "shortcut"
    BY_HAND = "by-hand"


class TrialMode(StrEnum):
    """Whether a way of asking is first tried on a few items, if it is new for this phone."""

    ASK = "ask"
    """Try it, and let the person decide."""
    UNATTENDED = "unattended"
    """Try it, and continue."""
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the user's own assets to back up, and which of their resources."""

    range: DateRange = DateRange()
    hidden: bool = True
    trashed: bool = False
    """Recently Deleted."""
    edits: bool = True
    """Include the current edit as well as the originals."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job: which phone, which assets, which target."""

    target: str
    """Absolute path of the target folder."""
    udid: str | None = None
    """None: the only connected phone."""
    selection: Selection = Selection()
    originals: OriginalsChoice = OriginalsChoice.LOCAL
    patience: float | None = 1800.0
    """Seconds to wait for the phone or, with iCloud originals, for the next arrival, before the job ends and
    lists the rest. None: no limit."""
    order: FetchOrder = FetchOrder.OLDEST
    way: FetchWay = FetchWay.KEEP_ORIGINALS
    local_by_choice: bool = False
    """`local` was chosen and is not only the default: what is only in iCloud is then no failure."""
    relative_range: bool = False
    """The range moves with the day, so it is no mistake if it has no items."""
    new_archive: bool = False
    """Start a new archive, even if another drive's archive was used at this path before."""
    task: str = ""
    """Name of the saved task, for the history; empty: none."""
    trial: TrialMode = TrialMode.SKIP
    """Only with iCloud originals."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Commands of the user, run at events of a job: `engine.api.hooks`. An empty one is none."""

    finished: tuple[str, ...] = ()
    """Run when a backup has ended."""
    hand_needed: tuple[str, ...] = ()
    """Run when a backup waits for a person."""
    seconds: float = 30.0
    """Time limit of each run."""


NO_HOOKS = Hooks()
