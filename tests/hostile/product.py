"""Runs the whole product against something hostile, step by step: preview, forget, verify, backup.

`Product` is the test's side. Each run is a process of its own, forked from one that has loaded everything, so
that a run that hangs can be killed and one that takes too much memory is seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import importlib
import io
import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ambertime_tui.phone import discovery

ROOT = Path(__file__).parents[2]
LONGEST_RUN = 240.0
"""Seconds after which a run hangs. On an idle machine it takes 2 to 20."""
MOST_MEMORY = 400
"""MiB that a run may take at most. A backup of photos takes about 100."""
LARGEST_FILE = 256 << 20
"""Bytes. A file that never ends fails here, and not when the disk of this computer is full."""
EXIT_CODES = {0, 1, 2, 3, 130}
"""The documented ones."""
STEPS = ("preview", "forget", "verify", "backup", "verify again")


@dataclass(frozen=True, slots=True)
class Step:
    """What one step ended with."""

    code: int
    """The exit code."""
    sentence: str


@dataclass(slots=True)
class Ran:
    """What came of a run."""

    steps: dict[str, Step] = field(default_factory=dict)
    tracebacks: list[str] = field(default_factory=list)
    """Of errors that nothing foresaw, also those in the log only."""
    output: str = ""
    """Everything on stdout and stderr."""
    memory: int = 0
    """Peak in MiB."""
    seconds: float = 0.0
    hung: str = ""
    """Where it was when it was killed."""

    def violations(self) -> list[str]:
        """What no run may do, whatever it meets."""
        wrong = [f"a traceback: {text}" for text in self.tracebacks]
        if self.hung:
            wrong.append(f"it hung: {self.hung}")
        if "Traceback" in self.output:
            wrong.append(f"a traceback on the screen: {self.output}")
        if self.memory > MOST_MEMORY:
            wrong.append(f"it took {self.memory} MiB")
        for name, step in self.steps.items():
            if step.code not in EXIT_CODES:
                wrong.append(f"{name} ended with {step.code}")
            if "Internal error" in step.sentence:
                wrong.append(f"{name}: {step.sentence}")
            if step.code == 1 and not step.sentence:
                wrong.append(f"{name} failed without a sentence")
        return wrong


class Product:
    """Runs it, one run at a time. A context manager. XDG folders are in the environment."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.hostile.product"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._unread = b""
        assert self._answer(60.0) == {"ready": True}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def run(
        self,
        target: Path,
        usbmuxd: str,
        scratch: Path,
        *,
        steps: Sequence[str] = STEPS,
        patience: float = 3.0,
    ) -> Ran:
        """Run some steps.

        Args:
            target: the target folder.
            usbmuxd: the address of the usbmuxd with the phone.
            scratch: an empty folder for the output; it also holds the app's state.
            steps: of STEPS, in this order.
            patience: seconds that a backup waits for the phone.
        """
        order = {
            "target": str(target),
            "usbmuxd": usbmuxd,
            "scratch": str(scratch),
            "steps": list(steps),
            "patience": patience,
        }
        began = time.monotonic()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        (pid,) = self._answer(30.0).values()
        ended = self._answer(LONGEST_RUN)
        hung = ""
        if not ended:
            os.kill(pid, signal.SIGUSR1)
            time.sleep(0.5)
            os.kill(pid, signal.SIGKILL)
            ended = self._answer(30.0)
            hung = (scratch / "stacks").read_text() or "?"
        ran = Ran(seconds=time.monotonic() - began, hung=hung)
        ran.output = "".join((scratch / name).read_text(errors="replace") for name in ("output", "errors"))
        with contextlib.suppress(FileNotFoundError, ValueError):
            told = json.loads((scratch / "result").read_text())
            ran.steps = {name: Step(**step) for name, step in told["steps"].items()}
            ran.tracebacks, ran.memory = told["tracebacks"], told["memory"]
        if not hung and ended.get("status") != 0:
            ran.tracebacks.append(f"the process ended with {ended.get('status')}: {ran.output}")
        return ran

    def _answer(self, within: float) -> dict[str, Any]:
        """The next line of the other side; empty if there is none in time."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + within
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return {}
            more = os.read(self._process.stdout.fileno(), 65536)
            assert more, "the process that starts runs has died"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _serve() -> None:
    """Fork a run for each order, until stdin ends."""

    def say(**words: object) -> None:
        os.write(1, json.dumps(words).encode() + b"\n")

    say(ready=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _one_run(order)
                status = 0
            except BaseException:  # noqa: BLE001 - the test's side reports it
                traceback.print_exc()
            finally:
                os._exit(status)
        say(pid=pid)
        _, ended = os.waitpid(pid, 0)
        say(status=os.waitstatus_to_exitcode(ended))


def _one_run(order: dict[str, Any]) -> None:
    scratch = Path(order["scratch"])
    output = os.open(scratch / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    errors = os.open(scratch / "errors", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, standard in ((null, 0), (output, 1), (errors, 2)):
        os.dup2(fd, standard)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", write_through=True)
    faulthandler.register(signal.SIGUSR1, file=(scratch / "stacks").open("w"), all_threads=True)
    os.environ.update(
        {"USBMUXD_SOCKET_ADDRESS": order["usbmuxd"], "HOME": str(scratch)}
        | {f"XDG_{name}_HOME": str(scratch / name) for name in ("STATE", "DATA", "CONFIG", "CACHE")}
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    discovery.ANSWER_WITHIN = 2.0
    log = _Tracebacks()
    logging.getLogger().addHandler(log)
    steps: dict[str, Step] = {}
    for name in order["steps"]:
        try:
            steps[name] = _STEPS[name](order)
        except BaseException:  # noqa: BLE001 - each is a violation
            log.texts.append(f"{name}: {traceback.format_exc()}")
            steps[name] = Step(-1, "")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    result = {
        "steps": {name: asdict(step) for name, step in steps.items()},
        "tracebacks": log.texts,
        "memory": memory,
    }
    (scratch / "result").write_text(json.dumps(result))


class _Tracebacks(logging.Handler):
    """Keeps the errors that were logged with a traceback, such as those of tasks that nothing awaited."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*record.exc_info))
            self.texts.append(f"{record.getMessage()}: {text}")


