"""Files of earlier backups that are damaged or missing on the drive, and that this job did not repair."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.engine.api.status import Left
from ambertime_tui.engine.plan.plan import Decision, Plan

NOT_WHOLE = "not_whole"
"""The reason of an entry for such a file."""


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A recorded file that is damaged or missing."""

    uuid: str
    original_filename: str
    file: RecordedFile


def still_broken(
    target: Target, udid: str, before: Mapping[str, tuple[RecordedFile, ...]]
) -> Iterator[BrokenFile]:
    """The files that were damaged when the job started and still are; good copies may have other names.

    Raises:
        DriveError: the record cannot be read.
    """
    for uuid, of_asset in before.items():
        asset = target.record.find_asset(udid, uuid)
        for file in of_asset:
            now = asset.current(file.role) if asset is not None else None
            if asset is not None and now is not None and target.is_broken(now):
                yield BrokenFile(uuid, asset.original_filename, now)


def as_left(broken: Collection[BrokenFile], plan: Plan, listed: Collection[str]) -> tuple[Left, ...]:
    """The list entries for damaged files, except for assets already listed (by uuid)."""
    return tuple(
        Left(
            one.uuid,
            one.original_filename,
            "",
            one.file.size,
            NOT_WHOLE,
            f"{one.file.path}, copied earlier, is damaged or missing on the drive. {_what_to_do(one, plan)}",
        )
        for one in broken
        if one.uuid not in listed
    )


def can_be_repaired(broken: BrokenFile, plan: Plan) -> bool:
    """Whether the same backup can copy a file again when it runs the next time."""
    number = plan.number_of(broken.uuid)
    return number is not None and plan.decision_of(number) is not Decision.EXCLUDED


def _what_to_do(broken: BrokenFile, plan: Plan) -> str:
    number = plan.number_of(broken.uuid)
    if number is None:
        return (
            "This item is no longer on the iPhone: look for it in another backup. If you deleted it on "
            "purpose, run `ambertime forget`."
        )
    if plan.decision_of(number) is Decision.EXCLUDED:
        return "It is not in this job's selection: run a backup that includes it to copy it again."
    return "Run again to copy it again."
