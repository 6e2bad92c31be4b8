"""What comes of copying one asset, and how the census counts it."""

from __future__ import annotations

from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.engine.job.census import Bucket, Ending
from ambertime_tui.engine.plan.plan import PlannedAsset, missing_originals
from ambertime_tui.engine.plan.rules import missing_sentence
from ambertime_tui.library.model import Resource


@dataclass(frozen=True, slots=True)
class Copied:
    """An asset is on the drive, whole and recorded."""

    recorded: RecordedAsset
    bytes: int
    """Of the files that were written for it now."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """An original is not on the phone any more, or not wholly."""

    planned: PlannedAsset
    gone: tuple[Resource, ...]
    in_part: tuple[Resource, ...] = ()
    """Those of which the phone has a beginning: iOS has not brought down the rest yet."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An asset could not be copied; `reason` is a stable word, `sentence` for people."""

    reason: str
    sentence: str


Outcome = Copied | NotThere | Failed


def ending_of(planned: PlannedAsset, outcome: Outcome) -> Ending:
    """How the census counts an outcome."""
    match outcome:
        case Copied():
            gone = missing_originals(planned.asset)
            if gone:
                sentence = f"{missing_sentence(gone)} The rest of it is on the drive."
                return Ending(Bucket.FAILED, "missing", sentence)
            return Ending(Bucket.COPIED)
        case Failed(reason, sentence):
            return Ending(Bucket.FAILED, reason, sentence)
        case NotThere(_, gone, in_part) if in_part and not gone:
            names = ", ".join(resource.name for resource in in_part)
            return Ending(
                Bucket.ICLOUD,
                "arriving",
                f"{names} has fewer bytes on the iPhone than the library says: iOS has not brought down the "
                "rest yet. Run again with iCloud originals included.",
            )
        case NotThere(_, gone, _):
            names = ", ".join(resource.name for resource in gone)
            if all(resource.in_icloud for resource in gone):
                return Ending(
                    Bucket.ICLOUD,
                    "offloaded",
                    f"{names} was on the iPhone when the job began and is only in iCloud now. Run again with "
                    "iCloud originals included.",
                )
            return Ending(
                Bucket.FAILED,
                "missing",
                f"{names} is not on the iPhone any more: it was deleted or offloaded while the job ran. Run "
                "again to see which.",
            )
