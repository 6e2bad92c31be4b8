"""Which files of an asset have to be copied: those that the drive lacks, or has in another state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.engine.job.context import JobContext
from ambertime_tui.engine.job.planning import Broken
from ambertime_tui.engine.job.transfer import Transfer
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.library.model import Resource
from ambertime_tui.phone.afc import MediaFolder, MediaStat


class FilesToCopy:
    """Compares files on the phone with those on the drive. What does not block belongs to the event loop."""

    def __init__(self, context: JobContext, broken: Broken, transfer: Transfer) -> None:
        """
        Args:
            context: the job's.
            broken: recorded files to replace.
            transfer: reads files from the phone.
        """
        self._target = context.target
        self._udid = context.udid
        self._threads = context.threads
        self._progress = context.progress
        self._broken = broken
        self._transfer = transfer

    def has_others(self, planned: PlannedAsset) -> bool:
        """True if the drive has files of an asset besides those that were to be copied. Blocks."""
        wanted = {resource.role for resource in planned.resources}
        try:
            recorded = self._target.record.find_asset(self._udid, planned.asset.uuid)
        except DriveError:
            return False
        files = () if recorded is None else recorded.files
        return any(file.role not in wanted for file in files)

    def storable(self, stats: Mapping[Resource, MediaStat]) -> dict[Resource, MediaStat]:
        """Leave out edits that the drive cannot store; the original is copied anyway."""
        can_hold = self._target.traits.can_hold
        kept = {r: s for r, s in stats.items() if r.role.is_original or can_hold(s.size)}
        for resource in stats.keys() - kept.keys():
            self._progress.add_event("warning", f"{resource.name}, an edit, is too large for this drive.")
        return kept

    def lacking(
        self, planned: PlannedAsset, stats: Mapping[Resource, MediaStat]
    ) -> tuple[RecordedAsset | None, dict[Resource, MediaStat]]:
        """Return what is recorded of an asset, and the files that the drive does not have. Blocks.

        Raises:
            DriveError: the drive is gone, or its record cannot be read.
        """
        self._target.check()
        uuid = planned.asset.uuid
        already = self._target.record.find_asset(self._udid, uuid)
        broken = self._broken.get(uuid, ())
        return already, {r: s for r, s in stats.items() if not _is_on_drive(already, broken, r, s)}

    async def changed(
        self,
        already: RecordedAsset,
        sources: Mapping[Resource, MediaStat],
        stats: Mapping[Resource, MediaStat],
        media: MediaFolder,
        on_file: Callable[[Resource], None],
    ) -> dict[Resource, MediaStat]:
        """Leave out the files of which only the time has changed, not the bytes. Edits are one unit.

        Args:
            already: what is recorded of the asset.
            sources: files that may have to be copied, with their state on the phone.
            stats: the same for all files that were to be copied.
            media: the phone's media folder.
            on_file: called with each file before it is read.

        Raises:
            PhoneError: a file cannot be read.
            DriveError: the new times cannot be recorded.
        """
        broken, same = self._broken.get(already.uuid, ()), dict[Resource, RecordedFile]()
        for resource, stat in sources.items():
            file = already.current(resource.role)
            if file is not None and file not in broken and file.size == stat.size:
                on_file(resource)
                if await self._transfer.sha256(resource, stat, media) == file.sha256:
                    same[resource] = file
        left = {resource: stat for resource, stat in sources.items() if resource not in same}
        if any(not resource.role.is_original for resource in left):
            left = {r: stat for r, stat in stats.items() if r in left or not r.role.is_original}
            same = {resource: file for resource, file in same.items() if resource not in left}
        if same:
            now = {(f.role, f.generation): stats[r].modified_at for r, f in same.items()}
            files = (
                replace(f, source_modified_at=now[f.role, f.generation])
                if (f.role, f.generation) in now
                else f
                for f in already.files
            )
            await self._threads.run(self._target.record.commit, [replace(already, files=tuple(files))])
        return left


def _is_on_drive(
    recorded: RecordedAsset | None, broken: Iterable[RecordedFile], resource: Resource, stat: MediaStat
) -> bool:
    """True if the drive has exactly this file, undamaged. (The library may have a wrong size for an edit.)"""
    file = recorded.current(resource.role) if recorded is not None else None
    if file is None or file in broken:
        return False
    return (file.size, file.source_modified_at) == (stat.size, stat.modified_at)
