"""Logs every write that a file system sends to its drive, and rebuilds the drive as of any moment.

A qemu-storage-daemon between a loop device and an image file logs each write and flush in the
format of the kernel's dm-log-writes target (Documentation/admin-guide/device-mapper/log-writes.rst): a super
block, then one entry per request: sector, number of sectors, flags, length of the data, and the data.
A crash state is a prefix of that log, optionally without some of the writes after its last flush, because a
drive may keep those in its cache and lose any of them.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
_MAGIC = 0x6A736677736872
_SUPER = struct.Struct("<QQQL")
_ENTRY = struct.Struct("<QQQQ")
_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of the log."""

    sector: int
    sectors: int
    flags: int
    data_at: int
    """Offset of its data in the log file."""

    @property
    def is_flush(self) -> bool:
        """True for a flush: all earlier writes are on the medium."""
        return bool(self.flags & FLUSH)

    @property
    def writes(self) -> bool:
        """True if the request carries data."""
        return self.sectors > 0 and not self.flags & (DISCARD | MARK)


class BlockLog:
    """The log file, which may still be growing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self._at = SECTOR

    def read(self) -> int:
        """Read new entries. Returns the number of entries so far."""
        with self.path.open("rb") as log:
            head = log.read(_SUPER.size)
            if len(head) < _SUPER.size or _SUPER.unpack(head)[0] != _MAGIC:
                return len(self.entries)
            size = os.fstat(log.fileno()).st_size
            while self._at + SECTOR <= size:
                log.seek(self._at)
                sector, sectors, flags, length = _ENTRY.unpack(log.read(_ENTRY.size))
                if sectors == 0 and flags == 0:
                    break
                carries = 0 if flags & (DISCARD | MARK) else sectors * SECTOR
                after = self._at + SECTOR + (length if flags & MARK else carries)
                if after > size:
                    break
                self.entries.append(Entry(sector, sectors, flags, self._at + SECTOR))
                self._at = after
        return len(self.entries)


@dataclass(frozen=True, slots=True)
class CrashState:
    """The drive after a power cut: the first `length` requests, without those lost from its cache."""

    length: int
    lost: frozenset[int] = frozenset()


def crash_states(entries: list[Entry], count: int, rng: random.Random, since: int) -> list[CrashState]:
    """Choose `count` states from the `since`-th request on, ordered by length.

    They are flush boundaries, random prefixes, and prefixes without some writes after the last flush."""
    end = len(entries)
    boundaries = [i + 1 for i in range(since, end) if entries[i].is_flush]
    rng.shuffle(boundaries)
    states = [CrashState(length) for length in boundaries[: count // 4]]
    while len(states) < count:
        length = rng.randint(since, end)
        last_flush = next((i for i in range(length - 1, -1, -1) if entries[i].is_flush), -1)
        unsure = [
            i for i in range(last_flush + 1, length) if entries[i].writes and not entries[i].flags & FUA
        ]
        kept = rng.choice((1.0, 0.9, 0.5, 0.1))
        states.append(CrashState(length, frozenset(i for i in unsure if rng.random() > kept)))
    return sorted(states, key=lambda state: state.length)


class Replayer:
    """Writes crash states to an image in order of length, so that common parts are written once."""

    def __init__(self, log: BlockLog, start: Path, scratch: Path) -> None:
        self._log = log
        self._base = scratch / "base.img"
        self._state = scratch / "state.img"
        copy_sparse(start, self._base)
        self._flushed = 0

    def image_of(self, state: CrashState) -> Path:
        """The image file of a state, valid until the next call."""
        entries = self._log.entries
        last_flush = next((i for i in range(state.length - 1, -1, -1) if entries[i].is_flush), -1)
        with self._log.path.open("rb") as log:
            with self._base.open("r+b") as base:
                for i in range(self._flushed, last_flush + 1):
                    _apply(entries[i], log.fileno(), base.fileno())
            self._flushed = max(self._flushed, last_flush + 1)
            copy_sparse(self._base, self._state)
            with self._state.open("r+b") as image:
                for i in range(last_flush + 1, state.length):
                    if i not in state.lost:
                        _apply(entries[i], log.fileno(), image.fileno())
        return self._state


def _apply(entry: Entry, log: int, target: int) -> None:
    if entry.writes:
        os.pwrite(target, os.pread(log, entry.sectors * SECTOR, entry.data_at), entry.sector * SECTOR)


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a sparse file, keeping its holes."""
    with source.open("rb") as read, target.open("wb") as write:
        size = os.fstat(read.fileno()).st_size
        write.truncate(size)
        at = 0
        while at < size:
            try:
                begin = os.lseek(read.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            at = os.lseek(read.fileno(), begin, os.SEEK_HOLE)
            os.lseek(write.fileno(), begin, os.SEEK_SET)
            while begin < at:
                begin += os.sendfile(write.fileno(), read.fileno(), begin, min(_COPY, at - begin))


class ToolFailed(Exception):
    """A system tool failed. The message is its output."""


def run(*command: str | Path) -> None:
    """Run a system tool. Raises ToolFailed with its output."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise ToolFailed(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")


@contextlib.contextmanager
def loop_device(image: Path) -> Iterator[Path]:
    """The image as a block device."""
    done = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, text=True)
    if done.returncode:
        raise ToolFailed(done.stderr.strip())
    device = Path(done.stdout.strip())
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextlib.contextmanager
def recorded(image: Path, log: Path, exported: Path) -> Iterator[Path]:
    """The image as a file whose writes are logged. The log is complete at the end of the block.

    Raises:
        ToolFailed: qemu-storage-daemon did not start.
    """
    log.touch()
    exported.touch()
    daemon = subprocess.Popen(
        [
            "qemu-storage-daemon",
            *("--blockdev", f"driver=file,node-name=data,filename={image}"),
            *("--blockdev", f"driver=file,node-name=log,filename={log}"),
            *(
                "--blockdev",
                "driver=blklogwrites,node-name=logged,file=data,log=log,log-sector-size=512",
            ),
            *("--export", f"type=fuse,id=export,node-name=logged,mountpoint={exported},writable=on"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        size = image.stat().st_size
        deadline = time.monotonic() + 20
        while exported.stat().st_size != size:
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise ToolFailed(f"qemu-storage-daemon: {daemon.stderr.read() if daemon.stderr else ''}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(0.02)
        yield exported
    finally:
        daemon.terminate()
        daemon.wait(20)


def missing_tools(*tools: str) -> str:
    """Why logging is not possible here; empty if it is."""
    if os.geteuid() != 0:
        return "needs root for loop devices and mounts"
    if not Path("/dev/fuse").exists() or not Path("/dev/loop-control").exists():
        return "needs /dev/fuse and loop devices"
    absent = [tool for tool in ("qemu-storage-daemon", "losetup", *tools) if shutil.which(tool) is None]
    return f"needs {', '.join(absent)}" if absent else ""
