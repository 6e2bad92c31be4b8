"""What front ends and the engine's host say to each other: JSON Lines on a Unix socket, both ways.

    -> {"id": 7, "ask": "survey", "args": {...}}
    <- {"id": 7, "answer": ...}            or {"id": 7, "error": {"kind": "PhoneLocked", "sentence": "..."}}
    <- {"push": "status", "value": ...}    latest wins: a client that reads slowly gets fewer of them

Values are the dataclasses below and those of `engine.spec` and `engine.status`, as `engine.wire` writes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.spec import JobSpec, Selection
from ambertime_tui.engine.api.status import (
    Census,
    Condition,
    DriveSummary,
    Left,
    Outcome,
    Phase,
    PhoneSummary,
    ScanStatus,
    Tally,
)
from ambertime_tui.library.histogram import LibraryByDay
from ambertime_tui.library.model import Asset

T = TypeVar("T")

PROTOCOL = 1
"""Grows when an old client could no longer talk to a new host."""

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; more in one line is not our protocol."""


class EngineError(Exception):
    """What was asked cannot be done; str() is the sentence for the person.

    Attributes:
        kind: the name of the trouble, stable: that of the phone's, the drive's or the library's exception
            (`NoPhoneAttached`, `TargetMissing`, ...), or one of the engine's own: `HostGone`, `HostFailed`,
            `NoJob`, `JobRunning`, `NotNow`, `NotUnderstood`, `EngineBroken`.
    """

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


class Ask(StrEnum):
    """What a client can ask for."""

    HELLO = "hello"
    PHONES = "phones"
    DRIVES = "drives"
    DRIVE = "drive"
    WATCH_DEVICES = "watch_devices"
    SURVEY = "survey"
    OVERVIEW = "overview"
    ASSETS = "assets"
    PREVIEW = "preview"
    START = "start"
    WATCH_STATUS = "watch_status"
    COMMAND = "command"
    ROWS = "rows"
    REPORT = "report"
    THUMBNAIL = "thumbnail"


class Push(StrEnum):
    """What a host says unasked to a client that watches."""

    DEVICES = "devices"
    SCAN = "scan"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs on this computer, as `jobs` and `attach` show it."""

    socket: str
    """Path of its host's socket."""
    job_id: str
    started_at: float
    target: str
    udid: str
    phone: str
    """The phone's name; empty as long as it is not known."""
    phase: Phase
    condition: Condition
    outcome: Outcome | None = None
    """Set where the job has ended and its host is still there for a client."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the host is."""

    protocol: int
    version: str
    pid: int
    job: RunningJob | None


@dataclass(frozen=True, slots=True)
class PhonesSeen:
    """The phones on a cable."""

    phones: tuple[PhoneSummary, ...] = ()
    hint: str = ""
    """Why none can be used although one is near (seen over Wi-Fi only, not seen by usbmuxd)."""


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """All phones and drives there are at this moment."""

    phones: tuple[PhoneSummary, ...] = ()
    drives: tuple[DriveSummary, ...] = ()
    sentence: str = ""
    """Why no phone can be seen at all (no usbmuxd) and what to do; empty: phones can be seen."""


@dataclass(frozen=True, slots=True)
class SurveyedLibrary:
    """What can be chosen from on a phone."""

    phone: PhoneSummary
    by_day: LibraryByDay
    """Own assets per day of capture, the hidden ones included, those in Recently Deleted not."""
    scan: ScanStatus
    """Counts of everything, as if all of it were selected."""
    scanned_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a start would do. Tallies count assets and the bytes of their files."""

    selected: Tally = Tally()
    local: Tally = Tally()
    """To copy at once."""
    icloud: Tally = Tally()
    """Originals (all or some) only in iCloud; taken or left by `JobSpec.originals`."""
    already: Tally = Tally()
    missing: Tally = Tally()
    """On neither: the phone does not have the original and iCloud does not, either."""
    cannot: Tally = Tally()
    """What this drive cannot hold (4 GiB on FAT32)."""
    undated: int = 0
    drive_free: int = 0
    needed: int = 0
    """Bytes the drive has to have free, the margin included."""
    problem: str = ""
    """Why a start makes no sense, in a sentence; empty: it may start."""
    advice: tuple[str, ...] = ()


class CommandName(StrEnum):
    """What a person can tell a running job."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    """After the files in hand are whole on the drive."""
    STOP_NOW = "stop_now"
    """The files in hand are thrown away."""
    FINISH = "finish"
    """Wait for iCloud no longer: write what is here, then end with the rest listed."""
    RETRY_FAILED = "retry_failed"
    """Everything that failed or was given up is tried again; `argument`: one asset's uuid, empty: all."""
    SKIP = "skip"
    """Leave an asset out of this job; `argument`: its uuid."""
    ORDER = "order"
    """`argument`: a FetchOrder."""
    SHOW_CODE = "show_code"


