"""A sweep of hostile targets: attack a small real archive, run the product, and judge what came of it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.small_library import AAE, SmallLibrary, some_bytes
from tests.hostile.attacks import MONTH, ON_FILES, Attack, Victim
from tests.hostile.outside import changes, make_outside, snapshot
from tests.hostile.product import Product, Ran
from tests.hostile.records import ON_RECORDS, SEAL

ATTACKS: dict[str, Attack] = {**ON_FILES, **ON_RECORDS}
RACE = "links swapped in while the job runs"
MOST_ATTACKS = 3
"""On one target."""
FIRST = {f"IMG_000{n}.JPG": some_bytes(n, 20_000 + n) for n in range(1, 6)}
"""What the archive has."""
LATER = {f"IMG_010{n}.JPG": some_bytes(100 + n, 30_000 + n) for n in range(4)}
"""What the phone has in addition when the target has been attacked."""


@dataclass(slots=True)
class Tally:
    """The results of a sweep."""

    targets: int = 0
    attacks: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    """Exit codes of the backups."""
    completed: int = 0
    """Archives that had every original after another run without the attacker."""
    memory: int = 0
    longest: float = 0.0
    sentences: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Range:
    """A phone, an archive of its photos, and a product to run on copies of it."""

    def __init__(self, scratch: Path, product: Product, usbmuxd: str, phone: SimulatedPhone) -> None:
        self._scratch = scratch
        self._product = product
        self._usbmuxd = usbmuxd
        self._phone = phone
        self._count = 0

    def try_target(self, seed: int, tally: Tally) -> list[str]:
        """Attack a target, run the product, and return the violations."""
        self._count += 1
        place = self._scratch / str(self._count)
        outside = place / "outside"
        make_outside(outside, "2023-11", [*FIRST, *LATER])
        root = place / "drive"
        shutil.copytree(self._scratch / "archive", root)
        victim = Victim(
            root, outside, random.Random(seed), [f"{MONTH}/{name}" for name in FIRST], list(LATER)
        )
        if victim.chance.random() < 0.3:
            _interrupt(victim)
        names = victim.chance.choices(list(ATTACKS), k=victim.chance.randrange(1, MOST_ATTACKS + 1))
        if "mounts" in names:  # a race would write to the other drive itself
            names = [name for name in names if name != RACE]
        used: list[str] = []
        with victim.cleanup:
            # A mount or a race is last: what it hides cannot be attacked.
            for name in sorted(names, key=lambda name: name in ("mounts", RACE)):
                with suppress(OSError, sqlite3.Error):  # another attack was there first
                    ATTACKS[name](victim)
                    used.append(name)
            before = snapshot(outside)
            ran = self._run(victim, "run")
            wrong = [*ran.violations(), *changes(before, snapshot(outside))]
        before = snapshot(outside)  # without what was mounted
        wrong += self._after_a_complete_run(victim, ran)
        _clean(root)
        again = self._run(victim, "again", ("backup", "verify", "backup", "verify again"))
        wrong += [f"in the run afterwards, {one}" for one in again.violations()]
        wrong += changes(before, snapshot(outside))
        missing = _missing(root)
        tally.completed += not missing
        if again.steps and not victim.forged:
            if again.steps["backup"].code == 0 and missing:
                wrong.append(f"complete, but {missing} are not in the archive")
            if again.steps["backup"].code not in (0, 3) and not _may_be_refused(
                again.steps["backup"].sentence
            ):
                wrong.append(f"the run afterwards ended with {again.steps['backup']}")
        if self._phone.journal.refused_writes:
            wrong.append(f"it wrote to the phone: {self._phone.journal.refused_writes}")
        tally.targets += 1
        tally.attacks.update(set(used))
        for one in (ran, again):
            tally.memory, tally.longest = max(tally.memory, one.memory), max(tally.longest, one.seconds)
        if "backup" in ran.steps:
            step = ran.steps["backup"]
            tally.codes[step.code] += 1
            tally.sentences[step.sentence.replace(str(place), "")[:160]] += 1
        tally.violations += [f"seed {seed} ({'; '.join(victim.done)}): {one}" for one in wrong]
        if not wrong:
            remove_tree(place)
        return wrong

    def _run(self, victim: Victim, name: str, steps: tuple[str, ...] = ()) -> Ran:
        scratch = victim.root.parent / name
        scratch.mkdir()
        options = {"steps": steps} if steps else {}
        return self._product.run(victim.root, self._usbmuxd, scratch, **options)  # type: ignore[arg-type]

    @staticmethod
    def _after_a_complete_run(victim: Victim, ran: Ran) -> list[str]:
        """A backup that says it is complete has every original, unless the record was forged."""
        backup, verify = ran.steps.get("backup"), ran.steps.get("verify again")
        if backup is None or verify is None or backup.code != 0 or victim.forged:
            return []
        if any(words.startswith("race") for words in victim.done):
            return []
        if verify.code == 0 and (missing := _missing(victim.root)):
            return [f"complete and verified, but {missing} are not in the archive"]
        return []


def _interrupt(victim: Victim) -> None:
    """The state after a kill: no seal, an unfinished file, and its line in the journal."""
    (victim.root / SEAL).unlink()
    (victim.root / MONTH / ".IMG_0100.JPG.part").write_bytes(LATER["IMG_0100.JPG"][:1000])
    (victim.root / ".ambertime/parts").write_text(f'"{MONTH}/.IMG_0100.JPG.part"\n')
    victim.note("killed before")


def _missing(root: Path) -> list[str]:
    """The names of originals that are nowhere in a target."""
    wanted = {len(data): (name, data) for name, data in {**FIRST, **LATER}.items()}
    for folder, folders, files, fd in os.fwalk(root):
        folders[:] = [name for name in folders if name != "deep"]
        if Path(folder).name != ".ambertime":
            for name in files:
                facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode) and facts.st_size in wanted:
                    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=fd), "rb") as stream:
                        if stream.read() == wanted[facts.st_size][1]:
                            del wanted[facts.st_size]
    return [name for name, _ in wanted.values()]


def _clean(root: Path) -> None:
    """What a person does after reading the sentences: remove everything that is neither file nor folder, and
    folders in the place of files."""
    subprocess.run(
        ["find", str(root), "-type", "d", "-name", "deep", "-prune", "-exec", "rm", "-rf", "{}", "+"],
        check=True,
    )
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            own = path.parent.name == ".ambertime" or name == "SHA256SUMS"
            if stat.S_ISDIR(mode):
                if own or name.endswith((".JPG", ".part")):
                    shutil.rmtree(path)
                    folders.remove(name)
            elif not stat.S_ISREG(mode) or (name in (".ambertime", "Photos", "2023-11")):
                path.unlink()


def remove_tree(path: Path) -> None:
    """Like `shutil.rmtree`, for trees of any depth."""
    subprocess.run(["rm", "-rf", str(path)], check=True)


def _may_be_refused(sentence: str) -> bool:
    """Sentences that a person has to follow even when nothing odd is in the target."""
    return "newer version" in sentence


@contextmanager
def hostile_targets(scratch: Path) -> Iterator[Range]:
    """A range. XDG_RUNTIME_DIR is in the environment.

    Args:
        scratch: an empty folder with a short path.
    """
    library = SmallLibrary(scratch / "media", fingerprints=True)
    for name, data in FIRST.items():
        uuid = library.add(name, data)
    library.add_file(uuid, AAE, "IMG_0005.AAE", b"<plist/>")
    address = str(scratch / "usbmuxd")
    with BackgroundUsbmuxd(address) as usbmux, Product() as product:
        phone = SimulatedPhone(Facts(udid_for("hostile targets")), library.media, tls=False)
        usbmux.pair(phone)
        usbmux.attach(phone)
        (scratch / "archive").mkdir()
        (scratch / "state").mkdir()
        ran = product.run(scratch / "archive", address, scratch / "state", steps=("backup", "verify again"))
        assert [step.code for step in ran.steps.values()] == [0, 0], ran
        for name, data in LATER.items():
            library.add(name, data)
        yield Range(scratch, product, address, phone)
