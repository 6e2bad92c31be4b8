"""Summary of a library, as `scan` shows it: counts and bytes from assets. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappush, heappushpop

from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.library.model import Asset, Availability, Kind, Library, Ownership, Resource


class Sort(StrEnum):
    """The kind of an asset in everyday terms. Each asset has exactly one, so totals add up."""

    PHOTO = "photo"
    LIVE_PHOTO = "live_photo"
    RAW_PAIR = "raw_pair"
    BURST_FRAME = "burst_frame"
    PANORAMA = "panorama"
    SCREENSHOT = "screenshot"
    VIDEO = "video"
    SLOW_MOTION = "slow_motion"
    TIME_LAPSE = "time_lapse"
    SCREEN_RECORDING = "screen_recording"


_SORT_BY_SUBTYPE = {
    1: Sort.PANORAMA,
    10: Sort.SCREENSHOT,
    101: Sort.SLOW_MOTION,
    102: Sort.TIME_LAPSE,
    103: Sort.SCREEN_RECORDING,
}
"""By ZKINDSUBTYPE of the library database."""


def sort_of(asset: Asset) -> Sort:
    """The kind an asset is counted under. The rarer feature wins: a Live Photo in a burst counts as Live."""
    if asset.kind is Kind.PHOTO:
        if asset.live_photo:
            return Sort.LIVE_PHOTO
        if asset.raw_pair:
            return Sort.RAW_PAIR
        if asset.burst_uuid is not None:
            return Sort.BURST_FRAME
    return _SORT_BY_SUBTYPE.get(asset.subtype, Sort.VIDEO if asset.kind is Kind.VIDEO else Sort.PHOTO)


@dataclass(frozen=True, slots=True)
class Totals:
    """Assets by where their originals are, and the known bytes of those originals.

    An asset counts as `icloud` if any of its originals is in iCloud, so the four counts add up to the number
    of assets. Bytes are counted per original: the files of one asset may be in different places.
    """

    local: Tally = Tally()
    icloud: Tally = Tally()
    missing: Tally = Tally()
    pending: Tally = Tally()
    """iOS is still processing them."""

    @property
    def all(self) -> Tally:
        """The sum of all four."""
        return self.local + self.icloud + self.missing + self.pending

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.local + other.local,
            self.icloud + other.icloud,
            self.missing + other.missing,
            self.pending + other.pending,
        )


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """One month of capture, in the local calendar of each capture."""

    month: str
    """YYYY-MM"""
    totals: Totals


@dataclass(frozen=True, slots=True)
class SortTotals:
    """All assets of one kind."""

    sort: Sort
    totals: Totals


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Assets that a backup of the selection leaves out, and why."""

    reason: str
    """A stable word: an Ownership, or trashed, hidden, out_of_range, undated."""
    sentence: str
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What a scan found. `selected.all.count` and the counts of `left_out` add up to `assets`."""

    assets: int
    own: int
    model_version: int | None
    from_database: bool
    selected: Totals
    partial: int
    """Selected assets with some originals on the phone and some elsewhere."""
    undated: Totals
    """Selected assets without a plausible date."""
    without_zone: int
    """Dated selected assets whose time zone is unknown, so that their day is in UTC."""
    edits: Totals
    """Files of the current edits of the selection: renders and adjustments, counted separately."""
    months: tuple[MonthTotals, ...]
    """Months with selected assets, oldest first."""
    sorts: tuple[SortTotals, ...]
    """In the order of Sort, without empty ones."""
    left_out: tuple[LeftOut, ...]
    notices: tuple[str, ...]


_OWNER_PHRASES = {
    Ownership.SHARED_ALBUM: "in shared albums of other people",
    Ownership.SHARED_WITH_YOU: "shared with you in Messages",
    Ownership.ICLOUD_LINK: "from an iCloud link",
    Ownership.SYNCED: "synced from a computer",
    Ownership.PHOTO_STREAM: "from My Photo Stream",
}


def exclusion_reason(asset: Asset, selection: Selection) -> tuple[str, str] | None:
    """Why a selection leaves out an asset: a stable word and a phrase for people. None: it is selected."""
    if not asset.ownership.is_archived:
        return asset.ownership.value, _OWNER_PHRASES[asset.ownership]
    if asset.trashed and not selection.trashed:
        return "trashed", "in Recently Deleted"
    if asset.hidden and not selection.hidden:
        return "hidden", "hidden"
    day = asset.day
    if day not in selection.range:
        return ("undated", "without a date") if day is None else ("out_of_range", "outside the range")
    return None


def totals_of(asset: Asset) -> Totals:
    """The totals of one asset."""
    sizes: Counter[Availability] = Counter()
    for original in asset.originals:
        sizes[original.availability] += original.size or 0
    where = asset.availability
    if where is Availability.PARTIAL:
        parts = {original.availability for original in asset.originals}
        where = next(place for place in _FURTHEST_FIRST if place in parts)
    return Totals(*(Tally(int(where is place), sizes[place]) for place in _PLACES))


_PLACES = (Availability.LOCAL, Availability.ICLOUD, Availability.MISSING, Availability.PENDING)
"""In the order of the fields of `Totals`."""
_FURTHEST_FIRST = (Availability.ICLOUD, Availability.PENDING, Availability.MISSING)


class _Sum:
    """Mutable totals: creating a frozen Totals for each of a million assets would take seconds."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums = [0] * (2 * len(_PLACES))

    def add(self, totals: Totals) -> None:
        sums = self._sums
        for at, tally in enumerate((totals.local, totals.icloud, totals.missing, totals.pending)):
            if tally.count or tally.bytes:
                sums[2 * at] += tally.count
                sums[2 * at + 1] += tally.bytes

    def add_file(self, file: Resource) -> None:
        at = _PLACES.index(file.availability)
        self._sums[2 * at] += 1
        self._sums[2 * at + 1] += file.size or 0

    def totals(self) -> Totals:
        return Totals(*(Tally(*self._sums[at : at + 2]) for at in range(0, len(self._sums), 2)))


