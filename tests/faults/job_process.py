"""Whole jobs in processes of their own, by the thousand: one process has loaded all and forks for each.

`JobMaker` is the tester's side. Run as a program this is the other side, which takes orders from a socket; a
job's words go over that socket, too (send(2) is no call that the sweeps let fail).
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
"""Seconds within which a job has to say something."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong in the product's own I/O layer."""

    at: int
    """At which call, from 1; 0: never."""
    code: int = 0
    """An errno; 0: the process is killed."""
    for_good: bool = False
    """All later calls fail, too."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job's process ended."""

    killed: bool
    outcome: str
    """Empty: it did not get so far."""
    sentence: str
    written: int
    """Assets of which it had said that they are on the drive."""
    calls: int
    """Calls of the I/O layer, those of reading included."""
    adds_up: bool
    """Its census counts every asset of the library once; true where it took none."""


class RunningJob:
    """A job in a process of its own."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self.written = 0
        self._connection = connection
        self._ended: dict[str, Any] = {}

    def begin(self) -> None:
        """Lets a job that was ordered to wait go on."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """As `kill -9`; it may have ended in this moment."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, *, killed_after: float | None = None) -> JobEnd:
        """Hears it to its end, or kills it after so many seconds, should it still run."""
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
    """Makes jobs, one at a time; a context manager. The environment says where phone and state are."""

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
        """A backup of all local originals of the only phone; `waiting`: it does nothing before `begin`."""
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
"""What a socket gave beyond a whole line."""


@dataclass(slots=True)
class _Deadline:
    at: float | None = None
    """By the steady clock; None: there is none."""


def _words(connection: socket.socket, deadline: _Deadline | None = None) -> Iterator[tuple[str, Any]]:
    """What is said, one by one; ("late", None) when a deadline is over."""
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
    """Forks a job for each order, until nobody orders any more."""
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
    """One job, told as it goes."""
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
    told = 0
    while job.progress.outcome is None:
        await job.progress.changed()
        if job.progress.written.count != told:
            told = job.progress.written.count
            say("written", told)
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
"""What a job would load while it runs."""


if __name__ == "__main__":
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
