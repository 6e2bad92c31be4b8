"""A target: a folder on a drive, locked for one job, that holds `Photos/`, `.ambertime/` and `SHA256SUMS`.

The engine stages several assets at once, a thread for each, and commits them one group at a time::

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
from pathlib import Path

from ambertime_tui.drive.errors import DriveError, drive_error
from ambertime_tui.drive.layout import OURS, PARTS
from ambertime_tui.drive.record.integrity import finalize_archive
from ambertime_tui.drive.record.rebuild import open_record
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Finding, load_findings
from ambertime_tui.drive.volume.discovery import Drive, drive_of
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.lock import TargetLock, lock_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.asset_writer import AssetWriter, StagedAsset
from ambertime_tui.drive.writing.commit import commit_staged
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.existing_files import ExistingFiles
from ambertime_tui.drive.writing.folders import FolderMaker
from ambertime_tui.drive.writing.names import NameRegistry
from ambertime_tui.drive.writing.part_journal import PartJournal
from ambertime_tui.drive.writing.read_back import Reader
from ambertime_tui.library.model import Asset, Resource, Role


class Target:
    """An open target. `writer` and `commit` may be called from any thread."""

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
        """Sentences a person should read: the record was damaged and rebuilt."""

    @property
    def path(self) -> Path:
        """The target folder."""
        return self._lock.root

    @property
    def id(self) -> str:
        """What this target is known again by, at whatever path (32 hex digits)."""
        return self._lock.marker.target_id

    @property
    def drive(self) -> Drive:
        """The drive it is on, as it was when the target was opened."""
        return self._drive

    @property
    def traits(self) -> FileSystemTraits:
        """What its file system can do."""
        return self._context.traits

    @property
    def record(self) -> Record:
        """What was copied."""
        return self._record

    def check(self) -> None:
        """Looks whether the same drive is still at the target's path; cheap, to be asked before each asset.

        Raises:
            TargetGone, TargetSwapped.
        """
        self._lock.check()

    def free_bytes(self) -> int:
        """Free space that this user may fill.

        Raises:
            DriveError: the drive does not answer.
        """
        try:
            facts = os.statvfs(self.path)
        except OSError as error:
            raise drive_error(error, self.path, doing="reading") from error
        return facts.f_bavail * facts.f_frsize

    def needs_repair(self, udid: str) -> Mapping[str, tuple[RecordedFile, ...]]:
        """Files of a phone's assets to copy again, by uuid: not in their folder any more, no file or of
        another size there, or found not to be whole by `verify`, and still not whole when read again. Only
        the newest of a role: the phone has no older ones.

        Raises:
            TargetGone, TargetSwapped, RecordFailed.
        """
        findings = load_findings(self.path)
        suspects: list[tuple[str, Role, int]] = []
        for folder, files in self._record.files_by_folder(udid):
            there = self._sizes(folder)
            for file in files:
                path = f"{folder}/{file.name}" if folder else file.name
                if there.get(file.name) != file.size or path in findings:
                    suspects.append((file.uuid, file.role, file.generation))
        broken: dict[str, tuple[RecordedFile, ...]] = {}
        for uuid, role, generation in suspects:
            asset = self._record.find_asset(udid, uuid)
            current = asset.current(role) if asset is not None else None
            if current is not None and current.generation == generation and self.is_broken(current, findings):
                broken[uuid] = (*broken.get(uuid, ()), current)
        return broken

    def is_broken(self, file: RecordedFile, findings: Mapping[str, Finding] | None = None) -> bool:
        """Whether a recorded file is not there, or of another size, or (read again) not whole where `verify`
        has found that."""
        path = self.path / file.path
        try:
            facts = path.lstat()
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
        """The files in a folder; none where it cannot be listed: then each is looked for by its name."""
        try:
            return self._context.names.sizes(folder)
        except DriveError:
            self.check()
            return {}

    def writer(
        self,
        udid: str,
        asset: Asset,
        *,
        resources: Sequence[Resource] | None = None,
        repairs: Sequence[RecordedFile] = (),
        namesake: bool = False,
    ) -> AssetWriter:
        """A writer for an asset, or for some of its resources: those to take, all if not told.

        A resource whose role is recorded already gets a new file beside it (the photo was edited again);
        unless the recorded file is among `repairs` (see `needs_repair`): then it takes that file's name, and
        what is damaged under that name is renamed to ``..._damaged``, after the new copy is whole on the
        drive. With `namesake` the plain name is left to another asset of the library (see `naming`).

        Raises:
            RecordFailed: the record cannot be read.
        """
        wanted = tuple(asset.resources if resources is None else resources)
        recorded = self._record.find_asset(udid, asset.uuid)
        return AssetWriter(self._context, udid, asset, wanted, recorded, repairs, namesake)

    def set_library(self, udid: str, in_library: Callable[[str], bool]) -> None:
        """Says which uuids a phone's library has now: recorded files of assets that it has no more may be
        another asset's, if they have its bytes."""
        self._context.existing.set_library(udid, in_library)

    def count_existing(self, udid: str, sizes: Iterable[int]) -> tuple[int, int]:
        """How many of some files, of which the sizes are given, may lie on the target already, at most; and
        their bytes.

        Raises:
            DriveError: the target cannot be listed.
        """
        return self._context.existing.count_of_sizes(udid, sizes)

    def commit(self, staged: Sequence[StagedAsset]) -> tuple[RecordedAsset | DriveError, ...]:
        """Gives the files of staged assets their names and records them in one durable transaction.

        The outcomes come in the order of `staged`. Where one is an error, nothing of that asset is recorded
        and it can be written anew. Calls from several threads wait for each other.
        """
        return commit_staged(self._context, self._record, staged)

    def finish(self) -> None:
        """At the end of a run: SHA256SUMS, the backup copy of the record and the integrity file.

        Raises:
            DriveError: the older ones stay.
        """
        finalize_archive(self.path, self._record, self._context.calls)

    def close(self) -> None:
        """Closes the record and gives up the lock."""
        try:
            self._context.parts.close()
        finally:
            try:
                self._record.close()
            finally:
                self._lock.release()


