"""JobStatus: the immutable picture of a job at one moment, and all that a front end ever sees of it.

Nothing here grows with the library: lists are the last or next few; the whole of a list is asked for by page
(`engine.client.EngineClient.rows`). Sizes are bytes, times are seconds since 1970 (`..._at`) or durations in
seconds, rates are bytes a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.engine.api.spec import FetchOrder, JobSpec


class Phase(StrEnum):
    """Where a job is on its way."""

    CONNECTING = "connecting"
    SCANNING = "scanning"
    PLANNING = "planning"
    COPYING = "copying"
    """Local originals are being written; arrivals from iCloud, too, as they come."""
    FETCHING = "fetching"
    """All local originals are written; waiting for iOS to bring down the rest."""
    FINISHING = "finishing"
    ENDED = "ended"


class Condition(StrEnum):
    """How a job is, beside where it is."""

    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    """Cannot go on until something outside changes (phone locked, unplugged); `sentence` says what."""
    STOPPING = "stopping"


class Outcome(StrEnum):
    """How a job ended; maps one to one to the exit codes 0, 3, 1, 130."""

    COMPLETE = "complete"
    LEFT = "left"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of something, and its bytes."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.bytes + other.bytes)

    def less(self, other: Tally) -> Tally:
        """Without a part of it."""
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
    """True where this computer is trusted and the phone unlocked enough to be read."""
    sentence: str = ""
    """Where not ready: what the person has to do."""
    battery_percent: int | None = None
    on_power: bool | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class DriveAbilities:
    """What a drive's file system can do."""

    max_file_bytes: int | None
    """Largest file; None: larger than any video."""
    time_resolution: float
    """Seconds between two modification times that it can tell apart."""
    forbidden_characters: str
    windows_names: bool
    """True where names have to suit Windows: no CON or NUL, no dot or space at the end."""
    max_name: int
    name_unit: str
    """What that is counted in: bytes (of UTF-8), utf16 (code units)."""
    case_sensitive: bool
    fsyncs_folders: bool
    renames_without_replacing: bool
    cache_dropping: str
    """How a file is read back from the drive itself: by-file, by-device, or no: it cannot be."""


@dataclass(frozen=True, slots=True)
class DriveSummary:
    """A place to write to, as a front end shows it."""

    path: str
    name: str = ""
    file_system: str = ""
    total_bytes: int = 0
    free_bytes: int = 0
    removable: bool = False
    system: bool = False
    """True for the disk this computer runs from."""
    has_archive: bool = False
    """True where an archive of AmberTime is there already."""
    sentence: str = ""
    """Where it cannot be used, or not well (read-only, FAT32 and 4 GiB): why, and what to do."""
    usable: bool = True
    abilities: DriveAbilities | None = None


class ScanStep(StrEnum):
    """What a scan is doing."""

    WAITING = "waiting"
    DATABASE = "database"
    """Fetching a consistent copy of the library database."""
    READING = "reading"
    """Listing assets and originals from the copy."""
    FOLDERS = "folders"
    """Listing media folders, to see which files are really there."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ScanStatus:
    """The scan pane. Originals are counted per resource, assets per asset."""

    step: ScanStep = ScanStep.WAITING
    database_bytes: int = 0
    database_total: int = 0
    attempts: int = 0
    """How often the copy was begun; more than one: Photos was writing meanwhile."""
    folders_done: int = 0
    folders_total: int = 0
    assets: int = 0
    """All assets of the library, those of others included."""
    own: int = 0
    selected: int = 0
    """Own assets in the selection."""
    local: Tally = Tally()
    """Originals of the selection that are on the phone."""
    icloud: Tally = Tally()
    missing: Tally = Tally()
    undated: int = 0
    left_out: tuple[tuple[str, int], ...] = ()
    """Assets of others and excluded ones, by kind in words."""
    notices: tuple[str, ...] = ()


class FetchState(StrEnum):
    """The life of an asset in the fetch queue."""

    WAITING = "waiting"
    ASKED = "asked"
    ARRIVING = "arriving"
    ARRIVED = "arrived"
    WRITTEN = "written"
    SKIPPED = "skipped"
    GAVE_UP = "gave_up"


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
    """Path on the phone, relative to its media folder, of a small picture to know it by."""


@dataclass(frozen=True, slots=True)
class FetchStatus:
    """The iCloud fetch queue pane."""

    included: bool = False
    """False: the job takes only what is on the phone, and the queue shows what that leaves."""
    waiting: Tally = Tally()
    asked: Tally = Tally()
    arriving: Tally = Tally()
    arrived: Tally = Tally()
    written: Tally = Tally()
    skipped: Tally = Tally()
    gave_up: Tally = Tally()
    order: FetchOrder = FetchOrder.OLDEST
    rate: float | None = None
    """Bytes a second from real arrivals; None until there were some."""
    eta: float | None = None
    last_arrival_at: float | None = None
    began_at: float | None = None
    sentence: str = ""
    """Why it stands where it stands, and what to do."""
    code: str = ""
    """A shortcuts:// address to show as a QR code; empty: none to show."""
    code_sentence: str = ""
    """What to do with it, and what it asks for."""
    ending: bool = False
    """A person wants iCloud to be waited for no longer."""
    coming: tuple[FetchItem, ...] = ()
    """Some of those that are arriving, the first to begin first."""
    head: tuple[FetchItem, ...] = ()
    """The next few, in order."""
    recent: tuple[FetchItem, ...] = ()
    """The last few that arrived, newest first."""


