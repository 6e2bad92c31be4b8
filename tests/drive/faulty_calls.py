"""System calls that fail at the Nth call, once or permanently, or lose power."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ambertime_tui.drive.volume.system_calls import SystemCalls

CHANGING = (
    "create",
    "create_empty",
    "open_append",
    "open_existing",
    "truncate",
    "write",
    "set_modified",
    "fsync",
    "close",
    "_rename_exclusive",
    "link",
    "replace",
    "unlink",
    "mkdir",
    "fsync_folder",
    "commit",
)
READING = ("open_read", "drop_cache")


class Killed(BaseException):
    """Simulates the death of the process."""


class CountingCalls(SystemCalls):
    """Calls `before` ahead of each system call, with its number (from 1) and name."""

    def __init__(
        self, before: Callable[[int, str], None] = lambda number, name: None, *, exclusive: bool = True
    ) -> None:
        """`exclusive`: whether the drive can rename without replacing. exFAT's FUSE driver cannot."""
        self._exclusive = exclusive
        self.count = 0
        self.names: list[str] = []
        self._before = before
        self._open: set[int] = set()
        self._counting = threading.Lock()
        for name in (*CHANGING, *READING):
            setattr(self, name, self._counted(name, getattr(self, name)))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            with self._counting:
                self.count += 1
                number = self.count
                self.names.append(name)
            try:
                self._before(number, name)
            except BaseException:
                # Half of a write reaches the file, and close releases the descriptor even after EIO.
                if name == "write":
                    os.write(arguments[0], bytes(arguments[1][: len(arguments[1]) // 2]))
                if name == "close":
                    self._open.discard(arguments[0])
                    os.close(arguments[0])
                raise
            result = call(*arguments, **options)
            if name in ("create", "open_append", "open_existing", "open_read"):
                self._open.add(result)
            if name == "close":
                self._open.discard(arguments[0])
            return result

        return counted

    def _rename_exclusive(self, source: Path, target: Path) -> None:
        if not self._exclusive:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        super()._rename_exclusive(source, target)

    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def bury(self) -> None:
        """Close the files of a dead process, as the kernel does."""
        for fd in self._open:
            with suppress(OSError):
                os.close(fd)
        self._open.clear()


def failing(at: int, code: int, *, for_good: bool, exclusive: bool = True) -> CountingCalls:
    """The call with that number fails; with `for_good`, all later ones as well."""

    def before(number: int, name: str) -> None:
        if number == at or (for_good and number > at):
            if name == "commit":
                raise sqlite3.OperationalError(f"{os.strerror(code)} (injected)")
            raise OSError(code, f"{os.strerror(code)} (injected into {name})")

    return CountingCalls(before, exclusive=exclusive)


def killed(at: int, *, exclusive: bool = True) -> CountingCalls:
    """The process dies just before this call."""

    def before(number: int, name: str) -> None:
        if number >= at:
            raise Killed(name)

    return CountingCalls(before, exclusive=exclusive)


def killed_for_real(at: int) -> CountingCalls:
    """The test process itself is killed with SIGKILL just before this call."""

    def before(number: int, name: str) -> None:
        if number >= at:
            os.kill(os.getpid(), signal.SIGKILL)

    return CountingCalls(before)


class PowerCutCalls(CountingCalls):
    """Tracks what was not synced, so that `cut` can undo it.

    A new, renamed or removed name may be lost until its folder is synced, and the bytes of a file until the
    file is synced. SQLite's own file is not tracked, because SQLite syncs what it commits.
    """

    def __init__(
        self,
        at: int,
        keep: Path,
        *,
        ignores_fsync: bool = False,
        exclusive: bool = True,
        after: PowerCutCalls | None = None,
    ) -> None:
        """
        Args:
            at: the power is cut just before the call with this number.
            keep: an empty folder for removed files, to restore them.
            ignores_fsync: fsync does nothing, which the test must detect.
            after: the previous job, killed without a power cut: its unsynced data is still in memory.
        """

        def before(number: int, name: str) -> None:
            if number >= at:
                raise Killed(name)

        self._keep, self._ignores_fsync = keep, ignores_fsync
        self._pending: list[tuple[set[Path], Callable[[], object]]] = after._pending if after else []
        self._dirty: dict[int, int] = after._dirty if after else {}
        self._paths: dict[int, Path] = {}
        super().__init__(before, exclusive=exclusive)

    def create(self, path: Path) -> int:
        fd = super().create(path)
        self._dirty[os.fstat(fd).st_ino] = 0
        self._pending.append(({path.parent}, lambda: path.unlink()))
        return fd

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._dirty.setdefault(os.fstat(fd).st_ino, os.fstat(fd).st_size)
        return super().write(fd, data)

    def fsync(self, fd: int) -> None:
        if not self._ignores_fsync:
            super().fsync(fd)
            self._dirty.pop(os.fstat(fd).st_ino, None)

    def _rename_exclusive(self, source: Path, target: Path) -> None:
        super()._rename_exclusive(source, target)
        self._pending.append(({source.parent, target.parent}, lambda: target.replace(source)))

    def replace(self, source: Path, target: Path) -> None:
        kept = self._kept(target) if target.exists() else None
        super().replace(source, target)

        def undo() -> None:
            target.replace(source)
            if kept is not None:
                kept.replace(target)

        self._pending.append(({source.parent, target.parent}, undo))

    def unlink(self, path: Path) -> None:
        kept = self._kept(path)
        super().unlink(path)
        self._pending.append(({path.parent}, lambda: kept.replace(path)))

    def mkdir(self, path: Path) -> None:
        super().mkdir(path)
        self._pending.append(({path.parent}, lambda: shutil.rmtree(path)))

    def fsync_folder(self, path: Path) -> None:
        super().fsync_folder(path)
        if not self._ignores_fsync:
            self._pending = [(folders - {path}, undo) for folders, undo in self._pending if folders != {path}]

    def cut(self, root: Path, chance: random.Random) -> None:
        """Undo some or all of what was not synced: names from the newest back, and bytes of any file."""
        self.bury()
        lost = chance.choice([0, len(self._pending), chance.randint(0, len(self._pending))])
        for _, undo in reversed(self._pending[len(self._pending) - lost :]):
            with suppress(FileNotFoundError):
                undo()
        for path in root.rglob("*"):
            if path.is_file() and path.stat().st_ino in self._dirty:
                synced = self._dirty[path.stat().st_ino]
                os.truncate(path, chance.randint(synced, max(synced, path.stat().st_size)))

    def _kept(self, path: Path) -> Path:
        kept = self._keep / str(len(list(self._keep.iterdir())))
        os.link(path, kept)
        return kept
