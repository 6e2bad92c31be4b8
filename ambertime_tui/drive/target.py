"""A target: a folder on a drive with `Photos/`, `.ambertime/` and `SHA256SUMS`, locked by one job.

The engine stages several assets in parallel, one thread each, and commits them in groups::

    with open_target(path, clock=time.time) as target:
        target.check()
        with target.writer(udid, asset) as writer:
            for resource in asset.resources:
                file = writer.begin(resource, size, asset.created)
                for chunk in ...:
                    file.write(chunk)
                file.finish()
            staged = writer.stage()
        (outcome,) = target.commit([staged])
        target.finish()
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ambertime_tui.drive.errors import (
    DriveError,
)
from ambertime_tui.drive.layout import CHECKSUMS, OURS, PARTS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.absent import save_absent
from ambertime_tui.drive.record.checksums import refused_lines
from ambertime_tui.drive.record.integrity import finalize_archive, read_integrity
from ambertime_tui.drive.record.rebuild import open_record
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Finding, load_findings
from ambertime_tui.drive.volume.discovery import Drive, drive_of
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.lock import TargetLock, lock_target
from ambertime_tui.drive.volume.own_files import is_own_file
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.asset_writer import AssetWriter, StagedAsset
from ambertime_tui.drive.writing.commit import commit_staged
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.existing_files import ExistingFiles
from ambertime_tui.drive.writing.folders import FolderMaker
from ambertime_tui.drive.writing.lost_parts import remove_all_lost_parts
from ambertime_tui.drive.writing.moved_files import MovedFile, SuspectFile, record_moved
from ambertime_tui.drive.writing.names import NameRegistry
from ambertime_tui.drive.writing.naming import folder_of
from ambertime_tui.drive.writing.part_journal import PartJournal
from ambertime_tui.drive.writing.read_back import Reader
from ambertime_tui.library.model import Asset, Resource, Role


@dataclass(frozen=True, slots=True)
class Inspection:
    """What became of the recorded files of a phone since the last job."""

    broken: Mapping[str, tuple[RecordedFile, ...]]
    """Files that must be copied again, by uuid."""
    moved: tuple[MovedFile, ...]
    """Files that a person moved or renamed; the record follows them."""


class Target:
    """An open target. `writer` and `commit` are safe to call from any thread."""

    def __init__(
        self,
        lock: TargetLock,
        drive: Drive,
        record: Record,
        context: WriteContext,
        notices: tuple[str, ...],
    ) -> None:
        self._lock = lock
        self._drive = drive
        self._record = record
        self._context = context
        self.notices = notices
        """Sentences for the user, for example that the record was rebuilt."""

    @property
    def path(self) -> Path:
        """The target folder."""
        return self._lock.root

    @property
    def id(self) -> str:
        """Identifies this target at any path (32 hex digits)."""
        return self._lock.marker.target_id

    @property
    def drive(self) -> Drive:
        """Its drive, as of when the target was opened."""
        return self._drive

    @property
    def traits(self) -> FileSystemTraits:
        """The traits of its file system."""
        return self._context.traits

    @property
    def calls(self) -> SystemCalls:
        """The operating system as the drive needs it."""
        return self._context.calls

    @property
    def record(self) -> Record:
        """The record of what was copied."""
        return self._record

    def check(self) -> None:
        """Check that the same drive is still at the target's path. Cheap enough for each asset.

        Raises:
            TargetGone: the drive was unplugged or unmounted.
            TargetSwapped: another drive is there.
        """
        self._lock.check()

    def free_bytes(self) -> int | None:
        """Free space available to this user, in bytes; None if the file system does not tell.

        Raises:
            DriveError: the drive cannot be read.
        """
        try:
            facts = os.statvfs(self.path)
        except OSError as error:
            raise drive_error(error, self.path, doing="reading") from error
        return facts.f_bavail * facts.f_frsize if facts.f_blocks else None

    def inspect(self, udid: str) -> Inspection:
        """Look at the recorded files of a phone, and record those that were moved where they are now.

        Broken files must be copied again: they are missing, have a different size, or were found damaged by
        `verify` and still are. Only the newest file of each role counts, because the phone no longer has
        older ones.

        Raises:
            DriveError: the drive cannot be read, or the record cannot be written.
        """
        findings = load_findings(self.path)
        suspects: list[SuspectFile] = []
        for uuid, role, generation in self._suspects(udid, findings):
            asset = self._record.find_asset(udid, uuid)
            suspects += (
                SuspectFile(udid, uuid, file)
                for file in (asset.files if asset is not None else ())
                if (file.role, file.generation) == (role, generation) and self.is_broken(file, findings)
            )
        moved = record_moved(self._context, self._record, suspects)
        found_again = {one.before for one in moved}
        broken: dict[str, tuple[RecordedFile, ...]] = {}
        for suspect in suspects:
            asset = self._record.find_asset(udid, suspect.uuid)
            current = asset.current(suspect.file.role) if asset is not None else None
            if current is not None and current == suspect.file and current.path not in found_again:
                broken[suspect.uuid] = (*broken.get(suspect.uuid, ()), current)
        return Inspection(broken, moved)

    def _suspects(self, udid: str, findings: Mapping[str, Finding]) -> list[tuple[str, Role, int]]:
        """Files that may be broken, judging by a listing of each folder: uuid, role and generation."""
        suspects: list[tuple[str, Role, int]] = []
        for folder, files in self._record.files_by_folder(udid):
            there = self._sizes(folder)
            for file in files:
                path = f"{folder}/{file.name}" if folder else file.name
                if there.get(file.name) != file.size or path in findings or service_in(path):
                    suspects.append((file.uuid, file.role, file.generation))
        return suspects

    def is_broken(self, file: RecordedFile, findings: Mapping[str, Finding] | None = None) -> bool:
        """Whether a recorded file is missing or has a different size.

        A file that `verify` found damaged is read again, and counts as broken if its hash differs. A file in
        a recycle bin or the like counts as missing.
        """
        if service_in(file.path):
            return True
        path = self.path / file.path
        try:
            facts = self._context.calls.stat(path)
        except OSError:
            return True
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != file.size:
            return True
        found = (load_findings(self.path) if findings is None else findings).get(file.path)
        if found is None or found.sha256 != file.sha256:
            return False
        try:
            return self._context.reader.digest(path).sha256 != file.sha256
        except OSError:
            return True

    def _sizes(self, folder: str) -> Mapping[str, int]:
        """Files in a folder and their bytes. Empty if it cannot be listed; each is then checked by name."""
        try:
            return self._context.names.sizes(folder)
        except DriveError:
            self.check()
            return {}

    def stat(self, path: str) -> os.stat_result:
        """Describe a file of the target, by its relative path. Does not follow links.

        Raises:
            OSError: it does not exist, or is behind a link.
        """
        return self._context.calls.stat(self.path / path)

    def writer(
        self,
        udid: str,
        asset: Asset,
        *,
        resources: Sequence[Resource] | None = None,
        repairs: Sequence[RecordedFile] = (),
        namesake: bool = False,
    ) -> AssetWriter:
        """A writer for an asset, or for some of its resources.

        If a role is already recorded, its new file gets a new name, because the photo was edited again. If
        the recorded file is in `repairs` (see `inspect`), the new file takes its name. The damaged file
        is then renamed to ``..._damaged`` once the new copy is complete on the drive.

        Args:
            udid: the phone.
            asset: the asset.
            resources: the files to write; all by default.
            repairs: recorded files to replace.
            namesake: True if another asset of the library has the plain name (see `naming`).

        Raises:
            RecordFailed: the record cannot be read.
        """
        wanted = tuple(asset.resources if resources is None else resources)
        recorded = _outside_service_folders(self._record.find_asset(udid, asset.uuid), asset)
        return AssetWriter(self._context, udid, asset, wanted, recorded, repairs, namesake)

    def set_library(self, udid: str, in_library: Callable[[str], bool]) -> None:
        """Set which uuids a phone's library has now.

        Recorded files of assets no longer in the library may match other assets by their bytes.
        """
        self._context.existing.set_library(udid, in_library)

    def count_existing(self, udid: str, sizes: Iterable[int]) -> tuple[int, int]:
        """How many files of these sizes may already be on the target, at most, and their total bytes.

        Raises:
            DriveError: the target cannot be listed.
        """
        return self._context.existing.count_of_sizes(udid, sizes)

    def commit(self, staged: Sequence[StagedAsset]) -> tuple[RecordedAsset | DriveError, ...]:
        """Rename the files of staged assets to their final names and record them in one durable transaction.

        Returns the outcomes in the order of `staged`. After an error nothing of that asset is recorded, and
        it can be written again. Calls from several threads are serialized.
        """
        return commit_staged(self._context, self._record, staged)

    def finish(self) -> None:
        """Write SHA256SUMS, the backup copy of the record and the integrity hashes, at the end of a run.

        Raises:
            DriveError: the old files are kept.
        """
        finalize_archive(self.path, self._record, self._context.calls)

    def save_absent(self, udid: str, in_library: Callable[[str], bool]) -> None:
        """Save which recorded items are not in a phone's library, for `forget`.

        Args:
            udid: the phone's.
            in_library: whether its library, read completely from its database, lists a uuid.

        Raises:
            DriveError: nothing is saved.
        """
        absent = {
            file.uuid
            for _, files in self._record.files_by_folder(udid)
            for file in files
            if not in_library(file.uuid)
        }
        # Forgotten items stay absent, so that they can be forgotten again after an undo.
        marks = self._record.forgotten_assets()
        absent |= {mark.uuid for mark in marks if mark.udid == udid and not in_library(mark.uuid)}
        save_absent(self.path, udid, self._context.clock(), absent, self._context.calls)

    def close(self) -> None:
        """Close the record and release the lock."""
        try:
            self._context.parts.close()
        finally:
            try:
                self._record.close()
            finally:
                self._lock.release()


def _outside_service_folders(recorded: RecordedAsset | None, asset: Asset) -> RecordedAsset | None:
    """What is recorded of an asset, without files in recycle bins and the like, where nothing is written."""
    if recorded is None:
        return None
    files = tuple(file for file in recorded.files if not service_in(file.path))
    if not files:
        return None
    if not service_in(f"{recorded.folder}/"):
        return replace(recorded, files=files)
    return replace(recorded, files=files, folder=folder_of(asset))


@contextmanager
def open_target(
    path: Path,
    *,
    clock: Callable[[], float] = time.time,
    calls: SystemCalls | None = None,
    drive: Drive | None = None,
    on_block: Callable[[], None] = lambda: None,
) -> Iterator[Target]:
    """Lock a folder as a target, clean up after interrupted jobs and open the record.

    Args:
        path: the folder; it must exist.
        clock: seconds since 1970.
        calls: the operating system; tests pass another one.
        drive: details of the drive; detected by default.
        on_block: called after each block that is read back from the drive.

    Raises:
        TargetMissing, TargetNotAFolder, TargetReadOnly, TargetInUse, RecordTooNew, DriveError.
    """
    calls = calls or SystemCalls()
    root = Path(os.path.abspath(path))  # noqa: PTH100 - keeps links, to show the path as the user wrote it
    was_archive = is_own_file(root, CHECKSUMS) and not os.path.lexists(root / OURS)
    lock = lock_target(root, now=clock(), calls=calls)
    with ExitStack() as undo:
        undo.callback(lock.release)
        drive = drive or drive_of(root)
        parts = PartJournal(root, root / OURS / PARTS, calls)
        refused = (*parts.remove_leftovers(), *refused_lines(root))
        if was_archive:
            remove_all_lost_parts(root, parts, calls)
        interrupted = read_integrity(root) is None
        reader = Reader(drive.traits, drive.device, calls, on_block)
        record, notices = open_record(root, now=clock(), calls=calls)
        undo.pop_all()
    context = WriteContext(
        root=root,
        traits=drive.traits,
        calls=calls,
        clock=clock,
        parts=parts,
        names=NameRegistry(root, record, drive.traits, calls),
        folders=FolderMaker(root, calls),
        existing=ExistingFiles(root, record, reader, calls),
        reader=reader,
        may_have_lost_parts=interrupted,
    )
    target = Target(lock, drive, record, context, (*notices, *refused))
    try:
        yield target
    finally:
        target.close()
