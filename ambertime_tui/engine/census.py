"""The accounting of a library after a job: every asset in exactly one bucket, with its reason. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.engine.plan import Fate, Plan, PlannedAsset, bytes_of
from ambertime_tui.engine.status import Census, CensusLine, Left


class Bucket(StrEnum):
    """Where an asset is counted."""

    COPIED = "copied"
    ALREADY = "already"
    ICLOUD = "icloud"
    FAILED = "failed"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of an asset."""

    bucket: Bucket
    reason: str = ""
    """A stable word; assets of one bucket and reason are counted together."""
    sentence: str = ""
    """For people, about this asset."""


WORDS = {
    "icloud": "original only in iCloud",
    "offloaded": "offloaded to iCloud while the job ran",
    "arriving": "arrived from iCloud only in part",
    "gave_up": "did not come from iCloud in time",
    "skipped": "skipped by you",
    "missing": "an original is neither on the iPhone nor in iCloud",
    "too_large_for_drive": "too large for the drive's file system",
    "name_too_long": "name cannot be kept on this drive",
    "drive_full": "no room left on the drive",
    "drive_failed": "could not be written to the drive",
    "unreadable": "could not be read from the iPhone",
    "forbidden": "the iPhone does not let it be read",
    "changed": "changed while it was being copied",
    "not_reached": "the job ended before it was its turn",
}
"""Reasons of `icloud` and `failed`, for the lines of a census; excluded assets bring their own words."""


def ending_by_plan(planned: PlannedAsset) -> Ending:
    """What becomes of an asset to which nothing happened after the plan was made."""
    match planned.fate:
        case Fate.ALREADY:
            return Ending(Bucket.ALREADY)
        case Fate.EXCLUDED:
            return Ending(Bucket.EXCLUDED, planned.reason, planned.sentence)
        case Fate.FETCH:
            return Ending(Bucket.ICLOUD, planned.reason, planned.sentence)
        case Fate.CANNOT:
            return Ending(Bucket.FAILED, planned.reason, planned.sentence)
        case Fate.COPY:
            sentence = "The job ended before it was its turn. Run again: it goes on where it stopped."
            return Ending(Bucket.FAILED, "not_reached", sentence)


def take_census(plan: Plan, endings: Mapping[str, Ending]) -> Census:
    """The accounting: `endings` by uuid for each asset to which something happened."""
    counts: dict[tuple[Bucket, str], list[int]] = {}
    for planned in plan.assets:
        ending = endings.get(planned.asset.uuid) or ending_by_plan(planned)
        excluded = ending.bucket is Bucket.EXCLUDED
        words = ending.sentence if excluded else WORDS.get(ending.reason, ending.reason)
        sums = counts.setdefault((ending.bucket, words), [0, 0])
        sums[0] += 1
        sums[1] += planned.bytes
    ordered = sorted(
        counts.items(), key=lambda item: (list(Bucket).index(item[0][0]), -item[1][0], item[0][1])
    )
    lines = tuple(CensusLine(bucket.value, words, *sums) for (bucket, words), sums in ordered)
    return Census(len(plan.assets), lines)


def list_left(plan: Plan, endings: Mapping[str, Ending]) -> tuple[Left, ...]:
    """Each asset of the selection that is not, or not wholly, on the drive; oldest first as the plan is."""
    left = []
    for planned in plan.assets:
        ending = endings.get(planned.asset.uuid) or ending_by_plan(planned)
        if ending.bucket in (Bucket.ICLOUD, Bucket.FAILED):
            left.append(left_as(planned, ending))
    return tuple(left)


def left_as(planned: PlannedAsset, ending: Ending) -> Left:
    """One asset as an entry of the list of what is left."""
    asset = planned.asset
    size = planned.bytes or bytes_of(asset.originals)
    return Left(asset.uuid, asset.original_filename, planned.day, size, ending.reason, ending.sentence)


def contradictions(
    plan: Plan, endings: Mapping[str, Ending], on_drive: Collection[str], census: Census
) -> tuple[str, ...]:
    """Where the accounting cannot be true; a sentence each, empty where it holds.

    Args:
        plan: what was to be done.
        endings: what became of each asset.
        on_drive: uuids that the record on the drive holds, read anew at the end.
        census: the accounting that was taken.
    """
    found = []
    uuids = [planned.asset.uuid for planned in plan.assets]
    if not census.holds:
        counted = sum(line.count for line in census.lines)
        found.append(f"The census counts {counted} items, and the library holds {census.library}.")
    if len(set(uuids)) != len(uuids):
        found.append(f"The library names {len(uuids) - len(set(uuids))} items twice.")
    if unknown := set(endings) - set(uuids):
        found.append(f"{len(unknown)} items were handled that the library does not hold.")
    unrecorded = 0
    for planned in plan.assets:
        ending = endings.get(planned.asset.uuid) or ending_by_plan(planned)
        if ending.bucket in (Bucket.COPIED, Bucket.ALREADY) and planned.asset.uuid not in on_drive:
            unrecorded += 1
    if unrecorded:
        found.append(f"{unrecorded} items count as on the drive, and its record does not know them.")
    return tuple(found)
