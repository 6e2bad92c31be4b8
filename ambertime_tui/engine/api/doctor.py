"""Check computer, drive and phone for a front end: what is fine, what is worth knowing, and what is wrong.

The checks run in a process of their own, because a drive that hangs would keep this one from ending. It ends
with this process, whatever ends it, and removes what it wrote.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from ambertime_tui.child_processes import NEUTRAL_FOLDER, python_module, safe_environment
from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.paths import Paths, PathsError, private
from ambertime_tui.phone.usbmux_address import normalize_usbmux_address

SCRATCH_PREFIX = ".ambertime-doctor-"
"""Beginning of the name of the folder for the tests of a drive."""
ENDS_WITHIN = 10.0
"""Seconds for the process to remove what it wrote and to end."""
LONGEST_LINE = 1 << 20
"""Bytes."""
LOG_NAME = "doctor.log"
"""In the state folder: errors of the process itself."""

Fact = int | float | bool | str
"""A count, size, duration, rate, code or version; never a name, place or identifier."""


class Level(StrEnum):
    """How serious a finding is."""

    FINE = "fine"
    NOTE = "note"
    """Worth knowing."""
    WRONG = "wrong"


class Area(StrEnum):
    """What was checked."""

    COMPUTER = "computer"
    DRIVE = "drive"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    area: Area
    check: str
    """Stable word."""
    level: Level
    sentence: str
    """What was found and, unless it is fine, what to do. It may contain names and paths."""
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What is being checked now."""

    area: Area
    sentence: str


@dataclass(frozen=True, slots=True)
class Scratch:
    """The only folder that the checks write to on the drive. It is removed at the end."""

    path: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What the person has to do on the phone now, so that iOS downloads originals."""

    sentence: str
    code: str = ""
    """An address for the phone's camera; empty: none."""


Message = Finding | Step | Scratch | Ask


@dataclass(frozen=True, slots=True)
class Screen:
    """The terminal that a front end uses."""

    columns: int
    lines: int
    is_terminal: bool
    encoding: str
    """Of its output."""


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What to check."""

    udid: str | None = None
    """None: the only connected phone."""
    target: str | None = None
    """Absolute path of a folder on the drive; None: no drive."""
    long_seconds: float | None = None
    """How long to observe the phone, after tests that a quick check leaves out; None: a quick check."""
    way: FetchWay | None = None
    """Try this way of asking for originals; None: none."""
    screen: Screen | None = None


_KINDS: Mapping[str, type[Message]] = {"finding": Finding, "step": Step, "scratch": Scratch, "ask": Ask}


def message_line(message: Message) -> str:
    """Encode a message of the process as one line."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(message, cls))
    return json.dumps({kind: to_json(message)})


def parse_message(line: bytes) -> Message | None:
    """Decode a line of the process; None if it says that the checks are complete.

    Raises:
        ValueError: it is not a message.
    """
    data = json.loads(line)
    if not isinstance(data, dict):
        raise WireError("not a message")
    for name, kind in _KINDS.items():
        if name in data:
            return from_json(kind, data[name])
    if "end" in data:
        return None
    raise WireError("not a message")


async def examine(
    request: DoctorRequest, paths: Paths, environ: Mapping[str, str]
) -> AsyncGenerator[Message, None]:
    """Check computer, drive and phone, and yield each result. Close the generator with `aclosing`.

    Nothing is written to an archive or phone, and no phone is asked to trust this computer.

    Raises:
        EngineError: `DoctorFailed`: the checks could not be run to their end.
    """
    child_environ = safe_environment(environ)
    normalize_usbmux_address(child_environ)
    command = [*python_module("ambertime_tui.engine.doctor"), "--runtime", str(paths.runtime)]
    command += ["--state", str(paths.state), "--data", str(paths.data)]
    with ExitStack() as stack:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=_log(paths, stack),
                env=child_environ,
                cwd=NEUTRAL_FOLDER,
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl+C reaches this process only, which then ends that one
            )
        except OSError as error:
            raise EngineError("DoctorFailed", f"The checks did not start: {error.strerror}.") from error
    scratch: list[Scratch] = []
    try:
        async for message in _messages(process, request):
            if isinstance(message, Scratch):
                scratch.append(message)
            yield message
    finally:
        await asyncio.shield(_end(process, scratch))


async def _messages(
    process: asyncio.subprocess.Process, request: DoctorRequest
) -> AsyncGenerator[Message, None]:
    assert process.stdin is not None and process.stdout is not None
    with suppress(OSError):
        process.stdin.write(json.dumps(to_json(request)).encode() + b"\n")
        await process.stdin.drain()
    while True:
        try:
            line = await process.stdout.readline()
            message = parse_message(line) if line else None
        except ValueError as error:
            raise EngineError("DoctorFailed", "The checks sent a result that cannot be read.") from error
        if not line:
            raise EngineError(
                "DoctorFailed",
                f"The checks ended unexpectedly. Please report this error, with the log {LOG_NAME} in "
                "AmberTime's state folder.",
            )
        if message is None:
            return
        yield message


async def _end(process: asyncio.subprocess.Process, scratch: list[Scratch]) -> None:
    """End the process and, if it could not, remove its folder from the drive."""
    assert process.stdin is not None
    process.stdin.close()  # it ends when its input does
    try:
        async with asyncio.timeout(ENDS_WITHIN):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        return  # a thread of it is blocked by the drive, and so would be anything that we tried on it
    for folder in scratch:
        await asyncio.to_thread(remove_scratch, Path(folder.path))


def remove_scratch(folder: Path) -> None:
    """Remove the folder of a test. Follows no links; does nothing to any other folder."""
    if folder.name.startswith(SCRATCH_PREFIX) and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def _log(paths: Paths, stack: ExitStack) -> IO[bytes] | int:
    try:
        file = private(paths.state) / LOG_NAME
        return stack.enter_context(file.open("wb"))
    except (OSError, PathsError):
        return subprocess.DEVNULL
