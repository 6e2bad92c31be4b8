"""A plan: for each asset of the library exactly one decision. Pure; made by `planner`."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.plan.hash_index import HashIndex, argsort
from ambertime_tui.library.model import Asset, Availability, Resource
from ambertime_tui.phone.originals import Wanted


class Decision(StrEnum):
    """What becomes of an asset in a job."""

    COPY = "copy"
    FETCH = "fetch"
    """One of its originals has to come from iCloud first."""
    ALREADY = "already"
    EXCLUDED = "excluded"
    """Not in the selection."""
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class PlannedAsset:
    """An asset, and what becomes of it."""

    asset: Asset
    decision: Decision
    resources: tuple[Resource, ...] = ()
    """The files to take: what the selection wants, can be had, and is not on the drive yet."""
    bytes: int = 0
    """Of `resources`, or of what is on the drive, or left out; as far as the library knows sizes."""
    reason: str = ""
    """A stable word for EXCLUDED, CANNOT and FETCH."""
    sentence: str = ""
    """The same for people, with what to do."""
    number: int = -1
    """Its place in the plan it comes from."""
    namesake: bool = False
    """An earlier asset of the library has the same stem in the same folder of the archive."""

    @property
    def day(self) -> str:
        """Local day of capture, ISO; empty: undated."""
        day = self.asset.day
        return "" if day is None else day.isoformat()


@dataclass(frozen=True, slots=True)
class Share:
    """All assets of one decision."""

    count: int = 0
    bytes: int = 0
    files: int = 0
    """To take."""

    @property
    def tally(self) -> Tally:
        """Without the files."""
        return Tally(self.count, self.bytes)

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.bytes + other.bytes, self.files + other.files)


class Plan(Sequence[PlannedAsset]):
    """One PlannedAsset for each asset of the library, in the library's order. Never changes.

    Kept in columns, some thirty bytes for each: a PlannedAsset is made when it is asked for. Make a plan with
    `PlanBuilder`.
    """

    def __init__(self, assets: Sequence[Asset], columns: PlanColumns, namesakes: Container[int] = ()) -> None:
        # Not the columns themselves: those for the index and the order are only needed here.
        self._assets = assets
        self._decisions, self._takes, self._bytes = columns.decisions, columns.takes, columns.bytes
        self._words, self._reasons, self._shares = columns.words, columns.said, columns.shares
        self._namesakes = namesakes
        self._index = HashIndex(columns.hashes)
        selected = (n for n, decision in enumerate(columns.decisions) if decision != _CODE[Decision.EXCLUDED])
        # Of one instant, in the library's order.
        self._order = argsort(selected, columns.created)
        self._rank = array("I", bytes(4 * len(columns.decisions)))
        for rank, number in enumerate(self._order):
            self._rank[number] = rank
        self._undated = sum(columns.created[number] == LAST for number in self._order)

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
        """The place of an asset; None: it is not in the library."""
        return next((n for n in self._index.numbers(hash(uuid)) if self._assets[n].uuid == uuid), None)

    def decision_of(self, number: int) -> Decision:
        """What becomes of an asset."""
        return _DECISIONS[self._decisions[number]]

    def bytes_of(self, number: int) -> int:
        """`PlannedAsset.bytes`."""
        return self._bytes[number]

    def reason_of(self, number: int) -> tuple[str, str]:
        """`PlannedAsset.reason` and `sentence`."""
        return self._reasons[self._words[number]]

    def rank_of(self, number: int) -> int:
        """The place of a selected asset in the order of capture: oldest first, undated last."""
        return self._rank[number]

    def numbers(self, *decisions: Decision) -> array[int]:
        """The places of the assets with one of some decisions, in the order of capture."""
        codes = {_CODE[decision] for decision in decisions}
        return array("I", (number for number in self._order if self._decisions[number] in codes))

    def with_decision(self, *decisions: Decision) -> Iterator[PlannedAsset]:
        """The assets with one of some decisions, in the library's order: the quickest to go through."""
        codes = {_CODE[decision] for decision in decisions}
        return (
            self._planned(n, asset) for n, asset in enumerate(self._assets) if self._decisions[n] in codes
        )

    def in_order(self, *decisions: Decision) -> PlanSubset:
        """The assets with one of some decisions, in the order of capture."""
        return PlanSubset(self, self.numbers(*decisions))

    def share(self, *decisions: Decision) -> Share:
        """How many have one of some decisions, their bytes and files."""
        return sum((self._shares[_CODE[decision]] for decision in decisions), Share())

    def tally(self, decision: Decision) -> Tally:
        """How many have a decision, and their bytes."""
        return self.share(decision).tally

    @property
    def undated(self) -> int:
        """How many selected assets have no date."""
        return self._undated

    @property
    def has_duplicate_uuids(self) -> bool:
        """True where two assets have one uuid, which no library that was read has."""
        return any(
            len({self._assets[n].uuid for n in numbers}) < len(numbers)
            for numbers in self._index.duplicates()
        )

    def _planned(self, number: int, asset: Asset) -> PlannedAsset:
        takes = self._takes[number]
        resources = tuple([r for bit, r in enumerate(asset.resources) if takes >> bit & 1]) if takes else ()
        reason, sentence = self._reasons[self._words[number]]
        decision = _DECISIONS[self._decisions[number]]
        namesake = number in self._namesakes
        return PlannedAsset(
            asset, decision, resources, self._bytes[number], reason, sentence, number, namesake
        )


