"""A sweep of hostile phones: lies on the wire and hostile contents, against the whole product."""

from __future__ import annotations

import random
import shutil
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ambertime_tui.safe_text import UNSAFE
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.library import LibraryRecipe, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.hostile.libraries import CONTENTS
from tests.hostile.outside import changes, make_outside, snapshot
from tests.hostile.product import Product, Ran
from tests.hostile.targets import remove_tree
from tests.hostile.wire import lying_proxy, some_rules

GENERATIONS = (13, 16, 18, 26)
ASSETS = 12
STEPS = ("preview", "backup", "verify")


@dataclass(slots=True)
class Tally:
    """The results of a sweep."""

    phones: int = 0
    attacks: Counter[str] = field(default_factory=Counter)
    told: int = 0
    """Lies told on the wire."""
    codes: Counter[int] = field(default_factory=Counter)
    """Exit codes of the backups."""
    memory: int = 0
    longest: float = 0.0
    sentences: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Range:
    """Libraries of several generations, and a product to run against phones that have them."""

    def __init__(self, scratch: Path, product: Product) -> None:
        self._scratch = scratch
        self._product = product
        self._count = 0

    def try_phone(self, seed: int, tally: Tally) -> list[str]:
        """Connect a hostile phone, run the product, and return the violations."""
        self._count += 1
        chance, place = random.Random(seed), self._scratch / str(self._count)
        root, outside, media = place / "drive", place / "outside", place / "media"
        make_outside(outside, "2023-11", ["IMG_0001.HEIC"])
        root.mkdir()
        shutil.copytree(self._scratch / f"ios {chance.choice(GENERATIONS)}" / "Media", media, symlinks=True)
        done, names = [], list[str]()
        if chance.random() < 0.5:
            names = chance.choices(list(CONTENTS), k=chance.randrange(1, 3))
            for name, attack in CONTENTS.items():
                if name in names:
                    with suppress(OSError, sqlite3.Error):  # another attack was there first
                        done.append(attack(media, chance))
        rules = [] if names and chance.random() < 0.6 else some_rules(chance)
        before = snapshot(outside)
        address = str(self._scratch / f"u{self._count}")
        with ExitStack() as running:
            usbmux = running.enter_context(BackgroundUsbmuxd(address))
            phone = SimulatedPhone(Facts(udid_for("hostile phone")), media, tls=False)
            usbmux.pair(phone)
            usbmux.attach(phone)
            at = self._scratch / f"p{self._count}"
            with lying_proxy(address, at, rules, seed) as proxy:
                ran = self._run(place, "run", str(at))
            done += [f"{rule.name} ({rule.layer}, {rule.share}, {rule.told} told)" for rule in proxy.rules]
            again = self._run(place, "again", address)
        wrong = [*ran.violations(), *(f"with an honest phone, {one}" for one in again.violations())]
        wrong += changes(before, snapshot(outside))
        wrong += _in_the_archive(root)
        wrong += _archive_fits_its_record(ran) + _archive_fits_its_record(again)
        if not names and again.steps and again.steps["backup"].code not in (0, 3):
            wrong.append(f"with an honest phone, the backup ended with {again.steps['backup']}")
        if phone.journal.refused_writes:
            wrong.append(f"it wrote to the phone: {phone.journal.refused_writes}")
        tally.phones += 1
        tally.attacks.update({*names, *(rule.name for rule in rules)})
        tally.told += sum(rule.told for rule in proxy.rules)
        for one in (ran, again):
            tally.memory, tally.longest = max(tally.memory, one.memory), max(tally.longest, one.seconds)
        if "backup" in ran.steps:
            step = ran.steps["backup"]
            tally.codes[step.code] += 1
            tally.sentences[step.sentence.replace(str(place), "")[:160]] += 1
        tally.violations += [f"seed {seed} ({'; '.join(done)}): {one}" for one in wrong]
        if not wrong:
            remove_tree(place)
        return wrong

    def _run(self, place: Path, name: str, address: str) -> Ran:
        (place / name).mkdir()
        return self._product.run(place / "drive", address, place / name, steps=STEPS, patience=1.5)


def _archive_fits_its_record(ran: Ran) -> list[str]:
    """Whatever a phone says, all that is recorded is on the drive. Without an archive, verify fails."""
    verify = ran.steps.get("verify")
    if (
        verify is None
        or verify.code == 0
        or (verify.code == 1 and "contains no AmberTime archive" in verify.sentence)
    ):
        return []
    return [f"verify ended with {verify}"]


def _in_the_archive(root: Path) -> list[str]:
    """Files in places or with names or of kinds that are not ours, and unfinished files."""
    wrong = [
        f"unexpected {path.name!r}"
        for path in root.iterdir()
        if path.name not in ("Photos", ".ambertime", "SHA256SUMS")
    ]
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            wrong.append(f"not a file: {path}")
        if UNSAFE.search(path.name):
            wrong.append(f"an unsafe name: {path.name!a}")
        if path.name.endswith((".part", ".new")):
            wrong.append(f"left behind: {path.name!a}")
    return wrong


@contextmanager
def hostile_phones(scratch: Path) -> Iterator[Range]:
    """A range. XDG_RUNTIME_DIR is in the environment.

    Args:
        scratch: an empty folder with a short path.
    """
    for ios in GENERATIONS:
        recipe = LibraryRecipe(assets=ASSETS, seed=ios, ios=ios, icloud_share=0.2)
        made = make_library(scratch / f"ios {ios}", recipe)
        if made.media.name != "Media":
            made.media.rename(made.media.with_name("Media"))
    with Product() as product:
        yield Range(scratch, product)
