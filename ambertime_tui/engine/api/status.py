"""JobStatus: an immutable snapshot of a job, and everything a front end knows about it.

Its size does not grow with the library: lists hold only the last or next few items. Full lists are read in
pages (`EngineClient.rows`). Sizes are bytes, times are seconds since 1970 (`..._at`) or durations in seconds,
rates are bytes per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.engine.api.attendance import Attendance, HandCount, NightsStatus
from ambertime_tui.engine.api.spec import FetchOrder, JobSpec
from ambertime_tui.engine.api.trial import TrialStatus


class Phase(StrEnum):
    """The phase of a job."""

    CONNECTING = "connecting"
    SCANNING = "scanning"
    PLANNING = "planning"
    COPYING = "copying"
    """Copying local originals, and originals from iCloud as they arrive."""
    FETCHING = "fetching"
    """All local originals are copied; waiting for iOS to download the rest."""
    FINISHING = "finishing"
    ENDED = "ended"


class Condition(StrEnum):
    """The condition of a job, independent of its phase."""

    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    """Blocked until something changes (phone locked or unplugged); `sentence` says what."""
    STOPPING = "stopping"


class Outcome(StrEnum):
    """How a job ended. Maps one to one to the exit codes 0, 3, 1 and 130."""

    COMPLETE = "complete"
    LEFT = "left"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of items and their bytes."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.bytes + other.bytes)

    def less(self, other: Tally) -> Tally:
        """The difference to another tally."""
        return Tally(self.count - other.count, self.bytes - other.bytes)


@dataclass(frozen=True, slots=True)
class PhoneSummary:
    """A phone as a front end shows it."""

    udid: str
    name: str = ""
    model: str = ""
    """Marketing name: iPhone 15 Pro."""
    ios_version: str = ""
    ready: bool = False
    """True if the phone trusts this computer and can be read."""
    sentence: str = ""
    """If not ready: what the user has to do."""
    battery_percent: int | None = None
    on_power: bool | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class DriveAbilities:
    """What a drive's file system can do."""

    max_file_bytes: int | None
    """Largest possible file; None: no practical limit."""
    time_resolution: float
    """Resolution of modification times, in seconds."""
    forbidden_characters: str
    windows_names: bool
    """True if names must be valid on Windows: no CON or NUL, no trailing dot or space."""
    max_name: int
    name_unit: str
    """Unit of `max_name`: bytes (of UTF-8) or utf16 (code units)."""
    case_sensitive: bool
    fsyncs_folders: bool
    renames_without_replacing: bool
    cache_dropping: str
    """How the page cache is bypassed when reading back: by-file, by-device, or no (not possible)."""


@dataclass(frozen=True, slots=True)
class DriveSummary:
    """A drive or folder to write to, as a front end shows it."""

    path: str
    name: str = ""
    file_system: str = ""
    total_bytes: int = 0
    """0 if the file system does not tell; then `free_bytes` is not known either."""
    free_bytes: int = 0
    removable: bool = False
    system: bool = False
    """True for the disk that this computer runs from."""
    has_archive: bool = False
    """True if it contains an AmberTime archive."""
    sentence: str = ""
    """Why it is unusable or limited (read-only, FAT32 and 4 GiB), and what to do."""
    usable: bool = True
    abilities: DriveAbilities | None = None
    mounted: bool = True
    """False: `path` is the device, and `sentence` has the command that mounts it."""


class ScanStep(StrEnum):
    """What a scan is doing."""

    WAITING = "waiting"
    DATABASE = "database"
    """Copying the library database from the phone."""
    READING = "reading"
    """Reading assets and originals from the copy."""
    FOLDERS = "folders"
    """Listing media folders to see which files exist."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ScanStatus:
    """The scan pane. Originals are counted by file, assets by asset."""

    step: ScanStep = ScanStep.WAITING
    database_bytes: int = 0
    database_total: int = 0
    attempts: int = 0
    """Attempts to copy the database. More than one: Photos was writing to it."""
    folders_done: int = 0
    folders_total: int = 0
    assets: int = 0
    """All assets of the library, including those of other people."""
    own: int = 0
    selected: int = 0
    """The user's own assets in the selection."""
    local: Tally = Tally()
    """Selected originals on the phone."""
    icloud: Tally = Tally()
    missing: Tally = Tally()
    pending: Tally = Tally()
    """Originals that iOS is still making."""
    undated: int = 0
    left_out: tuple[tuple[str, int], ...] = ()
    """Assets of other people and excluded ones, as (description, count)."""
    notices: tuple[str, ...] = ()


class FetchState(StrEnum):
    """The state of an asset in the fetch queue."""

    WAITING = "waiting"
    ASKED = "asked"
    ARRIVING = "arriving"
    ARRIVED = "arrived"
    WRITTEN = "written"
    SKIPPED = "skipped"
    GAVE_UP = "gave_up"
    NOT_BY_THIS_WAY = "not_by_this_way"
    """The way of asking cannot bring it. The job does not wait for it, but copies it if it arrives."""


@dataclass(frozen=True, slots=True)
class FetchItem:
    """One asset of the fetch queue."""

    uuid: str
    name: str
    day: str
    """Local day of capture, ISO; empty: undated."""
    bytes: int
    state: FetchState
    reason: str = ""
    thumbnail: str = ""
    """Path of its thumbnail on the phone, relative to the media folder."""


