"""The protocol between front ends and an engine host: JSON Lines on a Unix socket, in both directions.

    -> {"id": 7, "ask": "survey", "args": {...}}
    <- {"id": 7, "answer": ...}            or {"id": 7, "error": {"kind": "PhoneLocked", "sentence": "..."}}
    <- {"push": "status", "value": ...}    only the latest: a slow client gets fewer of them

Values are the dataclasses below and those in `spec` and `status`, encoded by `codec`; `messages` makes
the lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.engine.api.spec import Hooks, JobSpec, Selection
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

PROTOCOL = 1
"""Increased when an old client can no longer talk to a new host. `Hello` stays readable for all versions."""


class EngineError(Exception):
    """A request failed; `str()` is a sentence for the user.

    Attributes:
        kind: a stable name: that of the phone, drive or library exception (`NoPhoneAttached`,
            `TargetMissing`, ...), or one of `HostGone`, `HostFailed`, `NoJob`, `JobRunning`, `NotNow`,
            `NotUnderstood`, `OtherVersion`, `OtherUser`, `EngineBroken`.
    """

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


class Ask(StrEnum):
    """The requests of a client."""

    HELLO = "hello"
    PHONES = "phones"
    DRIVES = "drives"
    DRIVE = "drive"
    LOCATE = "locate"
    WATCH_DEVICES = "watch_devices"
    SURVEY = "survey"
    OVERVIEW = "overview"
    ASSETS = "assets"
    PREVIEW = "preview"
    PLAN = "plan"
    START = "start"
    WATCH_STATUS = "watch_status"
    COMMAND = "command"
    ROWS = "rows"
    REPORT = "report"
    THUMBNAIL = "thumbnail"


class Push(StrEnum):
    """The updates that a host pushes to a watching client."""

    DEVICES = "devices"
    SCAN = "scan"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job on this computer, as `jobs` and `attach` show it."""

    socket: str
    """Path of the host's socket."""
    job_id: str
    started_at: float
    target: str
    udid: str
    phone: str
    """The phone's name; empty until it is known."""
    phase: Phase
    condition: Condition
    outcome: Outcome | None = None
    """Set if the job has ended and its host is still serving a client."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a host says about itself."""

    protocol: int
    version: str
    pid: int
    job: RunningJob | None


@dataclass(frozen=True, slots=True)
class PhonesSeen:
    """The phones connected by cable."""

    phones: tuple[PhoneSummary, ...] = ()
    hint: str = ""
    """Why a nearby phone cannot be used (only on Wi-Fi, or not listed by usbmuxd)."""


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """All phones and drives connected now."""

    phones: tuple[PhoneSummary, ...] = ()
    drives: tuple[DriveSummary, ...] = ()
    sentence: str = ""
    """Why phones cannot be detected (no usbmuxd) and what to do; empty: they can."""
    drives_sentence: str = ""
    """Why drives cannot be listed and what to do; empty: they can."""


@dataclass(frozen=True, slots=True)
class SurveyedLibrary:
    """A phone's library, for choosing a selection."""

    phone: PhoneSummary
    by_day: LibraryByDay
    """The user's own assets per day of capture, with hidden ones and without Recently Deleted."""
    scan: ScanStatus
    """Counts as if everything were selected."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a job would do. Tallies count assets and the bytes of their files."""

    local: Tally = Tally()
    """Originals on the phone, ready to copy."""
    icloud: Tally = Tally()
    """Assets with originals only in iCloud; `JobSpec.originals` decides whether they are included."""
    already: Tally = Tally()
    missing: Tally = Tally()
    """Assets whose original is neither on the phone nor in iCloud."""
    cannot: Tally = Tally()
    """Assets this drive cannot store (4 GiB on FAT32)."""
    drive_free: int = 0
    needed: int = 0
    """Free bytes required on the drive, including a margin."""
    problem: str = ""
    """Why the job cannot start, as a sentence; empty: it can."""
    advice: tuple[str, ...] = ()
    in_part: int = 0
    """Assets counted as `icloud` of which some files are on the phone and are copied without waiting."""


class CommandName(StrEnum):
    """The commands for a running job."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    """Stop after the current files are complete on the drive."""
    STOP_NOW = "stop_now"
    """Stop immediately and discard unfinished files."""
    FINISH = "finish"
    """Stop waiting for iCloud: write what has arrived, then end and list the rest."""
    RETRY_FAILED = "retry_failed"
    """Retry what failed or was given up. `argument`: an asset's uuid; empty: all."""
    SKIP = "skip"
    """Leave an asset out of this job. `argument`: its uuid."""
    ORDER = "order"
    """`argument`: a FetchOrder."""
    SHOW_CODE = "show_code"
    TRIAL = "trial"
    """End the trial of a way of asking, or continue after it."""
    WAY = "way"
    """Ask iOS in another way from now on. `argument`: a FetchWay."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to a running job."""

    name: CommandName
    argument: str = ""


class Pane(StrEnum):
    """The lists that can be read in pages."""

    SCAN = "scan"
    """The selected assets, in the order of capture."""
    FETCH = "fetch"
    """The fetch queue: waiting assets first, then finished ones."""
    WRITE = "write"
    """The assets to copy, in copy order."""
    LEFT = "left"
    """The selected assets that are not on the drive."""


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
    """The reason, or where it was written; fetch: the path of its thumbnail on the phone."""


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
    """The result of a job: the census, and each selected asset that is not on the drive."""

    census: Census | None
    """None while the job runs."""
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class SurveyArgs:
    """Arguments of Ask.SURVEY."""

    udid: str | None = None
    refresh: bool = False
    """Read the phone even if there is a recent survey."""


@dataclass(frozen=True, slots=True)
class SelectionArgs:
    """Arguments of Ask.OVERVIEW and Ask.ASSETS. Only the latter uses the page."""

    udid: str | None
    selection: Selection
    offset: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class AssetPage:
    """A page of the assets of a library."""

    assets: tuple[Asset, ...]
    next: int | None
    """The library offset of the next page; None: this is the last."""


@dataclass(frozen=True, slots=True)
class AssetArgs:
    """Arguments of Ask.THUMBNAIL."""

    uuid: str


@dataclass(frozen=True, slots=True)
class DriveArgs:
    """Arguments of Ask.DRIVE and Ask.LOCATE."""

    path: str


@dataclass(frozen=True, slots=True)
class SpecArgs:
    """Arguments of Ask.PREVIEW."""

    spec: JobSpec


@dataclass(frozen=True, slots=True)
class StartArgs:
    """Arguments of Ask.START."""

    spec: JobSpec
    hooks: Hooks = Hooks()


@dataclass(frozen=True, slots=True)
class RowsArgs:
    """Arguments of Ask.ROWS and Ask.REPORT (which has no pane)."""

    offset: int
    limit: int
    pane: Pane = Pane.LEFT
