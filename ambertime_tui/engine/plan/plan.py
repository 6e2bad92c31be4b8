"""The plan of a job: exactly one decision for each asset of the library. Pure; built by `rules`."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import overload

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.plan.hash_index import HashIndex, argsort
from ambertime_tui.library.model import Asset, Availability, Resource
from ambertime_tui.phone.originals import Wanted


class Decision(StrEnum):
    """What a job does with an asset."""

    COPY = "copy"
    FETCH = "fetch"
    """Copy it after iOS has downloaded its originals from iCloud."""
    ALREADY = "already"
    EXCLUDED = "excluded"
    """Not in the selection."""
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class PlannedAsset:
    """An asset and the decision about it."""

    asset: Asset
    decision: Decision
    resources: tuple[Resource, ...] = ()
    """The files to copy: selected, available, and not on the drive yet. Of an asset to fetch, the files that
    iOS must download first."""
    bytes: int = 0
    """Known bytes of `resources`, or of what is already on the drive or left out."""
    reason: str = ""
    """A stable word for EXCLUDED, CANNOT and FETCH."""
    sentence: str = ""
    """The reason for the user, with what to do."""
    number: int = -1
    """Its position in the plan."""
    namesake: bool = False
    """True if an earlier asset has the same stem in the same folder of the archive."""
    awaits: tuple[Resource, ...] = ()
    """Of an asset to copy: its files that iOS must download first. They join the others later."""
    joins: bool = False
    """True if other files of the asset are copied separately and count as the asset."""
    as_is: bool = False
    """True to copy files as they are, although they do not seem to have arrived completely."""

    @property
    def day(self) -> str:
        """Local day of capture, ISO; empty: undated."""
        day = self.asset.day
        return "" if day is None else day.isoformat()


@dataclass(frozen=True, slots=True)
class Share:
    """All assets with one decision."""

    count: int = 0
    bytes: int = 0
    files: int = 0
    """Number of files to copy."""

    @property
    def tally(self) -> Tally:
        """Count and bytes, without the files."""
        return Tally(self.count, self.bytes)

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.bytes + other.bytes, self.files + other.files)


class Plan(Sequence[PlannedAsset]):
    """An immutable sequence of one PlannedAsset per asset of the library, in library order.

    Stored in columns, about forty bytes per asset. Each PlannedAsset is created on access. Build a plan
    with `PlanBuilder`.
    """

    def __init__(self, assets: Sequence[Asset], columns: PlanColumns, namesakes: Container[int] = ()) -> None:
        # The columns for the index and the order are needed only here.
        self._assets = assets
        self._decisions, self._takes, self._bytes = columns.decisions, columns.takes, columns.bytes
        self._awaits, self._awaited_bytes = columns.awaits, columns.awaited_bytes
        self.awaited = columns.awaited
        """All files that iOS must download first: of the assets to fetch, and of assets copied in part."""
        self._reason_index, self._reasons, self._shares = (
            columns.reason_index,
            columns.reasons,
            columns.shares,
        )
        self._favourites = columns.favourites
        self._namesakes = namesakes
        self._index = HashIndex(columns.hashes)
        selected = (n for n, decision in enumerate(columns.decisions) if decision != _CODE[Decision.EXCLUDED])
        # Assets with equal capture times stay in library order.
        self._order = argsort(selected, columns.created)
        self._rank = array("I", bytes(4 * len(columns.decisions)))
        for rank, number in enumerate(self._order):
            self._rank[number] = rank

    def __len__(self) -> int:
        return len(self._decisions)

    @overload
    def __getitem__(self, index: int) -> PlannedAsset: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlannedAsset]: ...
    def __getitem__(self, index: int | slice) -> PlannedAsset | Sequence[PlannedAsset]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        number = range(len(self))[index]
        return self._planned(number, self._assets[number])

    def __iter__(self) -> Iterator[PlannedAsset]:
        for number, asset in enumerate(self._assets):
            yield self._planned(number, asset)

    def number_of(self, uuid: str) -> int | None:
        """Return the position of an asset; None: not in the library."""
        return next((n for n in self._index.numbers(hash(uuid)) if self._assets[n].uuid == uuid), None)

    def decision_of(self, number: int) -> Decision:
        """What becomes of an asset."""
        return _DECISIONS[self._decisions[number]]

    def bytes_of(self, number: int) -> int:
        """`PlannedAsset.bytes`."""
        return self._bytes[number]

    def awaited_bytes_of(self, number: int) -> int:
        """Known bytes of the files that iOS must download first; of any other asset, `bytes_of`."""
        return self._awaited_bytes[number] if self._awaits[number] else self._bytes[number]

    def awaits(self, number: int) -> bool:
        """Whether some files of an asset to copy must be downloaded first."""
        return bool(self._awaits[number])

    def reason_of(self, number: int) -> tuple[str, str]:
        """`PlannedAsset.reason` and `sentence`."""
        return self._reasons[self._reason_index[number]]

    def rank_of(self, number: int) -> int:
        """Return the rank of a selected asset by capture time: oldest first, undated last."""
        return self._rank[number]

    def is_favourite(self, number: int) -> bool:
        """Whether the user marked an asset as a favourite."""
        return bool(self._favourites[number])

    def numbers(self, *decisions: Decision) -> array[int]:
        """Return the positions of the assets with these decisions, by capture time."""
        codes = {_CODE[decision] for decision in decisions}
        return array("I", (number for number in self._order if self._decisions[number] in codes))

    def with_decision(self, *decisions: Decision) -> Iterator[PlannedAsset]:
        """Yield the assets with these decisions in library order, which is the fastest order."""
        codes = {_CODE[decision] for decision in decisions}
        return (
            self._planned(n, asset) for n, asset in enumerate(self._assets) if self._decisions[n] in codes
        )

    def in_order(self, *decisions: Decision) -> PlanSubset:
        """Return the assets with these decisions, by capture time."""
        return PlanSubset(self, self.numbers(*decisions))

    def to_fetch(self) -> PlanSubset:
        """Return the assets of which iOS must download a file first, as in `later`, by capture time."""
        fetch = _CODE[Decision.FETCH]
        numbers = array("I", (n for n in self._order if self._decisions[n] == fetch or self._awaits[n]))
        return PlanSubset(self, numbers, later=True)

    def later(self, number: int) -> PlannedAsset:
        """An asset with the files that iOS must download first, to be copied when they have arrived."""
        planned = self[number]
        if not planned.awaits:
            return planned
        size = self._awaited_bytes[number]
        return replace(
            planned, decision=Decision.FETCH, resources=planned.awaits, bytes=size, awaits=(), joins=True
        )

    @property
    def in_part(self) -> int:
        """Number of assets that are copied while some of their files are still in iCloud."""
        return sum(1 for mask in self._awaits if mask)

    def share(self, *decisions: Decision) -> Share:
        """Return the number of assets with these decisions, with their bytes and files."""
        return sum((self._shares[_CODE[decision]] for decision in decisions), Share())

    def tally(self, decision: Decision) -> Tally:
        """Return the number of assets with a decision, and their bytes."""
        return self.share(decision).tally

    @property
    def has_duplicate_uuids(self) -> bool:
        """True if two assets have the same uuid. Libraries that were read never do."""
        return any(
            len({self._assets[n].uuid for n in numbers}) < len(numbers)
            for numbers in self._index.duplicates()
        )

    def _planned(self, number: int, asset: Asset) -> PlannedAsset:
        takes, awaits = self._takes[number], self._awaits[number]
        resources = tuple([r for bit, r in enumerate(asset.resources) if takes >> bit & 1]) if takes else ()
        later = tuple([r for bit, r in enumerate(asset.resources) if awaits >> bit & 1]) if awaits else ()
        reason, sentence = self._reasons[self._reason_index[number]]
        decision = _DECISIONS[self._decisions[number]]
        namesake = number in self._namesakes
        return PlannedAsset(
            asset, decision, resources, self._bytes[number], reason, sentence, number, namesake, later
        )


class PlanSubset(Sequence[PlannedAsset]):
    """Some assets of a plan, in a given order."""

    def __init__(self, plan: Plan, numbers: array[int], *, later: bool = False) -> None:
        """
        Args:
            plan: the plan.
            numbers: positions in it.
            later: give each asset as in `Plan.later`.
        """
        self.plan = plan
        self.numbers = numbers
        self._later = later

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> PlannedAsset: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlannedAsset]: ...
    def __getitem__(self, index: int | slice) -> PlannedAsset | Sequence[PlannedAsset]:
        if isinstance(index, slice):
            return PlanSubset(self.plan, self.numbers[index], later=self._later)
        number = self.numbers[index]
        return self.plan.later(number) if self._later else self.plan[number]


_DECISIONS = tuple(Decision)
_CODE = {decision: code for code, decision in enumerate(_DECISIONS)}
LAST = float("inf")
"""The sort key of undated assets."""


class PlanColumns:
    """The data of a plan, one entry per asset in library order."""

    __slots__ = (
        "_known",
        "awaited",
        "awaited_bytes",
        "awaits",
        "bytes",
        "created",
        "decisions",
        "favourites",
        "hashes",
        "reason_index",
        "reasons",
        "shares",
        "takes",
    )

    def __init__(self) -> None:
        self.decisions = bytearray()
        self.takes = array("H")
        """Bit mask of the asset's resources to copy."""
        self.bytes = array("q")
        self.awaits = array("H")
        """Bit mask of the resources that iOS must download first, of an asset to copy."""
        self.awaited_bytes = array("q")
        self.awaited = Share()
        self.reason_index = array("I")
        """Index of the reason and sentence in `reasons`."""
        self.hashes = array("q")
        """Hash of the uuid."""
        self.created = array("d")
        """Capture time; `LAST` if undated."""
        self.favourites = bytearray()
        self.reasons: list[tuple[str, str]] = []
        self.shares = [Share()] * len(_DECISIONS)
        self._known: dict[tuple[str, str], int] = {}

    def add(self, planned: PlannedAsset) -> None:
        """Add the next asset of the library."""
        asset = planned.asset
        self.hashes.append(hash(asset.uuid))
        self.created.append(LAST if asset.created is None else asset.created)
        self.favourites.append(asset.favourite)
        self.decisions.append(_CODE[planned.decision])
        self.takes.append(_mask(asset, planned.resources))
        self.awaits.append(_mask(asset, planned.awaits))
        self.bytes.append(planned.bytes)
        self.awaited_bytes.append(bytes_of(planned.awaits))
        self.reason_index.append(self._place_of(planned.reason, planned.sentence))
        self._count(len(self.decisions) - 1, 1)

    def change(self, number: int, planned: PlannedAsset) -> None:
        """Replace what was added for an asset."""
        self._count(number, -1)
        self.decisions[number] = _CODE[planned.decision]
        self.takes[number] = _mask(planned.asset, planned.resources)
        self.awaits[number] = _mask(planned.asset, planned.awaits)
        self.bytes[number] = planned.bytes
        self.awaited_bytes[number] = bytes_of(planned.awaits)
        self.reason_index[number] = self._place_of(planned.reason, planned.sentence)
        self._count(number, 1)

    def _count(self, number: int, sign: int) -> None:
        """Add an asset to the sums, or subtract it."""
        code, awaits = self.decisions[number], self.awaits[number].bit_count()
        share = Share(sign, sign * self.bytes[number], sign * self.takes[number].bit_count())
        self.shares[code] += share
        if code == _CODE[Decision.FETCH]:
            self.awaited += share
        elif awaits:
            self.awaited += Share(sign, sign * self.awaited_bytes[number], sign * awaits)

    def _place_of(self, reason: str, sentence: str) -> int:
        place = self._known.get((reason, sentence))
        if place is None:
            place = self._known[reason, sentence] = len(self.reasons)
            self.reasons.append((reason, sentence))
        return place


def _mask(asset: Asset, resources: Iterable[Resource]) -> int:
    mask = 0
    for resource in resources:
        mask |= 1 << asset.resources.index(resource)
    return mask


def plan_of(planned: Iterable[PlannedAsset]) -> Plan:
    """Build a plan from known decisions."""
    columns, assets = PlanColumns(), []
    for one in planned:
        columns.add(one)
        assets.append(one.asset)
    return Plan(assets, columns)


def bytes_of(resources: Iterable[Resource]) -> int:
    """Return the total of the known sizes."""
    return sum(r.size or 0 for r in resources)


NOWHERE = (Availability.MISSING, Availability.PENDING)
"""Where an original is that cannot be copied or downloaded now."""


def expected(planned: PlannedAsset) -> tuple[Resource, ...]:
    """Of an asset to fetch, the originals that must be on the phone before it can be copied."""
    return tuple(r for r in planned.resources if r.role.is_original)


def wanted_of(planned: PlannedAsset) -> Wanted:
    """Convert a queued asset for the download methods."""
    asset = planned.asset
    return Wanted(asset.uuid, asset.created, planned.bytes, not (asset.hidden or asset.trashed))
