"""Job statuses as an engine reports them, at typical moments. The sentences are the engine's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.drive.errors import DriveFull
from ambertime_tui.engine.api.attendance import Attendance, NightsStatus
from ambertime_tui.engine.api.client import Report
from ambertime_tui.engine.api.doctor import Area, Finding, Level, Message, Scratch, Step
from ambertime_tui.engine.api.proof import backup_proof
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import (
    Census,
    CensusLine,
    Condition,
    CurrentFile,
    Event,
    FetchItem,
    FetchState,
    FetchStatus,
    JobStatus,
    Left,
    Outcome,
    Phase,
    Proofs,
    ScanStatus,
    ScanStep,
    Tally,
    Wait,
    WriteStatus,
)
from ambertime_tui.engine.api.trial import KindResult, TrialResult, TrialState, TrialStatus
from ambertime_tui.engine.job.census import WORDS
from ambertime_tui.engine.job.copy_phase import ENDED_BEFORE
from ambertime_tui.engine.job.fetch_sentences import USUAL_TROUBLES
from ambertime_tui.engine.plan.trial import findings
from ambertime_tui.phone.errors import MediaUnreadable, PhoneDisconnected
from ambertime_tui.phone.originals import KeepOriginals
from tests.tui.fake_engine import NOW, PHONE

SPEC = JobSpec("/media/anna/PHOTOS", PHONE.udid, originals=OriginalsChoice.ICLOUD)
MB = 1_000_000


def _unreadable(n: int) -> str:
    return str(MediaUnreadable(f"DCIM/106APPLE/IMG_6{n}50.MOV"))


CONNECTING = JobStatus("20261122-a1b2c3", 1, SPEC, NOW - 2, NOW)
SCANNING = replace(
    CONNECTING,
    sequence=2,
    started_at=NOW - 9,
    phase=Phase.SCANNING,
    phone=PHONE,
    scan=ScanStatus(step=ScanStep.FOLDERS, folders_done=61, folders_total=180, assets=30_221, own=30_009),
)
_DONE_SCAN = ScanStatus(
    step=ScanStep.DONE,
    assets=30_221,
    own=30_009,
    selected=3_025,
    local=Tally(2_341, 18_400 * MB),
    icloud=Tally(684, 9_100 * MB),
    undated=12,
    left_out=(("in shared albums of other people", 212), ("in Recently Deleted", 31)),
)
COPYING = replace(
    SCANNING,
    sequence=40,
    started_at=NOW - 754,
    phase=Phase.COPYING,
    scan=_DONE_SCAN,
    fetch=FetchStatus(
        included=True,
        waiting=Tally(548, 7_300 * MB),
        asked=Tally(12, 160 * MB),
        arriving=Tally(2, 31 * MB),
        arrived=Tally(1, 4 * MB),
        written=Tally(118, 1_590 * MB),
        gave_up=Tally(3, 15 * MB),
        rate=1_240_000.0,
        eta=6_100.0,
        last_arrival_at=NOW - 12,
        began_at=NOW - 700,
        head=(
            FetchItem("a", "IMG_4821.HEIC", "2019-07-14", 3_400_000, FetchState.ARRIVING),
            FetchItem("b", "IMG_4822.MOV", "2019-07-14", 27_600_000, FetchState.ARRIVING),
            FetchItem("c", "IMG_4830.HEIC", "2019-07-15", 2_900_000, FetchState.ASKED),
        ),
        coming=(
            FetchItem("a", "IMG_4821.HEIC", "2019-07-14", 3_400_000, FetchState.ARRIVING),
            FetchItem("b", "IMG_4822.MOV", "2019-07-14", 27_600_000, FetchState.ARRIVING),
        ),
        recent=(
            FetchItem("d", "IMG_4811.HEIC", "2019-07-12", 3_100_000, FetchState.ARRIVED),
            FetchItem("e", "IMG_4809.HEIC", "2019-07-12", 2_700_000, FetchState.WRITTEN),
        ),
    ),
    write=WriteStatus(
        target=SPEC.target,
        planned=Tally(2_341, 18_400 * MB),
        written=Tally(1_204, 9_460 * MB),
        files_written=1_811,
        already=Tally(0),
        read_back=1_811,
        rate=42_000_000.0,
        eta=213.0,
        current_files=(
            CurrentFile("IMG_7203.MOV", 132 * MB, 214 * MB),
            CurrentFile("IMG_7204.HEIC", 1_100_000, 2_900_000),
        ),
        recent=(
            "Photos/2025-08/IMG_7202.HEIC",
            "Photos/2025-08/IMG_7201.HEIC",
            "Photos/2025-08/IMG_7200.MOV",
        ),
        rates=tuple(30e6 + 12e6 * ((n * 7) % 5) / 4 + (8e6 if n % 40 > 25 else 0) for n in range(200)),
        free_bytes=402_540 * MB,
    ),
    events=(
        Event(NOW - 600, "warning", str(PhoneDisconnected("Anna’s iPhone"))),
        Event(NOW - 540, "info", "The iPhone is back; the job continues."),
        Event(NOW - 300, "error", f"IMG_6050.MOV: {_unreadable(0)}"),
        Event(NOW - 12, "info", "IMG_4633.HEIC was offloaded before it was copied; it waits for iCloud."),
    ),
)
COPYING_BY_SHORTCUT = replace(COPYING, spec=replace(SPEC, way=FetchWay.SHORTCUT))
TRIED = replace(
    COPYING_BY_SHORTCUT,
    sequence=44,
    fetch=replace(
        COPYING.fetch,
        trial=TrialStatus(
            TrialState.ASKING,
            FetchWay.SHORTCUT,
            9,
            7,
            findings(
                TrialResult(
                    "18.6.2",
                    FetchWay.SHORTCUT,
                    NOW - 5,
                    (KindResult("photo", 4, 4), KindResult("video", 2, 2), KindResult("raw", 3, 1)),
                    items=7,
                    bytes=61_000_000,
                    whole=9,
                    proved=9,
                    seconds=40.0,
                    measured_items=6,
                    measured_bytes=52_000_000,
                ),
                Tally(10_389, 42_100_000_000),
            ),
            NOW + 290,
            (FetchWay.BY_HAND,),
        ),
    ),
)
PAUSED = replace(COPYING, sequence=41, condition=Condition.PAUSED)
UNPLUGGED = replace(
    COPYING,
    sequence=42,
    condition=Condition.WAITING,
    sentence=str(PhoneDisconnected("Anna’s iPhone")),
    wait=Wait(NOW - 190, NOW + 1_610),
)
LOCAL_ONLY = replace(
    COPYING,
    sequence=43,
    spec=replace(SPEC, originals=OriginalsChoice.LOCAL),
    fetch=FetchStatus(included=False, waiting=Tally(684, 9_100 * MB)),
)
QUIET = replace(
    COPYING,
    sequence=44,
    phase=Phase.FETCHING,
    wait=Wait(NOW - 1_260, NOW + 540),
    fetch=replace(
        COPYING.fetch,
        rate=None,
        eta=None,
        last_arrival_at=NOW - 1_260,
        sentence=f"Nothing has arrived for {units.duration(21 * 60)}. Check {USUAL_TROUBLES}.",
    ),
    write=replace(COPYING.write, written=Tally(2_341, 18_400 * MB), current_files=(), rate=None, eta=None),
)
MANY_NIGHTS = replace(
    COPYING,
    sequence=45,
    phase=Phase.FETCHING,
    fetch=replace(
        COPYING.fetch,
        nights=NightsStatus(
            12_340, 58_000 * MB, 85_000, 400_000 * MB, 6, 21, "12,340 of 85,000 from iCloud, 6 nights so far."
        ),
    ),
    attendance=Attendance(no_hand_for=18_400.0, phone_may_go=True, sentence="No hand needed for about 5 h."),
    write=QUIET.write,
)

CENSUS = Census(
    30_221,
    (
        CensusLine("copied", "", 2_456, 19_900 * MB),
        CensusLine("already", "", 26_521, 190_300 * MB),
        CensusLine("icloud", WORDS["icloud"], 560, 7_400 * MB),
        CensusLine("failed", WORDS["unreadable"], 3, 15 * MB),
        CensusLine("excluded", "outside the range", 438, 3_100 * MB),
        CensusLine("excluded", "in shared albums of other people", 212, 640 * MB),
        CensusLine("excluded", "in Recently Deleted", 31, 90 * MB),
    ),
)
ENDED_LEFT = replace(
    COPYING,
    sequence=99,
    phase=Phase.ENDED,
    outcome=Outcome.LEFT,
    ended_at=NOW,
    census=CENSUS,
    proof=backup_proof(59_233, 0, 0, 0, Proofs(57_910, 0, 1_323), 3_704, date(2026, 11, 10)),
    write=replace(COPYING.write, written=Tally(2_456, 19_900 * MB), files_written=3_704, read_back=3_704),
)
LEFT_REPORT = Report(
    CENSUS,
    (
        *(
            Left(
                f"{n}",
                f"IMG_{n:04}.HEIC",
                "2018-05-01",
                13_214_285,
                "icloud",
                ENDED_BEFORE,
            )
            for n in range(560)
        ),
        *(
            Left(
                f"f{n}",
                f"IMG_6{n}50.MOV",
                "2024-02-03",
                5_000_000,
                "unreadable",
                _unreadable(n),
            )
            for n in range(3)
        ),
    ),
)
COMPLETE_CENSUS = Census(
    30_221,
    (
        CensusLine("copied", "", 30_009, 210_000 * MB),
        CensusLine("excluded", "in shared albums of other people", 212, 640 * MB),
    ),
)
ENDED_COMPLETE = replace(
    ENDED_LEFT,
    sequence=98,
    outcome=Outcome.COMPLETE,
    census=COMPLETE_CENSUS,
    write=replace(COPYING.write, written=Tally(30_009, 210_000 * MB), files_written=61_200, read_back=61_200),
    proof=backup_proof(60_100, 0, 0, 0, Proofs(58_777, 0, 1_323), 61_200, None),
)
ENDED_FAILED = replace(
    ENDED_LEFT,
    sequence=97,
    outcome=Outcome.FAILED,
    sentence=str(DriveFull(Path(SPEC.target), 1_200 * MB, 80 * MB)),
    proof="",
)
ENDED_AND_SWITCHED = replace(
    ENDED_LEFT,
    sequence=96,
    afterwards=KeepOriginals.afterwards,
)
HEAD_START = replace(
    SCANNING,
    sequence=3,
    fetch=FetchStatus(included=True),
    write=WriteStatus(
        planned=Tally(512, 900 * MB),
        written=Tally(1, 3_400_000),
        files_written=1,
        read_back=1,
        current_files=(CurrentFile("IMG_0002.HEIC", 1_000_000, 2_900_000),),
    ),
)

CHECKS: tuple[Message, ...] = (
    Step(Area.COMPUTER, "Checking this computer"),
    Finding(Area.COMPUTER, "system", Level.FINE, "Linux 6.12, Python 3.11.7."),
    Finding(Area.COMPUTER, "usbmuxd", Level.FINE, "usbmuxd responds. It lists 0 iPhones by cable."),
    Finding(
        Area.COMPUTER,
        "locale",
        Level.WRONG,
        "The locale C (LC_ALL) uses ANSI_X3.4-1968 instead of UTF-8, so names show as escapes and lines as "
        "ASCII. Run: export LC_ALL=C.UTF-8.",
    ),
    Step(Area.DRIVE, "Checking the drive with /media/anna/PHOTOS"),
    Scratch("/media/anna/PHOTOS/.ambertime-doctor-1a2b3c4d"),
    Finding(Area.DRIVE, "locks", Level.FINE, "Files can be locked."),
    Finding(
        Area.DRIVE,
        "speed",
        Level.NOTE,
        "The drive writes 8.1 MB/s and reads 20.0 MB/s. An iPhone sends about 35 MB/s.",
    ),
    Finding(
        Area.DRIVE, "archive", Level.FINE, "The archive has 2,341 items in 3,902 files, all in their place."
    ),
    Step(Area.PHONE, "Looking for the iPhone"),
    Finding(
        Area.PHONE,
        "connected",
        Level.WRONG,
        "No iPhone is connected. Connect one with a cable, unlock it, and tap Trust if it asks.",
        {"connected": False},
    ),
)
"""What the checks of a set-up without a phone report."""
