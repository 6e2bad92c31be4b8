"""A private copy of a library database that may be written beside: SQLite replays the log into the copy."""

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
    """Copy a database and its write-ahead log to a folder that only this user can enter, for a while.

    The database given is not opened and not changed (a plain connection would delete its log on closing).

    Yields:
        The path of the copy, to be given to `read_library`.

    Raises:
        LibraryUnreadable: there is no such file, it cannot be read, or there is no room for the copy.
    """
    if database.is_dir():
        raise LibraryUnreadable(f"{database} is a folder; name the file Photos.sqlite in it.")
    if database.exists() and not database.is_file():
        raise LibraryUnreadable(f"{database} is no file that could be copied.")
    remove_leftovers(Path(tempfile.gettempdir()), _PREFIX)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:  # made with mode 0700
        copy = Path(folder) / "Photos.sqlite"
        try:
            _copy(database, copy)
            log = database.with_name(database.name + "-wal")
            if log.is_file():
                _copy(log, copy.with_name(copy.name + "-wal"))
        except FileNotFoundError:
            raise LibraryUnreadable(f"There is no file {database}.") from None
        except OSError as error:
            raise LibraryUnreadable(
                f"{database} could not be copied for reading: {error.strerror}."
            ) from error
        yield copy


def remove_leftovers(scratch: Path, prefix: str = "") -> None:
    """Removes the folders (PREFIX, number of a process, dash, anything) of this user's processes that are not
    there any more."""
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
