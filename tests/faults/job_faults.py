"""Whole jobs under fire: what a fault did is judged, and a clean run has to bring the rest.

A violation is any of these, after any fault:

* a file that the record vouches for is not there, not whole, or not what the phone had;
* the record forgot an asset that the job had said was on the drive;
* a stranger's file was changed;
* the run afterwards is refused (a stale lock), does not bring all that is on the phone, copies again what was
  there, or leaves parts behind;
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
"""Thirty assets that a backup takes: photos, Live Photos, videos, RAW pairs, edits."""
STRANGER = "Photos/2021-07/.IMG_0001.HEIC.part"
STRANGERS_WORDS = b"a part that is none of ours"

SYSTEM_CALLS = ("pwrite64", "fsync", "fdatasync", "ftruncate", "renameat2", "unlink", "mkdir", "utimensat")
"""The calls that change a drive, SQLite's among them; `write` is left to the faults of the I/O layer."""


@dataclass(slots=True)
class Tally:
    """What a sweep found."""

    faults: int = 0
    hit: int = 0
    """Runs in which the fault came before the job's end."""
    vouched: int = 0
    """Assets for which the record vouched right after a fault; each was read."""
    violations: list[str] = field(default_factory=list)
    sentences: Counter[str] = field(default_factory=Counter)


class Judge:
    """Knows what the phone holds, and compares."""

    def __init__(self, made: MadeLibrary) -> None:
        self._local = {a.uuid: a for a in selected(made) if a.availability == "local"}
        self._truth = {
            (asset.uuid, original.role): made.content(asset, original).sha256()
            for asset in self._local.values()
            for original in asset.originals
        }

    def after_a_fault(self, target: Path, written: int) -> tuple[int, list[str]]:
        """How many assets the record vouches for, and what is wrong with that."""
        known, wrong = self._vouched(target)
        if len(known) < written:
            wrong.append(f"{written} were said to be on the drive, {len(known)} are recorded")
        return len(known), wrong

    def after_a_clean_run(self, target: Path, there_before: int, end: JobEnd) -> list[str]:
        """What is wrong once nothing failed any more."""
        known, wrong = self._vouched(target)
        if end.outcome not in ("complete", "left"):
            return [*wrong, f"the run afterwards ended with {end.outcome or 'nothing'}: {end.sentence}"]
        if missing := set(self._local) - set(known):
            wrong.append(f"{len(missing)} are not on the drive after the run afterwards")
        if end.written != len(known) - there_before:
            wrong.append(f"{end.written} were copied where {len(known) - there_before} were lacking")
        files = {file.path for asset in known.values() for file in asset.files}
        lying = {path.relative_to(target).as_posix() for path in (target / "Photos").rglob("*.*")}
        if strangers := lying - files - {STRANGER}:
            wrong.append(f"left behind: {sorted(strangers)}")
        return wrong

    def _vouched(self, target: Path) -> tuple[dict[str, RecordedAsset], list[str]]:
        wrong = []
        stranger = target / STRANGER
        if stranger.exists() and stranger.read_bytes() != STRANGERS_WORDS:
            wrong.append("a stranger's file was changed")
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
    """Where jobs are shot at: a phone, a maker of jobs, a judge, and a fresh target for each."""

    def __init__(self, scratch: Path, maker: JobMaker, judge: Judge) -> None:
        self.maker = maker
        self._scratch = scratch
        self._judge = judge
        self._shots = 0

    @contextlib.contextmanager
    def target(self) -> Iterator[Path]:
        """A new target with a stranger's file in it, removed at the end."""
        self._shots += 1
        folder = self._scratch / f"target {self._shots}"
        (folder / STRANGER).parent.mkdir(parents=True)
        (folder / STRANGER).write_bytes(STRANGERS_WORDS)
        yield folder
        shutil.rmtree(folder)

    def shoot(self, name: str, tally: Tally, job: Callable[[Path], JobEnd]) -> JobEnd:
        """One job with a fault, judged; then a clean one, judged."""
        with self.target() as target:
            end = job(target)
            self.judge(name, tally, target, end)
        return end

    def judge(self, name: str, tally: Tally, target: Path, end: JobEnd) -> None:
        """Judges what a job left, and the run afterwards."""
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
    """A range with a phone of its own; XDG folders and the address of usbmuxd are in the environment."""
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
    """In words."""
    if not code:
        return "SIGKILL"
    return f"{errno.errorcode[code]} {'for good' if for_good else 'once'}"


def calls_of_a_job(at: Range) -> int:
    """How many calls of the I/O layer a whole job makes; it differs a little from run to run."""
    with at.target() as target:
        return at.maker.run(target).calls


def fail_at(at: Range, tally: Tally, number: int, code: int, for_good: bool) -> JobEnd:
    """A job whose Nth call of the I/O layer fails."""
    fault = Fault(number, code, for_good)
    name = f"{mode_name(code, for_good)} at call {number}"
    return at.shoot(name, tally, lambda target: at.maker.run(target, fault))


def system_calls_of_a_job(at: Range, scratch: Path) -> Counter[str]:
    """How often one thread of a job makes each of SYSTEM_CALLS at most (strace counts by thread)."""
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
    """`kill -9` at a random moment of a job; sometimes a second time, in the run afterwards."""
    with at.target() as target:
        end = at.maker.start(target).wait(killed_after=chance.uniform(0, longest))
        if chance.random() < 0.25:
            again = at.maker.start(target).wait(killed_after=chance.uniform(0, longest))
            end = again if again.killed else end
        at.judge("kill -9", tally, target, end)
