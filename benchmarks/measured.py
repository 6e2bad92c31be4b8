"""Run a command with all its child processes, and measure time, CPU and memory.

A small process in between (`python -m benchmarks.measured`) adopts the processes that the command leaves
running, so that a job in its own session is awaited and counted like any other child.
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
_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Measured:
    """Time, CPU and memory of a command."""

    seconds: float
    """From the start of the command to the end of its last process."""
    first_byte: float | None
    """Seconds until the target contained the first byte of a file, checked every 10 ms."""
    cpu_seconds: float
    """User and system time of all its processes."""
    peak_bytes: int
    """Peak resident memory of its largest process."""
    exit_code: int

    def rate(self, size: int) -> float:
        """Return bytes per second, from the first byte on the drive to the end of the command."""
        return size / max(self.seconds - (self.first_byte or 0.0), 1e-3)


class CommandFailed(Exception):
    """A command failed or took too long. The message ends with its last output."""


def measure(
    command: Sequence[str], environ: Mapping[str, str], target: Path, *, log: Path, limit: float = 900.0
) -> Measured:
    """Run a command and measure it.

    Args:
        command: program and arguments.
        environ: its environment.
        target: the folder it writes to.
        log: a file for its output.
        limit: seconds after which it is killed.

    Raises:
        CommandFailed: the exit code is not 0, or the command was killed.
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
    """Return the peak resident memory of this process.

    On Linux, getrusage reports at least the memory of the parent process at the start, but VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = [line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line]
        return int(kilobytes) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1)


def main() -> None:
    """Run the command in the arguments (target, log, limit, command). Print a `Measured` as JSON."""
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
    os._exit(0)  # skips Popen's warning that its process was already reaped


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
            time.sleep(_POLL_SECONDS)


def _children() -> list[int]:
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listing.read_text().split()] if listing.exists() else []


def _has_bytes(target: Path) -> bool:
    for folder, folders, files in os.walk(target):
        folders[:] = [name for name in folders if name != ".ambertime"]
        for name in files:
            if not name.startswith("media.db"):
                try:
                    if os.stat(os.path.join(folder, name)).st_size:  # noqa: PTH116, PTH118 - runs every 10 ms
                        return True
                except FileNotFoundError:
                    continue
    return False


def copied_bytes(target: Path) -> tuple[int, int]:
    """Return the number of files and bytes in a target, without files that the tool keeps for itself."""
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