def _backup(order: dict[str, Any]) -> Step:
    return asyncio.run(_job(order))


async def _job(order: dict[str, Any]) -> Step:
    from ambertime_tui.engine.api.spec import JobSpec
    from ambertime_tui.engine.job.errors import ROOM_ERRORS
    from ambertime_tui.engine.job.job import open_job
    from ambertime_tui.exit_codes import ExitCode, exit_code_of
    from ambertime_tui.paths import paths_from

    paths, timing = paths_from(os.environ), _timing()
    try:
        job = await open_job(
            JobSpec(order["target"], patience=order["patience"]),
            surveyor=_surveyor(),
            pair_records=paths.data / "pair-records",
            reports=paths.state / "reports",
            timing=timing,
        )
    except ROOM_ERRORS as error:
        return Step(int(ExitCode.FAILED), str(error))
    await job.run()
    status = job.progress.snapshot()
    assert status.outcome is not None
    if status.census is not None and not status.census.holds:
        return Step(-2, "the census does not add up")
    return Step(int(exit_code_of(status.outcome)), status.sentence)


def _preview(order: dict[str, Any]) -> Step:
    return asyncio.run(_previewed(order))


async def _previewed(order: dict[str, Any]) -> Step:
    """What the app shows of a task before it starts: the phone, its library, the target and what to copy."""
    from ambertime_tui.engine.api.spec import JobSpec
    from ambertime_tui.engine.host.preview import Previewer
    from ambertime_tui.engine.job.errors import ROOM_ERRORS
    from ambertime_tui.engine.job.target_memory import TargetMemory
    from ambertime_tui.exit_codes import ExitCode
    from ambertime_tui.paths import paths_from
    from ambertime_tui.phone.discovery import find_phone
    from ambertime_tui.phone.session import peek

    paths = paths_from(os.environ)
    surveyor = _surveyor()
    try:
        phone = await find_phone(None)
        await peek(phone.udid, paths.data / "pair-records", timeouts=_timing().phone)
        survey = await surveyor.survey(None, lambda _: None)
        preview = Previewer(TargetMemory(paths.state)).preview(survey, JobSpec(order["target"]))
    except ROOM_ERRORS as error:
        return Step(int(ExitCode.FAILED), str(error))
    finally:
        await surveyor.aclose()
    return Step(int(ExitCode.COMPLETE), preview.problem)


def _timing() -> Any:
    from ambertime_tui.engine.timing import Timing
    from ambertime_tui.phone.session import PhoneTimeouts

    return Timing(
        pause=lambda seconds: asyncio.sleep(min(seconds, 0.05)),
        phone=PhoneTimeouts(step_within=1.0, stall_after=1.0, ask_again_every=0.05),
    )


def _surveyor() -> Any:
    from ambertime_tui.engine.scan.surveyor import Surveyor
    from ambertime_tui.paths import paths_from

    paths = paths_from(os.environ)
    return Surveyor(paths.data / "pair-records", paths.state / "scratch", _timing())


def _command(*arguments: str) -> Step:
    """A command that needs no engine, in this process."""
    from ambertime_tui.cli import main

    at = os.fstat(1).st_size
    code = main([*arguments, "--json"])
    sys.stdout.flush()
    with Path("/dev/fd/1").open("rb") as stream:
        stream.seek(at)
        records = [json.loads(line) for line in stream]
    return Step(code, " ".join(record["sentence"] for record in records if record["type"] == "error"))


_STEPS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "preview": _preview,
    "forget": lambda order: _command("forget", "--dry-run", order["target"]),
    "verify": lambda order: _command("verify", order["target"]),
    "backup": _backup,
    "verify again": lambda order: _command("verify", order["target"]),
}

LOADED = (
    "pymobiledevice3.lockdown",
    "pymobiledevice3.services.afc",
    "pymobiledevice3.services.power_assertion",
    "pymobiledevice3.usbmux",
    "ambertime_tui.cli",
    "ambertime_tui.cli.forget_cmd",
    "ambertime_tui.cli.parser",
    "ambertime_tui.cli.verify_cmd",
    "ambertime_tui.engine.api.verification",
    "ambertime_tui.engine.host.preview",
    "ambertime_tui.engine.job.job",
    "ambertime_tui.phone.lockdown",
    "ambertime_tui.plain.json_printer",
)
"""What the steps would load while they run."""


if __name__ == "__main__":
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()
    _serve()
