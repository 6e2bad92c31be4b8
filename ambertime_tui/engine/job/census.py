"""The census of a library after a job: every asset in exactly one bucket, with its reason. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import overload

from ambertime_tui.engine.api.status import Census, CensusLine, Left
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, bytes_of
from ambertime_tui.engine.plan.rules import with_names


class Bucket(StrEnum):
    """Where an asset is counted."""

    COPIED = "copied"
    ALREADY = "already"
    ICLOUD = "icloud"
    FAILED = "failed"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Ending:
    """The outcome of an asset, as the census counts it."""

    bucket: Bucket
    reason: str = ""
    """A stable word; assets with the same bucket and reason are counted together."""
    sentence: str = ""
    """For people, about this asset."""


WORDS = {
    "icloud": "original only in iCloud",
    "offloaded": "offloaded to iCloud during the job",
    "arriving": "arrived only partly from iCloud",
    "in_part": "in part: other files of it are on the drive",
    "smaller": "copied, but smaller than the library says",
    "gave_up": "did not come from iCloud in time",
    "not_by_this_way": "only in iCloud; the chosen way cannot download it",
    "skipped": "skipped by you",
    "missing": "an original is neither on the iPhone nor in iCloud",
    "pending": "the iPhone is still processing it",
    "too_large_for_drive": "too large for the drive's file system",
    "name_too_long": "name not possible on this drive",
    "drive_full": "drive full",
    "drive_failed": "could not be written to the drive",
    "unreadable": "could not be read from the iPhone",
    "forbidden": "the iPhone denied access to it",
    "changed": "changed during copying",
    "not_reached": "the job ended before copying it",
}
"""Words for the reasons of `icloud` and `failed`; excluded assets have their own."""


NOT_REACHED = Ending(
    Bucket.FAILED,
    "not_reached",
    "The job ended before copying it. Run again to continue.",
)
_COPIED = Ending(Bucket.COPIED)
_ALREADY = Ending(Bucket.ALREADY)


def ending_by_plan(decision: Decision, reason: str, sentence: str) -> Ending:
    """The outcome of an asset that was not touched after planning."""
    match decision:
        case Decision.ALREADY:
            return _ALREADY
        case Decision.EXCLUDED:
            return Ending(Bucket.EXCLUDED, reason, sentence)
        case Decision.FETCH:
            return Ending(Bucket.ICLOUD, reason, sentence)
        case Decision.CANNOT:
            return Ending(Bucket.FAILED, reason, sentence)
        case Decision.COPY:
            return NOT_REACHED


class Endings:
    """The outcome of each asset of a plan so far. A million copied assets take one megabyte."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._copied = bytearray(len(plan))
        self._others: dict[int, Ending] = {}

    def set(self, number: int, ending: Ending) -> None:
        """Set the outcome of an asset."""
        copied = ending == _COPIED
        self._copied[number] = copied
        if copied:
            self._others.pop(number, None)
        else:
            self._others[number] = ending

    def forget(self, number: int) -> None:
        """Remove the outcome of an asset."""
        self._copied[number] = False
        self._others.pop(number, None)

    def get(self, number: int) -> Ending | None:
        """The outcome of an asset; None: none yet."""
        return _COPIED if self._copied[number] else self._others.get(number)

    def of(self, number: int) -> Ending:
        """The outcome of an asset, or else the one that follows from the plan."""
        plan = self._plan
        return self.get(number) or ending_by_plan(plan.decision_of(number), *plan.reason_of(number))

    def other_than_copied(self) -> Iterator[tuple[int, Ending]]:
        """All outcomes other than copied, in the order in which they happened."""
        return iter(self._others.items())