def overview_of(library: Library, selection: Selection) -> Overview:
    """Summarize a library for a selection."""
    every, undated, edits = _Sum(), _Sum(), _Sum()
    months: dict[str, _Sum] = {}
    sorts: dict[Sort, _Sum] = {}
    left_out: dict[tuple[str, str], list[int]] = {}
    own = partial = without_zone = 0
    for asset in library.assets:
        own += asset.ownership.is_archived
        totals = totals_of(asset)
        because = exclusion_reason(asset, selection)
        if because is not None:
            tally = left_out.setdefault(because, [0, 0])
            tally[0] += 1
            tally[1] += totals.all.bytes
            continue
        every.add(totals)
        sorts.setdefault(sort_of(asset), _Sum()).add(totals)
        partial += asset.availability is Availability.PARTIAL
        day = asset.day
        for edit in asset.edits:
            edits.add_file(edit)
        if day is None:
            undated.add(totals)
        else:
            without_zone += asset.zone_offset is None
            months.setdefault(f"{day.year:04}-{day.month:02}", _Sum()).add(totals)
    return Overview(
        assets=len(library.assets),
        own=own,
        model_version=library.model_version,
        from_database=library.from_database,
        selected=every.totals(),
        partial=partial,
        undated=undated.totals(),
        without_zone=without_zone,
        edits=edits.totals(),
        months=tuple(MonthTotals(month, months[month].totals()) for month in sorted(months)),
        sorts=tuple(SortTotals(sort, sorts[sort].totals()) for sort in Sort if sort in sorts),
        left_out=tuple(LeftOut(word, words, *tally) for (word, words), tally in left_out.items()),
        notices=library.notices,
    )


def own_in_range(assets: Iterable[Asset], selection: Selection) -> Iterable[Asset]:
    """The user's own assets within the dates, including hidden and trashed ones; for `scan --json`."""
    return (a for a in assets if a.ownership.is_archived and a.day in selection.range)


def size_of(asset: Asset) -> int:
    """The known bytes of an asset's originals, wherever they are."""
    return sum(original.size or 0 for original in asset.originals)


class Largest:
    """The largest assets of a selection, while the library is listed. Keeps no more than it returns."""

    def __init__(self, count: int, selection: Selection) -> None:
        self._count = count
        self._selection = selection
        self._found: list[tuple[int, int, Asset]] = []
        self._added = 0

    def add(self, asset: Asset) -> None:
        """Consider the next asset of the library."""
        if exclusion_reason(asset, self._selection) is not None:
            return
        self._added += 1
        ranked = (size_of(asset), -self._added, asset)
        if len(self._found) < self._count:
            heappush(self._found, ranked)
        else:
            heappushpop(self._found, ranked)

    def assets(self) -> tuple[Asset, ...]:
        """The largest ones, largest first; of equal ones, the first in the library."""
        return tuple(asset for _, _, asset in sorted(self._found, key=lambda one: one[:2], reverse=True))