@contextmanager
def open_target(
    path: Path,
    *,
    clock: Callable[[], float] = time.time,
    calls: SystemCalls | None = None,
    drive: Drive | None = None,
    on_block: Callable[[], None] = lambda: None,
) -> Iterator[Target]:
    """Locks a folder as a target and makes it ready: marker, leftovers of dead jobs, record.

    Args:
        path: the folder; it has to exist.
        clock: seconds since 1970.
        calls: the operating system; another one only in tests.
        drive: what is known of the drive; found out where it is not given.
        on_block: called whenever the drive has given something of a file that is read back.

    Raises:
        TargetMissing, TargetNotAFolder, TargetReadOnly, TargetInUse, TargetSwapped, RecordTooNew, DriveError.
    """
    calls = calls or SystemCalls()
    root = Path(os.path.abspath(path))  # noqa: PTH100 - links stay: the person's own spelling is shown
    lock = lock_target(root, now=clock(), calls=calls)
    with ExitStack() as undo:
        undo.callback(lock.release)
        drive = drive or drive_of(root)
        parts = PartJournal(root, root / OURS / PARTS, calls)
        parts.remove_leftovers()
        reader = Reader(drive.traits, drive.device, calls, on_block)
        record, notices = open_record(root, now=clock(), calls=calls)
        undo.pop_all()
    context = WriteContext(
        root=root,
        traits=drive.traits,
        calls=calls,
        clock=clock,
        parts=parts,
        names=NameRegistry(root, record, drive.traits),
        folders=FolderMaker(root, calls),
        existing=ExistingFiles(root, record, reader, calls),
        reader=reader,
    )
    target = Target(lock, drive, record, context, notices)
    try:
        yield target
    finally:
        target.close()
