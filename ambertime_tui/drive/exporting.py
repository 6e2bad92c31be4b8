"""Copy items out of an archive, with all their files, and compare each with its recorded hash.

A file is written under a hidden name, flushed, and gets its name only if its bytes are the recorded ones and
the name is free. The files of an item get their names together, once all that can be copied are complete.
Nothing in the archive is changed, and no file in the folder is replaced.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ambertime_tui.drive.errors import (
    ExportIntoArchive,
    ObstacleInArchive,
    TargetInUse,
    TargetMissing,
    TargetNotAFolder,
)
from ambertime_tui.drive.finding import FoundItem
from ambertime_tui.drive.layout import OURS, PHOTOS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.drive.verify.one_file import TargetAtStart
from ambertime_tui.drive.volume.marker import refuse_inside_archive
from ambertime_tui.drive.volume.own_files import opened_target
from ambertime_tui.drive.volume.root_folder import RootFolder
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.folders import FolderMaker

_BLOCK = 1 << 20
_PART = ".ambertime-part"
_NOT_POSSIBLE_HERE = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG, errno.EFBIG})


class Layout(StrEnum):
    """Where the files go."""

    PLAIN = "plain"
    """In folders as in the archive."""
    FLAT = "flat"
    """All in one folder, with the folder in the archive in front of the name: `2024-07_IMG_4821.HEIC`."""


class Export(StrEnum):
    """The outcome for a file."""

    COPIED = "copied"
    PRESENT = "present"
    """It was already there, with the recorded bytes."""
    MISSING = "missing"
    DAMAGED = "damaged"
    """Its bytes in the archive are not the recorded ones, or cannot be read."""
    EXISTS = "exists"
    """Another file has its name in the folder."""
    IMPOSSIBLE = "impossible"
    """The file system of the folder cannot store it."""

    is_left: bool
    """True if the file is not in the folder."""

    def __init__(self, word: str) -> None:
        self.is_left = word not in ("copied", "present")


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """The result for one file."""

    path: str
    """Relative to the archive."""
    to: str
    """Relative to the folder."""
    outcome: Export
    sentence: str
    """For people, if it is left."""
    size: int
    """Recorded bytes."""
    uuid: str
    """The item."""


def files_to_export(items: Iterable[FoundItem], *, edits: bool) -> list[tuple[FoundItem, list[RecordedFile]]]:
    """The files of each item, each path only once: items of two phones may share a file.

    Args:
        items: the items.
        edits: whether to include their edited versions.
    """
    seen: set[str] = set()
    listed = []
    for item in items:
        files = []
        for file in item.files:
            if file.path not in seen and (edits or file.role.is_original):
                seen.add(file.path)
                files.append(file)
        listed.append((item, files))
    return listed


def name_in(layout: Layout, path: str) -> str:
    """The path in the folder of a file of the archive."""
    if layout is Layout.PLAIN:
        return path
    return path.removeprefix(f"{PHOTOS}/").replace("/", "_")


def export_items(
    root: Path,
    selected: Iterable[tuple[FoundItem, list[RecordedFile]]],
    folder: Path,
    layout: Layout,
    on_file: Callable[[ExportedFile], None],
    on_bytes: Callable[[int], None] = lambda count: None,
) -> None:
    """Copy files to a folder, which is made if its parent exists. Can be interrupted and run again.

    Args:
        root: the archive.
        selected: from `files_to_export`.
        folder: not in an archive.
        layout: where the files go.
        on_file: called with the result for each file.
        on_bytes: called with the bytes of each block that was read.

    Raises:
        DriveError: the archive is gone, or the folder cannot be used or is full. Complete files stay.
    """
    with opened_target(root) as archive, _opened_folder(root, folder) as calls:
        copier = _Copier(archive, TargetAtStart.of(root, ""), folder, calls, on_bytes)
        for item, files in selected:
            for done in copier.copy(files, layout, item.asset.uuid):
                on_file(done)


class _Copier:
    def __init__(
        self,
        archive: RootFolder,
        place: TargetAtStart,
        folder: Path,
        calls: SystemCalls,
        on_bytes: Callable[[int], None],
    ) -> None:
        self._archive = archive
        self._place = place
        self._folder = folder
        self._calls = calls
        self._on_bytes = on_bytes
        self._folders = FolderMaker(folder, calls)

    def copy(self, files: Iterable[RecordedFile], layout: Layout, uuid: str) -> list[ExportedFile]:
        """Copy the files of one item."""
        self._place.check()
        done: list[ExportedFile] = []
        parts: list[tuple[int, Path]] = []
        try:
            for file in files:
                to = name_in(layout, file.path)
                part = self._folder / Path(to).parent / _part_name(to)
                parts.append((len(done), part))
                done.append(self._written(file, to, part, uuid))
            for place, part in parts:
                if done[place].outcome is Export.COPIED:
                    done[place] = self._named(done[place], part)
            for parent in {self._folder / Path(one.to).parent for one in done if not one.outcome.is_left}:
                self._calls.fsync_folder(parent)
        except OSError as error:
            raise drive_error(error, self._folder) from error
        finally:
            for _, part in parts:
                with suppress(OSError):
                    self._calls.unlink(part)
        return done

    def _written(self, file: RecordedFile, to: str, part: Path, uuid: str) -> ExportedFile:
        """Write the part of a file, unless the file is there.

        Raises:
            OSError: from the folder.
        """
        done = ExportedFile(file.path, to, Export.COPIED, "", file.size, uuid)
        there = self._there(file, to)
        if there is Export.PRESENT:
            return replace(done, outcome=Export.PRESENT)
        if there is Export.EXISTS:
            return _existing(done, self._folder)
        try:
            source = self._archive.open_file(file.path, os.O_RDONLY)
        except OSError as error:
            return self._unreadable(done, error)
        with os.fdopen(source, "rb", buffering=0) as stream:
            self._folders.ensure(Path(to).parent.as_posix() if "/" in to else "")
            with suppress(FileNotFoundError):
                self._calls.unlink(part)  # of an interrupted export
            try:
                return self._filled(done, file, stream.fileno(), part)
            except OSError as error:
                if error.errno not in _NOT_POSSIBLE_HERE:
                    raise
                why = f"{file.path} cannot be stored in {self._folder} ({error.strerror})."
                return replace(done, outcome=Export.IMPOSSIBLE, sentence=f"{why} Choose another drive.")

    def _filled(self, done: ExportedFile, file: RecordedFile, source: int, part: Path) -> ExportedFile:
        digest, size = hashlib.sha256(), 0
        fd = self._calls.create(part)
        try:
            while True:
                try:
                    block = os.read(source, _BLOCK)
                except OSError as error:
                    return self._unreadable(done, error)
                if not block:
                    break
                digest.update(block)
                size += len(block)
                rest = memoryview(block)
                while rest:
                    rest = rest[self._calls.write(fd, rest) :]
                self._on_bytes(len(block))
            known = file.modified_at
            self._calls.set_modified(fd, os.fstat(source).st_mtime if known is None else known)
            self._calls.fsync(fd)
        finally:
            self._calls.close(fd)
        if (size, digest.hexdigest()) == (file.size, file.sha256):
            return done
        why = f"The bytes of {file.path} are not the ones that were recorded."
        return replace(done, outcome=Export.DAMAGED, sentence=f"{why} `ambertime verify` says more.")

    def _there(self, file: RecordedFile, to: str) -> Export | None:
        """Whether a file of that name is in the folder; None: no.

        Raises:
            OSError: the folder cannot be read.
        """
        path = self._folder / to
        try:
            facts = self._calls.stat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in _NOT_POSSIBLE_HERE:
                return None
            raise
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != file.size:
            return Export.EXISTS
        with os.fdopen(self._calls.open_read(path), "rb") as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
        return Export.PRESENT if same else Export.EXISTS

    def _named(self, done: ExportedFile, part: Path) -> ExportedFile:
        try:
            self._calls.rename_noreplace(part, self._folder / done.to)
        except FileExistsError:
            return _existing(done, self._folder)
        except OSError as error:
            if error.errno not in _NOT_POSSIBLE_HERE:
                raise
            why = f"{done.path} cannot have the name {done.to} in {self._folder} ({error.strerror})."
            return replace(done, outcome=Export.IMPOSSIBLE, sentence=f"{why} Choose another drive.")
        return done

    def _unreadable(self, done: ExportedFile, error: OSError) -> ExportedFile:
        """The result for a file of the archive that cannot be read.

        Raises:
            TargetGone: the whole drive is gone.
        """
        if isinstance(error, ObstacleInArchive):
            why = f"{done.path} was not read: there is {error.obstacle} in its place."
            return replace(done, outcome=Export.DAMAGED, sentence=why)
        self._place.raise_if_gone(error)
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            why = f"{done.path} is not in the archive. If you moved it, run a backup, which finds it."
            return replace(done, outcome=Export.MISSING, sentence=why)
        why = f"{done.path} cannot be read ({error.strerror})."
        return replace(done, outcome=Export.DAMAGED, sentence=why)


def _existing(done: ExportedFile, folder: Path) -> ExportedFile:
    why = f"{folder / done.to} is another file. It was not replaced. Choose another folder."
    return replace(done, outcome=Export.EXISTS, sentence=why)


def _part_name(to: str) -> str:
    return f".{hashlib.sha256(to.encode()).hexdigest()[:16]}{_PART}"


@contextmanager
def _opened_folder(root: Path, folder: Path) -> Iterator[SystemCalls]:
    """System calls confined to the folder, which no other export uses meanwhile.

    Raises:
        DriveError: it cannot be used.
    """
    _refuse_archive(root, folder)
    try:
        with suppress(FileExistsError):
            folder.mkdir()
    except FileNotFoundError as error:
        raise TargetMissing(folder.parent) from error
    except OSError as error:
        raise drive_error(error, folder, doing="making the folder") from error
    try:
        opened = RootFolder(folder)
    except NotADirectoryError as error:
        raise TargetNotAFolder(folder) from error
    except OSError as error:
        raise drive_error(error, folder) from error
    with opened, opened.readable_folder("") as fd:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TargetInUse(folder, "another export") from error
        except OSError:
            pass  # a file system without locks
        calls = SystemCalls()
        calls.confine(opened)
        yield calls


def _refuse_archive(root: Path, folder: Path) -> None:
    """
    Raises:
        ExportIntoArchive: the folder is an archive or inside one.
    """
    refuse_inside_archive(folder)
    whole = folder.resolve()
    if whole.is_relative_to(root.resolve()) or os.path.lexists(folder / OURS):
        raise ExportIntoArchive(folder)