class PlanSubset(Sequence[PlannedAsset]):
    """Some assets of a plan, in an order of their own."""

    def __init__(self, plan: Plan, numbers: array[int]) -> None:
        self.plan = plan
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> PlannedAsset: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlannedAsset]: ...
    def __getitem__(self, index: int | slice) -> PlannedAsset | Sequence[PlannedAsset]:
        if isinstance(index, slice):
            return PlanSubset(self.plan, self.numbers[index])
        return self.plan[self.numbers[index]]


_DECISIONS = tuple(Decision)
_CODE = {decision: code for code, decision in enumerate(_DECISIONS)}
LAST = float("inf")
"""Where the undated are in the order of capture."""


class PlanColumns:
    """What a plan keeps of each asset, in the library's order."""

    __slots__ = ("_known", "bytes", "created", "decisions", "hashes", "said", "shares", "takes", "words")

    def __init__(self) -> None:
        self.decisions = bytearray()
        self.takes = array("H")
        """Bit by bit, which of the asset's resources are to be taken."""
        self.bytes = array("q")
        self.words = array("I")
        """Where in `said` its reason and sentence stand."""
        self.hashes = array("q")
        """Of the uuid."""
        self.created = array("d")
        """`LAST`: undated."""
        self.said: list[tuple[str, str]] = []
        self.shares = [Share()] * len(_DECISIONS)
        self._known: dict[tuple[str, str], int] = {}

    def add(self, planned: PlannedAsset) -> None:
        """The next asset of the library."""
        asset, code = planned.asset, _CODE[planned.decision]
        takes = 0
        for resource in planned.resources:
            takes |= 1 << asset.resources.index(resource)
        words = (planned.reason, planned.sentence)
        place = self._known.get(words)
        if place is None:
            place = self._known[words] = len(self.said)
            self.said.append(words)
        self.decisions.append(code)
        self.takes.append(takes)
        self.bytes.append(planned.bytes)
        self.words.append(place)
        self.hashes.append(hash(asset.uuid))
        self.created.append(LAST if asset.created is None else asset.created)
        share = self.shares[code]
        self.shares[code] = Share(
            share.count + 1, share.bytes + planned.bytes, share.files + len(planned.resources)
        )


def plan_of(planned: Iterable[PlannedAsset]) -> Plan:
    """A plan of which every part is known already."""
    columns, assets = PlanColumns(), []
    for one in planned:
        columns.add(one)
        assets.append(one.asset)
    return Plan(assets, columns)


def by_capture(planned: PlannedAsset) -> tuple[bool, float, str]:
    """Sort key: oldest first, undated last, the same in every run."""
    created = planned.asset.created
    return (created is None, created or 0.0, planned.asset.uuid)


def bytes_of(resources: Iterable[Resource]) -> int:
    """Bytes as far as the library knows them."""
    return sum(r.size or 0 for r in resources)


def missing_originals(asset: Asset) -> tuple[Resource, ...]:
    """The originals that can be had from nowhere; the rest of the asset is archived without them."""
    return tuple(r for r in asset.originals if r.availability is Availability.MISSING)


def wanted_of(planned: PlannedAsset) -> Wanted:
    """An asset of the queue as the ways to ask see it."""
    asset = planned.asset
    return Wanted(asset.uuid, asset.created, planned.bytes, not (asset.hidden or asset.trashed))
