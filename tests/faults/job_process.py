"""Thousands of jobs, each in its own process, forked from one that has loaded everything.

`JobMaker` is the test's side. Run as a program, this module is the other side: it takes orders from a socket
and sends the output of jobs over it. (The sweeps do not make send(2) fail.)
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Time limit in seconds between two messages of a job."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the product's I/O layer."""

    at: int
    """Number of the call, from 1; 0 for never."""
    code: int = 0
    """An errno; 0 kills the process."""
    for_good: bool = False
    """All later calls fail as well."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """The result of a job's process."""

    killed: bool
    outcome: str
    """Empty if the job did not get that far."""
    sentence: str
    written: int
    """Assets it reported as copied."""
    calls: int
    """Calls of the I/O layer, including reads."""
    adds_up: bool
    """True if the census counts every asset once, or there was no census."""


class RunningJob:
    """A job in its own process."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self.written = 0
        self._connection = connection
        self._ended: dict[str, Any] = {}

    def begin(self) -> None:
        """Let a waiting job start."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """Like `kill -9`. The job may already have ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, *, killed_after: float | None = None) -> JobEnd:
        """Wait for its end, or kill it after this many seconds."""
        deadline = _Deadline(None if killed_after is None else time.monotonic() + killed_after)
        for word, value in _words(self._connection, deadline):
            match word:
                case "late":
                    self.kill()
                    deadline.at = None
                case "written":
                    self.written = value
                case "ended":
                    self._ended = value
                case "gone":
                    break
        ended = self._ended
        return JobEnd(
            value == -signal.SIGKILL,
            ended.get("outcome", ""),
            ended.get("sentence", ""),
            self.written,
            ended.get("calls", 0),
            ended.get("adds_up", True),
        )


class JobMaker:
    """Makes jobs, one at a time; a context manager. The environment tells it where phone and state are."""

    def __enter__(self) -> Self:
        self._connection, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.faults.job_process", str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        theirs.close()
        assert next(_words(self._connection))[0] == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.wait(30)

    def start(self, target: Path, fault: Fault | None = None, *, waiting: bool = False) -> RunningJob:
        """A backup of all local originals of the only phone. `waiting`: do nothing before `begin`."""
        order = {"target": str(target), "fault": asdict(fault or Fault(0)), "waiting": waiting}
        self._connection.sendall(json.dumps(order).encode() + b"\n")
        word, pid = next(_words(self._connection))
        assert word == "pid"
        return RunningJob(self._connection, pid)

    def run(self, target: Path, fault: Fault | None = None) -> JobEnd:
        """A whole job."""
        return self.start(target, fault).wait()

    def run_under_strace(self, target: Path, options: Sequence[str], log: Path | None = None) -> JobEnd:
        """A whole job under `strace -f`, attached before it does anything."""
        job = self.start(target, waiting=True)
        command = ["strace", "-f", "-o", str(log or os.devnull), *options, "-p", str(job.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            if "attached" not in (said := strace.stderr.readline()):
                job.kill()
                job.wait()
                raise PermissionError(f"strace may not trace here: {said}")
            job.begin()
            ended = job.wait()
            strace.stderr.read()
        return ended


_unread: dict[int, bytes] = {}
"""Bytes received after the last complete line."""


@dataclass(slots=True)
class _Deadline:
    at: float | None = None
    """By the monotonic clock; None if there is no deadline."""


def _words(connection: socket.socket, deadline: _Deadline | None = None) -> Iterator[tuple[str, Any]]:
    """The messages, one by one; ("late", None) after a deadline."""
    while True:
        buffer = _unread.pop(connection.fileno(), b"")
        while b"\n" not in buffer:
            until = None if deadline is None else deadline.at
            left = PATIENCE if until is None else max(0.0, until - time.monotonic())
            if not select.select([connection], [], [], left)[0]:
                if until is None:
                    raise TimeoutError("the job says nothing")
                yield "late", None
                continue
            more = connection.recv(65536)
            if not more:
                raise EOFError("the maker of jobs has died")
            buffer += more
        line, _, rest = buffer.partition(b"\n")
        _unread[connection.fileno()] = rest
        word, value = json.loads(line)
        yield word, value


def _serve(connection: socket.socket) -> None:
    """Fork a job for each order, until the socket closes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

    def say(word: str, value: object = None) -> None:
        connection.sendall(json.dumps([word, value]).encode() + b"\n")

    say("ready")
    for line in connection.makefile("rb"):
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                say("pid", os.getpid())
                if order["waiting"]:
                    signal.sigwait({signal.SIGUSR1})
                say("ended", asyncio.run(_job(Path(order["target"]), Fault(**order["fault"]), say)))
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        say("gone", os.waitstatus_to_exitcode(status))


async def _job(target: Path, fault: Fault, say: Any) -> dict[str, object]:
    """One job, with messages on its progress."""
    from ambertime_tui.drive.errors import DriveError
    from ambertime_tui.engine.api.spec import JobSpec
    from ambertime_tui.engine.job.job import open_job
    from ambertime_tui.engine.scan.surveyor import Surveyor
    from ambertime_tui.engine.timing import Timing
    from ambertime_tui.paths import paths_from
    from tests.drive.faulty_calls import CountingCalls, failing, killed_for_real

    calls = CountingCalls()
    if fault.at and fault.code:
        calls = failing(fault.at, fault.code, for_good=fault.for_good)
    elif fault.at:
        calls = killed_for_real(fault.at)
    paths = paths_from(os.environ)
    records = paths.data / "pair-records"
    timing = Timing(pause=lambda seconds: asyncio.sleep(min(seconds, 0.02)))
    surveyor = Surveyor(records, paths.state / "scratch", timing)
    spec = JobSpec(str(target), patience=5.0)
    try:
        job = await open_job(
            spec,
            surveyor=surveyor,
            pair_records=records,
            reports=paths.state / "reports",
            timing=timing,
            calls=calls,
        )
    except DriveError as error:
        return {"outcome": "", "sentence": str(error), "calls": calls.count}
    running = asyncio.create_task(job.run())
    reported = 0
    while job.progress.outcome is None:
        await job.progress.changed()
        if job.progress.written.count != reported:
            reported = job.progress.written.count
            say("written", reported)
    await running
    status = job.progress.snapshot()
    assert status.outcome is not None
    return {
        "outcome": status.outcome.value,
        "sentence": status.sentence,
        "calls": calls.count,
        "adds_up": status.census is None or status.census.holds,
    }


LOADED = (
    "pymobiledevice3.lockdown",
    "pymobiledevice3.services.afc",
    "pymobiledevice3.services.power_assertion",
    "pymobiledevice3.usbmux",
    "ambertime_tui.engine.job.job",
    "ambertime_tui.phone.lockdown",
    "tests.drive.faulty_calls",
)
"""Import what a job would load while it runs."""


if __name__ == "__main__":
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
