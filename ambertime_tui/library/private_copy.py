"""A private copy of a library database, into which SQLite can replay the log."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ambertime_tui.library.errors import LibraryUnreadable

_PREFIX = "ambertime-library-"


@contextmanager
def private_copy(database: Path) -> Iterator[Path]:
    """Copy a database and its write-ahead log to a private temporary folder.

    The original is neither opened nor changed. (A normal connection would delete its log on closing.)

    Yields:
        The path of the copy, for `read_library`.

    Raises:
        LibraryUnreadable: the file does not exist or cannot be read, or there is no space for the copy.
    """
    if database.is_dir():
        raise LibraryUnreadable(f"{database} is a folder. Give the path of the Photos.sqlite in it.")
    if database.exists() and not database.is_file():
        raise LibraryUnreadable(f"{database} is not a regular file.")
    remove_leftovers(Path(tempfile.gettempdir()), _PREFIX)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:  # made with mode 0700
        copy = Path(folder) / "Photos.sqlite"
        try:
            _copy(database, copy)
            log = database.with_name(database.name + "-wal")
            if log.is_file():
                _copy(log, copy.with_name(copy.name + "-wal"))
        except FileNotFoundError:
            raise LibraryUnreadable(f"{database} does not exist.") from None
        except OSError as error:
            raise LibraryUnreadable(
                f"{database} could not be copied for reading: {error.strerror}."
            ) from error
        yield copy


def remove_leftovers(scratch: Path, prefix: str = "") -> None:
    """Remove temporary folders (PREFIX, process id, dash, anything) of this user's processes that have
    ended."""
    for folder in scratch.glob(f"{prefix}*-*"):
        pid = folder.name.removeprefix(prefix).partition("-")[0]
        with suppress(OSError):
            if pid.isdigit() and folder.lstat().st_uid == os.geteuid() and not _alive(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _copy(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