def take_census(plan: Plan, endings: Endings, repaired: int = 0) -> Census:
    """Count every asset of the plan; `repaired` of the copied ones replaced damaged files."""
    counts: dict[tuple[Bucket, str], list[int]] = {}
    reasons: Counter[str] = Counter()
    for number in range(len(plan)):
        ending = endings.of(number)
        excluded = ending.bucket is Bucket.EXCLUDED
        if not excluded:
            reasons[ending.reason] += 1
        words = ending.sentence if excluded else WORDS.get(ending.reason, ending.reason)
        sums = counts.setdefault((ending.bucket, words), [0, 0])
        sums[0] += 1
        in_part = ending.reason == "in_part"
        sums[1] += plan.awaited_bytes_of(number) if in_part else plan.bytes_of(number)
    ordered = sorted(
        counts.items(), key=lambda item: (list(Bucket).index(item[0][0]), -item[1][0], item[0][1])
    )
    lines = tuple(CensusLine(bucket.value, words, *sums) for (bucket, words), sums in ordered)
    return Census(len(plan), lines, in_part=reasons["in_part"], pending=reasons["pending"], repaired=repaired)


class LeftList(Sequence[Left]):
    """The selected assets that are not completely on the drive. Entries are made on access."""

    def __init__(
        self, plan: Plan, endings: Endings, numbers: array[int], others: tuple[Left, ...] = ()
    ) -> None:
        self._plan = plan
        self._endings = endings
        self._numbers = numbers
        self._others = others

    def __len__(self) -> int:
        return len(self._numbers) + len(self._others)

    def with_extra(self, others: tuple[Left, ...]) -> LeftList:
        """The list with more entries at its end."""
        return LeftList(self._plan, self._endings, self._numbers, (*self._others, *others))

    def order_by_reason(self) -> array[int]:
        """The positions of all entries, grouped by reason, the most frequent reason first."""
        reasons = [self._endings.of(number).reason for number in self._numbers]
        reasons += [other.reason for other in self._others]
        counts = Counter(reasons)
        return array("I", sorted(range(len(reasons)), key=lambda n: (-counts[reasons[n]], reasons[n], n)))

    def uuids(self) -> frozenset[str]:
        """The uuids of all entries."""
        return frozenset(one.uuid for one in self)

    @overload
    def __getitem__(self, index: int) -> Left: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Left]: ...
    def __getitem__(self, index: int | slice) -> Left | Sequence[Left]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place >= len(self._numbers):
            return self._others[place - len(self._numbers)]
        number = self._numbers[place]
        return left_as(self._plan[number], self._endings.of(number))


def list_left(plan: Plan, endings: Endings) -> LeftList:
    """List what is not on the drive, oldest first."""
    left = (Bucket.ICLOUD, Bucket.FAILED)
    numbers = plan.numbers(Decision.COPY, Decision.FETCH, Decision.ALREADY, Decision.CANNOT)
    return LeftList(plan, endings, array("I", [n for n in numbers if endings.of(n).bucket in left]))


def left_as(planned: PlannedAsset, ending: Ending) -> Left:
    """An asset as a list entry."""
    asset = planned.asset
    size = planned.bytes or bytes_of(asset.originals)
    if ending.reason == "in_part" and planned.awaits:
        size = bytes_of(planned.awaits)
    sentence = with_names(ending.sentence, asset)
    return Left(asset.uuid, asset.original_filename, planned.day, size, ending.reason, sentence)


CHECKED_AT_ONCE = 128
"""Assets that one query of the record covers."""


def contradictions(
    plan: Plan, endings: Endings, census: Census, recorded: Callable[[Sequence[str]], Container[str]]
) -> tuple[str, ...]:
    """Check the census; return a sentence for each contradiction.

    Args:
        plan: the job's.
        endings: the outcome of each asset.
        census: what was counted.
        recorded: looks up which of some uuids are in the drive's record.
    """
    found = []
    if not census.holds:
        counted = sum(line.count for line in census.lines)
        found.append(f"The census counts {counted} items, but the library has {census.library}.")
    if plan.has_duplicate_uuids:
        found.append("The library lists an item twice.")
    there = (Bucket.COPIED, Bucket.ALREADY)
    claimed = (p.asset.uuid for p in plan if endings.of(p.number).bucket in there)
    unrecorded = 0
    while some := list(islice(claimed, CHECKED_AT_ONCE)):
        known = recorded(some)
        unrecorded += sum(uuid not in known for uuid in some)
    if unrecorded:
        found.append(f"{unrecorded} items count as copied, but are not in the drive's record.")
    return tuple(found)
