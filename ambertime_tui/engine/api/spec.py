"""What a job is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.library.date_range import DateRange


class OriginalsChoice(StrEnum):
    """Which originals of the selection to take."""

    LOCAL = "local"
    """Only what is on the phone: a job that needs no network at all."""
    ICLOUD = "icloud"
    """Wait for iOS to bring down the iCloud-only ones, too."""


class FetchOrder(StrEnum):
    """In which order the fetch queue is worked and shown."""

    OLDEST = "oldest"
    NEWEST = "newest"
    SMALLEST = "smallest"


class FetchWay(StrEnum):
    """How iOS is asked to download originals."""

    KEEP_ORIGINALS = "keep-originals"
    SHORTCUT = "shortcut"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of one's own assets are meant, and which of their resources."""

    range: DateRange = DateRange()
    hidden: bool = True
    trashed: bool = False
    """Recently Deleted."""
    edits: bool = True
    """The current edit beside the originals."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job: which phone, what of it, where to."""

    target: str
    """Absolute path of the target folder."""
    udid: str | None = None
    """None: the only phone that is attached."""
    selection: Selection = Selection()
    originals: OriginalsChoice = OriginalsChoice.LOCAL
    patience: float | None = 1800.0
    """With iCloud originals: seconds without any arrival, or without the phone, until the job
    ends with the rest listed. None: for ever."""
    order: FetchOrder = FetchOrder.OLDEST
    way: FetchWay = FetchWay.KEEP_ORIGINALS
    new_archive: bool = False
    """A drive without an archive is right, although there was one at that path."""
