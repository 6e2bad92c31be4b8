"""Runs a command with all its children, and says what it took: seconds, processor, memory.

A small process stands between (`python -m benchmarks.measured`), which adopts whatever the command leaves
behind: a job in a session of its own is waited for and counted like any other child.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_EVERY = 0.01


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took."""

    seconds: float
    """From its start to its end, and that of the last process it started."""
    first_byte: float | None
    """Seconds until the first byte of a file was seen in the target; looked for every 10 ms."""
    cpu_seconds: float
    """User and system, of all its processes."""
    peak_bytes: int
    """Resident memory of the largest of its processes."""
    exit_code: int

    def rate(self, size: int) -> float:
        """Bytes a second from the first byte on the drive to the end of the command."""
        return size / max(self.seconds - (self.first_byte or 0.0), 1e-3)


class CommandFailed(Exception):
    """A command did not end well, or took too long; the message is what it said last."""


def measure(
    command: Sequence[str], environ: Mapping[str, str], target: Path, *, log: Path, limit: float = 900.0
) -> Measured:
    """Runs a command to its end.

    Args:
        command: program and arguments.
        environ: its environment.
        target: the folder that it writes to.
        log: where its output goes.
        limit: seconds after which it is killed.

    Raises:
        CommandFailed: it did not end with 0, or was killed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measured", str(target), str(log), str(limit), *command],
        env=dict(environ),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    took = Measured(**json.loads(done.stdout))
    if took.exit_code:
        said = log.read_text(errors="replace")[-400:].strip()
        raise CommandFailed(f"{Path(command[0]).name} ended with {took.exit_code}: {said}")
    return took


def own_peak_bytes() -> int:
    """The most memory that this process has had resident. On Linux what getrusage says of it is at least what
    its parent had when it was started; VmHWM begins anew with the program."""
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = [line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line]
        return int(kilobytes) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1)


def main() -> None:
    """Arguments: target, log, limit, command. Prints a `Measured` as JSON."""
    target, log, limit = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with log.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            sys.argv[4:], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        took = _waited_for(process.pid, target, began, limit)
    print(json.dumps(asdict(took)))
    os._exit(0)  # the Popen would complain that somebody else has waited for its process


def _waited_for(pid: int, target: Path, began: float, limit: float) -> Measured:
    first: float | None = None
    cpu, peak, code = 0.0, 0, 0
    while True:
        try:
            ended, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return Measured(time.perf_counter() - began, first, cpu, peak, code)
        now = time.perf_counter() - began
        if ended:
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss * (1024 if sys.platform == "linux" else 1))
            code = os.waitstatus_to_exitcode(status) if ended == pid else code
        elif now > limit:
            for child in _children():
                os.kill(child, signal.SIGKILL)
        else:
            if first is None and _has_bytes(target):
                first = now
            time.sleep(_LOOK_EVERY)


def _children() -> list[int]:
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listing.read_text().split()] if listing.exists() else []


def _has_bytes(target: Path) -> bool:
    for folder, folders, files in os.walk(target):
        folders[:] = [name for name in folders if name != ".ambertime"]
        for name in files:
            if not name.startswith("media.db"):
                try:
                    if os.stat(os.path.join(folder, name)).st_size:  # noqa: PTH116, PTH118 - each 10 ms
                        return True
                except FileNotFoundError:
                    continue
    return False


def copied_bytes(target: Path) -> tuple[int, int]:
    """Files and bytes in a target, without the bookkeeping of the tool that wrote it."""
    files = size = 0
    for folder, folders, names in os.walk(target):
        folders[:] = [name for name in folders if name != ".ambertime"]
        for name in names:
            if not name.startswith("media.db") and name != "SHA256SUMS":
                files += 1
                size += (Path(folder) / name).stat().st_size
    return files, size


if __name__ == "__main__":
    main()
