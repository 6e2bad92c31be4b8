"""The open folder of a target. Everything below it is reached part by part, and never through a link.

Anyone who can write to a drive can put a link, a pipe or a mount in the place of a folder or file of the
archive. A path would be followed to wherever that leads, also if it is swapped between a check and its use.
So each folder is opened relative to its open parent, and must be a real folder on the same file system.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ambertime_tui.drive.errors import Obstacle, ObstacleInArchive
from ambertime_tui.drive.volume.relative_path import UnsafePath, checked_folder, checked_path

# O_PATH looks the folder up without opening it, which saves a request on FUSE and network file systems.
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | (os.O_PATH if sys.platform == "linux" else os.O_RDONLY)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder."""

    name: str
    is_file: bool
    """True for a regular file. A link is neither file nor folder."""
    is_folder: bool
    is_link: bool
    size: int
    """In bytes; 0 for everything but a file."""


class RootFolder:
    """The open folder of a target. A context manager. Safe to use from any thread.

    Paths are relative to it, with slashes. All methods raise OSError like the system call, and
    ObstacleInArchive if something else is in the place of a folder or file.
    """

    def __init__(self, path: Path) -> None:
        """Open a folder. The path to it may have links: the user chose it.

        Raises:
            OSError: it cannot be opened.
        """
        self.path = path
        self._fd = os.open(path, _FOLDER)
        self._device = os.fstat(self._fd).st_dev

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it. Later calls raise OSError."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    @contextmanager
    def parent_of(self, path: str) -> Iterator[tuple[int, str]]:
        """The open folder that a path is in, and its name there."""
        folder, _, name = self._checked(path).rpartition("/")
        with self.folder(folder) as fd:
            yield fd, name

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """An open folder, to be used as `dir_fd`. It cannot be read or synced."""
        fd, opened = self._fd, -1
        try:
            so_far = ""
            for name in self._checked(path, folder=True).split("/") if path else ():
                so_far = f"{so_far}/{name}" if so_far else name
                fd = self._step(fd, name, so_far)
                if opened >= 0:
                    os.close(opened)
                opened = fd
            yield fd
        finally:
            if opened >= 0:
                os.close(opened)

    @contextmanager
    def readable_folder(self, path: str) -> Iterator[int]:
        """An open folder that can be listed and synced."""
        with self.folder(path) as fd:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
        try:
            yield readable
        finally:
            os.close(readable)

    def open_file(self, path: str, flags: int, mode: int = 0o644) -> int:
        """Open a regular file. Never waits for the other end of a pipe."""
        with self.parent_of(path) as (fd, name):
            if not flags & os.O_EXCL:
                try:
                    self._check_file(os.stat(name, dir_fd=fd, follow_symlinks=False), path)
                except FileNotFoundError:
                    if not flags & os.O_CREAT:
                        raise
            file = self._open_at(fd, name, flags, mode, path)
        try:
            self._check_file(os.fstat(file), path)
        except BaseException:
            os.close(file)
            raise
        return file

    def read(self, path: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes.

        Raises:
            ValueError: it is longer.
        """
        fd = self.open_file(path, os.O_RDONLY)
        with os.fdopen(fd, "rb") as stream:
            # Python reserves as many bytes as are asked for.
            data = stream.read(min(os.fstat(fd).st_size, limit) + 1)
        if len(data) > limit:
            raise ValueError(f"{path} is too long")
        return data

    def stat(self, path: str) -> os.stat_result:
        """Describe a file, folder or link itself."""
        if not path:
            return os.fstat(self._fd)
        with self.parent_of(path) as (fd, name):
            return os.stat(name, dir_fd=fd, follow_symlinks=False)

    def is_file(self, path: str) -> bool:
        """Whether a path is a regular file that can be reached. Never raises."""
        try:
            return stat.S_ISREG(self.stat(path).st_mode)
        except OSError:
            return False

    def entries(self, path: str) -> list[Entry]:
        """The names in a folder, sorted, with what they are. Those that vanish meanwhile are left out."""
        with self.readable_folder(path) as fd:
            return entries_of(fd)

    def check_folder(self, path: str) -> None:
        """Check that a path is a real folder on this file system."""
        with self.folder(path):
            pass

    def _checked(self, path: str, *, folder: bool = False) -> str:
        try:
            return checked_folder(path) if folder else checked_path(path)
        except UnsafePath as error:
            raise ObstacleInArchive(self.path, Obstacle.OUTSIDE, str(error)) from error

    def _step(self, parent: int, name: str, path: str) -> int:
        try:
            fd = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        except FileNotFoundError:
            raise
        except OSError:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                raise
            raise ObstacleInArchive(self.path / path, obstacle_of(mode), "folder") from None
        try:
            if os.fstat(fd).st_dev != self._device and not _same_mount(fd, self._fd):
                raise ObstacleInArchive(self.path / path, Obstacle.MOUNT, "folder")
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _open_at(self, fd: int, name: str, flags: int, mode: int, path: str) -> int:
        safe = flags | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(name, safe | os.O_NONBLOCK, mode, dir_fd=fd)
        except BlockingIOError:
            # A file server holds a lease on this file; it ends when somebody waits for the file.
            return os.open(name, safe, mode, dir_fd=fd)

    def _check_file(self, facts: os.stat_result, path: str) -> None:
        if not stat.S_ISREG(facts.st_mode):
            raise ObstacleInArchive(self.path / path, obstacle_of(facts.st_mode), "file")


def entries_of(folder: int) -> list[Entry]:
    """The names in an open folder, sorted, with what they are. Those that vanish meanwhile are left out."""
    found: list[Entry] = []
    with os.scandir(folder) as listed:
        for entry in listed:
            with suppress(FileNotFoundError):
                is_file = entry.is_file(follow_symlinks=False)
                size = entry.stat(follow_symlinks=False).st_size if is_file else 0
                is_folder = entry.is_dir(follow_symlinks=False)
                found.append(Entry(entry.name, is_file, is_folder, entry.is_symlink(), size))
    return sorted(found, key=lambda entry: entry.name)


def obstacle_of(mode: int) -> Obstacle:
    """What a file mode says is there."""
    for test, obstacle in (
        (stat.S_ISLNK, Obstacle.LINK),
        (stat.S_ISDIR, Obstacle.FOLDER),
        (stat.S_ISREG, Obstacle.FILE),
        (stat.S_ISFIFO, Obstacle.PIPE),
        (stat.S_ISSOCK, Obstacle.SOCKET),
    ):
        if test(mode):
            return obstacle
    return Obstacle.DEVICE


def _same_mount(one: int, other: int) -> bool:
    """Whether two folders are on one mount. A subvolume of Btrfs has a device number of its own."""
    numbers = {_mount_number(one), _mount_number(other)}
    return len(numbers) == 1 and None not in numbers


def _mount_number(fd: int) -> int | None:
    try:
        for line in Path(f"/proc/self/fdinfo/{fd}").read_text().splitlines():
            if line.startswith("mnt_id:"):
                return int(line.partition(":")[2])
    except (OSError, ValueError):
        pass
    return None