@dataclass(frozen=True, slots=True)
class FetchStatus:
    """The iCloud fetch queue pane."""

    included: bool = False
    """False: the job copies only what is on the phone, and the queue shows what remains."""
    waiting: Tally = Tally()
    asked: Tally = Tally()
    arriving: Tally = Tally()
    arrived: Tally = Tally()
    written: Tally = Tally()
    skipped: Tally = Tally()
    gave_up: Tally = Tally()
    not_by_this_way: Tally = Tally()
    trial: TrialStatus | None = None
    """None: the way of asking needs no trial."""
    order: FetchOrder = FetchOrder.OLDEST
    rate: float | None = None
    """Bytes per second, measured from arrivals; None before the first ones."""
    eta: float | None = None
    last_arrival_at: float | None = None
    began_at: float | None = None
    sentence: str = ""
    """The current state of the queue, and what to do."""
    code: str = ""
    """A shortcuts:// address to show as a QR code; empty: no code."""
    code_sentence: str = ""
    """What to do with the code, and what it requests."""
    hands: HandCount = HandCount()
    """How often a person was and will be needed at the iPhone."""
    nights: NightsStatus = NightsStatus()
    """The progress over several runs."""
    ending: bool = False
    """True after the user chose to stop waiting for iCloud."""
    coming: tuple[FetchItem, ...] = ()
    """Some of the arriving assets, in the order they began."""
    head: tuple[FetchItem, ...] = ()
    """The next few assets, in order."""
    recent: tuple[FetchItem, ...] = ()
    """The last few assets that arrived, newest first."""


@dataclass(frozen=True, slots=True)
class CurrentFile:
    """A file being copied now."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class WriteStatus:
    """The drive writer pane."""

    target: str = ""
    planned: Tally = Tally()
    """Assets to copy in this job, and their bytes. Grows as originals arrive from iCloud."""
    written: Tally = Tally()
    files_written: int = 0
    already: Tally = Tally()
    """Assets already on the drive before this job."""
    failed: int = 0
    read_back: int = 0
    """Files read back from the drive, not from memory."""
    through_cache: int = 0
    """Files that could only be read back through the page cache."""
    proved: int = 0
    """Originals written by this job whose bytes fit Apple's own fingerprint."""
    differing: int = 0
    """Originals that do not fit it, although they were read again."""
    unproved: int = 0
    """Originals of which the library has no fingerprint."""
    rate: float | None = None
    eta: float | None = None
    """Seconds left for the planned files; None until it can be estimated."""
    current_files: tuple[CurrentFile, ...] = ()
    recent: tuple[str, ...] = ()
    """Last written paths, relative to the target, newest first."""
    rates: tuple[float, ...] = ()
    """Bytes per second in each of the last 240 seconds, oldest first."""
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CensusLine:
    """One bucket of the census: assets in the same bucket for the same reason."""

    bucket: str
    """copied | already | icloud | failed | excluded"""
    reason: str
    """A phrase; empty for copied and already."""
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Proofs:
    """Originals of this phone on the drive, by file: what Apple's own fingerprint says about them."""

    proved: int = 0
    differs: int = 0
    unproved: int = 0
    """The library has no fingerprint of them, or it was not compared yet."""


@dataclass(frozen=True, slots=True)
class Census:
    """The accounting of the library. The lines add up to `library`; the other numbers are further tallies."""

    library: int
    lines: tuple[CensusLine, ...]
    in_part: int = 0
    """Assets of which some originals are on the drive and some are not; part of icloud and failed."""
    pending: int = 0
    """Assets that iOS is still processing; part of failed."""
    repaired: int = 0
    """Assets of which files on the drive were damaged or missing and were copied again; part of copied."""
    originals: Proofs = Proofs()
    """All originals of this phone on the drive."""

    @property
    def holds(self) -> bool:
        """True if the lines add up."""
        return self.library == sum(line.count for line in self.lines)

    def count(self, bucket: str) -> int:
        """Number of assets in a bucket, for all reasons."""
        return sum(line.count for line in self.lines if line.bucket == bucket)


@dataclass(frozen=True, slots=True)
class Left:
    """A selected asset that is not on the drive, and why."""

    uuid: str
    original_filename: str
    day: str
    bytes: int
    reason: str
    """A stable word: icloud, missing, failed, excluded_by_drive, ..."""
    sentence: str
    """For the user: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event for the log of a front end."""

    at: float
    level: str
    """info | warning | error"""
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a job has been waiting for the phone, the drive or iCloud."""

    since: float
    gives_up_at: float | None = None
    """When the patience ends; None: never."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A snapshot of a job."""

    job_id: str
    sequence: int
    """Increases with every change; equal numbers mean equal snapshots."""
    spec: JobSpec
    started_at: float
    now: float
    """The engine's clock at the time of the snapshot."""
    phase: Phase = Phase.CONNECTING
    condition: Condition = Condition.RUNNING
    sentence: str = ""
    """What the user has to know or do now; empty: nothing."""
    wait: Wait | None = None
    """What `sentence` or `fetch.sentence` says is waited for; None: nothing."""
    outcome: Outcome | None = None
    ended_at: float | None = None
    phone: PhoneSummary | None = None
    scan: ScanStatus = ScanStatus()
    fetch: FetchStatus = FetchStatus()
    write: WriteStatus = WriteStatus()
    attendance: Attendance = Attendance()
    """Whether a person is needed now, and what may be unplugged."""
    census: Census | None = None
    proof: str = ""
    """At the end: how many originals of this phone are on the drive, how they were verified, what is damaged.
    """
    afterwards: str = ""
    """At the end: which phone setting the user can change back after this job; empty: none."""
    events: tuple[Event, ...] = ()
    """The last 50, oldest first."""
    stop_after_file: bool = False