@dataclass(frozen=True, slots=True)
class CurrentFile:
    """A file that is being copied now."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class WriteStatus:
    """The drive writer pane."""

    target: str = ""
    planned: Tally = Tally()
    """Assets to copy in this job, and their bytes: grows as originals arrive from iCloud."""
    written: Tally = Tally()
    files_written: int = 0
    already: Tally = Tally()
    """Assets that were on the drive before this job."""
    failed: int = 0
    read_back: int = 0
    """Files read back from the drive itself."""
    through_cache: int = 0
    """Files that could only be verified through the page cache."""
    rate: float | None = None
    eta: float | None = None
    """Seconds left for what is planned; None as long as it would be a guess."""
    current_files: tuple[CurrentFile, ...] = ()
    recent: tuple[str, ...] = ()
    """Paths last written, relative to the target, newest first."""
    rates: tuple[float, ...] = ()
    """Bytes a second for each of the last (at most 240) seconds, oldest first."""
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CensusLine:
    """One bucket of the census: assets that share one decision and one reason."""

    bucket: str
    """copied | already | icloud | failed | excluded"""
    reason: str
    """In words; empty for copied and already."""
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Census:
    """The accounting of the library: the lines add up to `library`."""

    library: int
    lines: tuple[CensusLine, ...]

    @property
    def holds(self) -> bool:
        """True where the identity holds."""
        return self.library == sum(line.count for line in self.lines)

    def count(self, bucket: str) -> int:
        """Assets in a bucket, all reasons together."""
        return sum(line.count for line in self.lines if line.bucket == bucket)


@dataclass(frozen=True, slots=True)
class Left:
    """An asset of the selection that is not on the drive, and why."""

    uuid: str
    original_filename: str
    day: str
    bytes: int
    reason: str
    """A stable word: icloud, missing, failed, excluded_by_drive, ..."""
    sentence: str
    """For people, with what to do."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the log line of a front end."""

    at: float
    level: str
    """info | warning | error"""
    text: str


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job at one moment."""

    job_id: str
    sequence: int
    """Grows with every change; the same number is the same picture."""
    spec: JobSpec
    started_at: float
    now: float
    """The engine's clock when this was taken."""
    phase: Phase = Phase.CONNECTING
    condition: Condition = Condition.RUNNING
    sentence: str = ""
    """What a person has to know or do now; empty: nothing."""
    outcome: Outcome | None = None
    ended_at: float | None = None
    phone: PhoneSummary | None = None
    scan: ScanStatus = ScanStatus()
    fetch: FetchStatus = FetchStatus()
    write: WriteStatus = WriteStatus()
    census: Census | None = None
    proof: str = ""
    """At the end: how many originals of this phone the drive holds, how that was proved, what is damaged."""
    afterwards: str = ""
    """At the end: what was changed on the phone for this job and can be changed back; empty: nothing."""
    events: tuple[Event, ...] = ()
    """The last 50, oldest first."""
    stop_after_file: bool = False