@dataclass(frozen=True, slots=True)
class Command:
    """An order to a running job."""

    name: CommandName
    argument: str = ""


class Pane(StrEnum):
    """The lists that can be read by page."""

    SCAN = "scan"
    """The assets of the selection, in the order of capture."""
    FETCH = "fetch"
    """The fetch queue in its order: what waits first, then what is done with."""
    WRITE = "write"
    """The assets to copy, in the order they are copied."""
    LEFT = "left"
    """The assets of the selection that are not on the drive."""


@dataclass(frozen=True, slots=True)
class Row:
    """One asset in a list."""

    uuid: str
    name: str
    day: str
    """Local day of capture, ISO; empty: undated."""
    bytes: int
    state: str
    """scan: local, icloud, partial, missing; fetch: a FetchState; write: waiting, copying, written, failed,
    skipped; left: the reason's word (`Left.reason`)."""
    note: str = ""
    """In words: why, or where it was written; fetch: where the phone has a thumbnail of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list."""

    total: int
    offset: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of a job's report."""

    census: Census | None
    total: int
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a job leaves: the accounting, and each asset of the selection that is not on the drive."""

    census: Census | None
    """None as long as the job runs."""
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class SurveyArgs:
    """Arguments of Ask.SURVEY."""

    udid: str | None = None
    refresh: bool = False
    """Read the phone even where a recent survey is kept."""


@dataclass(frozen=True, slots=True)
class SelectionArgs:
    """Arguments of Ask.OVERVIEW and Ask.ASSETS; the page is for the latter."""

    udid: str | None
    selection: Selection
    offset: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class AssetPage:
    """A page of the assets of a library."""

    assets: tuple[Asset, ...]
    next: int | None
    """The offset, in the library, to ask for the next page with; None: this was the last."""


@dataclass(frozen=True, slots=True)
class AssetArgs:
    """Arguments of Ask.THUMBNAIL."""

    uuid: str


@dataclass(frozen=True, slots=True)
class DriveArgs:
    """Arguments of Ask.DRIVE."""

    path: str


@dataclass(frozen=True, slots=True)
class SpecArgs:
    """Arguments of Ask.PREVIEW and Ask.START."""

    spec: JobSpec


@dataclass(frozen=True, slots=True)
class RowsArgs:
    """Arguments of Ask.ROWS and Ask.REPORT (which has no pane)."""

    offset: int
    limit: int
    pane: Pane = Pane.LEFT


def line(message: dict[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def ask_line(number: int, ask: Ask, args: object = None) -> bytes:
    """A question; `args` is one of the dataclasses above, a Command, or None."""
    return line({"id": number, "ask": ask.value, "args": to_json(args)})


def answer_line(number: int, value: object) -> bytes:
    """The answer to a question."""
    return line({"id": number, "answer": to_json(value)})


def error_line(number: int, error: EngineError) -> bytes:
    """A question that cannot be answered."""
    return line({"id": number, "error": {"kind": error.kind, "sentence": error.sentence}})


def push_line(push: Push, value: object) -> bytes:
    """Something said unasked."""
    return line({"push": push.value, "value": to_json(value)})


def parse_line(data: bytes) -> dict[str, Any]:
    """The message in a line.

    Raises:
        EngineError: `NotUnderstood`: it is not a JSON object.
    """
    try:
        message = json.loads(data)
    except ValueError as error:
        raise EngineError("NotUnderstood", f"A message could not be understood: {error}") from error
    if not isinstance(message, dict):
        raise EngineError("NotUnderstood", "A message could not be understood: it is not an object.")
    return message


def decoded(kind: type[T], value: Any) -> T:
    """An answer of a host, as the kind of thing that was asked for.

    Raises:
        EngineError: `NotUnderstood`: it is none.
    """
    try:
        return from_json(kind, value)
    except WireError as error:
        sentence = "The engine that runs is of another version of AmberTime; stop its job and start again."
        raise EngineError("NotUnderstood", sentence) from error
