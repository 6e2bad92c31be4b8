"""Whole jobs with faults: check the result of each, then that a clean run copies the rest.

Any of these is a violation:

* a recorded file is missing, incomplete, or different from the phone's;
* an asset that the job reported as copied is not in the record;
* a file of another program was changed;
* the next run is refused (a stale lock), does not copy everything on the phone, copies something again, or
  leaves parts;
* a census does not add up.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.drive.archive_helpers import recorded_in
from tests.engine.backups import selected
from tests.faults.job_process import Fault, JobEnd, JobMaker

THIRTY = LibraryRecipe(assets=31, seed=11, icloud_share=0.0)
"""Thirty assets: photos, Live Photos, videos, RAW pairs, edits."""
STRANGER = "Photos/2021-07/.IMG_0001.HEIC.part"
STRANGERS_WORDS = b"a part that is none of ours"

SYSTEM_CALLS = ("pwrite64", "fsync", "fdatasync", "ftruncate", "renameat2", "unlink", "mkdir", "utimensat")
"""The calls that change a drive, including SQLite's. The I/O layer's faults cover `write`."""


@dataclass(slots=True)
class Tally:
    """The results of a sweep."""

    faults: int = 0
    hit: int = 0
    """Runs in which the fault occurred before the job ended."""
    vouched: int = 0
    """Recorded assets right after a fault, all of them read and compared."""
    violations: list[str] = field(default_factory=list)
    sentences: Counter[str] = field(default_factory=Counter)


class Judge:
    """Compares an archive with the phone."""

    def __init__(self, made: MadeLibrary) -> None:
        self._local = {a.uuid: a for a in selected(made) if a.availability == "local"}
        self._truth = {
            (asset.uuid, original.role): made.content(asset, original).sha256()
            for asset in self._local.values()
            for original in asset.originals
        }

    def after_a_fault(self, target: Path, written: int) -> tuple[int, list[str]]:
        """Number of recorded assets, and the violations."""
        known, wrong = self._vouched(target)
        if len(known) < written:
            wrong.append(f"{written} were said to be on the drive, {len(known)} are recorded")
        return len(known), wrong

    def after_a_clean_run(self, target: Path, there_before: int, end: JobEnd) -> list[str]:
        """Violations after a run without faults."""
        known, wrong = self._vouched(target)
        if end.outcome not in ("complete", "left"):
            return [*wrong, f"the run afterwards ended with {end.outcome or 'nothing'}: {end.sentence}"]
        if missing := set(self._local) - set(known):
            wrong.append(f"{len(missing)} are not on the drive after the run afterwards")
        if end.written != len(known) - there_before:
            wrong.append(f"{end.written} were copied where {len(known) - there_before} were lacking")
        files = {file.path for asset in known.values() for file in asset.files}
        present = {path.relative_to(target).as_posix() for path in (target / "Photos").rglob("*.*")}
        if strangers := present - files - {STRANGER}:
            wrong.append(f"left behind: {sorted(strangers)}")
        return wrong

    def _vouched(self, target: Path) -> tuple[dict[str, RecordedAsset], list[str]]:
        wrong = []
        stranger = target / STRANGER
        if stranger.exists() and stranger.read_bytes() != STRANGERS_WORDS:
            wrong.append("a file of another program was changed")
        try:
            known = {asset.uuid: asset for asset in recorded_in(target)}
        except DriveError as error:
            return {}, [*wrong, f"the record cannot be read: {error}"]
        for uuid, asset in known.items():
            for file in asset.files:
                try:
                    found = sha256((target / file.path).read_bytes()).hexdigest()
                except OSError as error:
                    wrong.append(f"promised and lost: {file.path} ({error.strerror})")
                    continue
                if found != file.sha256 or self._truth.get((uuid, file.role.value), found) != found:
                    wrong.append(f"promised and torn: {file.path}")
        return known, wrong


class Range:
    """Runs jobs with faults: a phone, a job maker, checks, and a new target for each job."""

    def __init__(self, scratch: Path, maker: JobMaker, judge: Judge) -> None:
        self.maker = maker
        self._scratch = scratch
        self._judge = judge
        self._shots = 0

    @contextlib.contextmanager
    def target(self) -> Iterator[Path]:
        """A new target with a file of another program in it, removed at the end."""
        self._shots += 1
        folder = self._scratch / f"target {self._shots}"
        (folder / STRANGER).parent.mkdir(parents=True)
        (folder / STRANGER).write_bytes(STRANGERS_WORDS)
        yield folder
        shutil.rmtree(folder)

    def shoot(self, name: str, tally: Tally, job: Callable[[Path], JobEnd]) -> JobEnd:
        """Check a job with a fault, then a clean one."""
        with self.target() as target:
            end = job(target)
            self.judge(name, tally, target, end)
        return end

    def judge(self, name: str, tally: Tally, target: Path, end: JobEnd) -> None:
        """Check what a job left, and the next run."""
        vouched, wrong = self._judge.after_a_fault(target, end.written)
        again = self.maker.run(target)
        wrong += self._judge.after_a_clean_run(target, vouched, again)
        wrong += ["a census does not add up"] * (not (end.adds_up and again.adds_up))
        tally.faults += 1
        tally.hit += end.killed or end.outcome not in ("complete", "left")
        tally.vouched += vouched
        tally.violations += (f"{name}: {words}" for words in wrong)
        if not end.killed:
            tally.sentences[end.sentence.replace(str(target), "TARGET")] += 1


@contextlib.contextmanager
def firing_range(scratch: Path, recipe: LibraryRecipe = THIRTY) -> Iterator[Range]:
    """A range with its own phone. XDG folders and the address of usbmuxd are in the environment."""
    made = make_library(scratch / "phone", recipe)
    with BackgroundUsbmuxd(os.environ["USBMUXD_SOCKET_ADDRESS"]) as usbmux:
        phone = SimulatedPhone(Facts(udid_for("range")), made.media)
        usbmux.pair(phone)
        usbmux.attach(phone)
        with JobMaker() as maker:
            yield Range(scratch, maker, Judge(made))


MODES = (
    *((code, for_good) for code in (errno.EIO, errno.ENOSPC) for for_good in (False, True)),
    (0, False),
)
"""What happens at a call: an error once or for good, or death (0)."""


def mode_name(code: int, for_good: bool) -> str:
    """A short description."""
    if not code:
        return "SIGKILL"
    return f"{errno.errorcode[code]} {'for good' if for_good else 'once'}"


def calls_of_a_job(at: Range) -> int:
    """Number of I/O layer calls of a whole job. It varies slightly."""
    with at.target() as target:
        return at.maker.run(target).calls


def fail_at(at: Range, tally: Tally, number: int, code: int, for_good: bool) -> JobEnd:
    """A job in which the Nth call of the I/O layer fails."""
    fault = Fault(number, code, for_good)
    name = f"{mode_name(code, for_good)} at call {number}"
    return at.shoot(name, tally, lambda target: at.maker.run(target, fault))


def system_calls_of_a_job(at: Range, scratch: Path) -> Counter[str]:
    """How often any one thread makes each of SYSTEM_CALLS, at most (strace counts per thread)."""
    log, counts = scratch / "strace.log", Counter[tuple[str, str]]()
    with at.target() as target:
        at.maker.run_under_strace(target, ["-e", f"trace={','.join(SYSTEM_CALLS)}"], log)
    for line in log.read_text(errors="replace").splitlines():
        thread, _, rest = line.partition(" ")
        name = rest.strip().partition("(")[0]
        if name in SYSTEM_CALLS:
            counts[thread, name] += 1
    most = Counter[str]()
    for (_, name), count in counts.items():
        most[name] = max(most[name], count)
    return most


def fail_under_strace(at: Range, tally: Tally, name: str, number: int, code: int, for_good: bool) -> JobEnd:
    """A job in which the Nth system call of that name, in any thread, fails."""
    effect = f"error={errno.errorcode[code]}" if code else "signal=KILL"
    inject = f"inject={name}:{effect}:when={number}{'+' if for_good else ''}"
    return at.shoot(
        f"{mode_name(code, for_good)} at {name} {number}",
        tally,
        lambda target: at.maker.run_under_strace(target, ["-e", f"trace={name}", "-e", inject]),
    )


def kill_at_random(at: Range, tally: Tally, chance: random.Random, longest: float) -> None:
    """`kill -9` at a random moment of a job, and sometimes again in the next run."""
    with at.target() as target:
        end = at.maker.start(target).wait(killed_after=chance.uniform(0, longest))
        if chance.random() < 0.25:
            again = at.maker.start(target).wait(killed_after=chance.uniform(0, longest))
            end = again if again.killed else end
        at.judge("kill -9", tally, target, end)
