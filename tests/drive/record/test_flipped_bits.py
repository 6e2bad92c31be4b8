"""A flipped bit in the record is healed or reported, with and without integrity hashes.

The long form flips 1,000 bits in each state:
``AMBERTIME_LONG=1 python -m pytest tests/drive/record/test_flipped_bits.py -n 2 -m long -s``
"""

from __future__ import annotations

import hashlib
import random
import shutil
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ambertime_tui.drive.record.checksums import each_checksum
from ambertime_tui.drive.record.record_model import AsideFile, ReservedName
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.relative_path import is_safe_path
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    LIBRARY,
    PHONE,
    asset,
    backup,
    copied,
    drive_at,
    recorded_assets,
    recorded_in,
    tree,
)

LATE = ReservedName(Role.PAIRED_VIDEO, "Photos/2024-07", "img_0004.mov")
ITEMS = (*LIBRARY, *(asset(number, name=f"IMG_{number}.HEIC") for number in range(10, 40)))
STATES = ("sealed", "no seal", "no seal, no backup copy", "never finished")
IN_THE_SUITE = 12


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose record uses every table, some with several pages."""
    root = tmp_path_factory.mktemp("flips") / "archive"
    root.mkdir()
    (root / "zzz.txt").write_bytes(b"abc")
    (root / "SHA256SUMS").write_text(f"{hashlib.sha256(b'abc').hexdigest()}  zzz.txt\n")
    assert not backup(root, ITEMS)
    with open_target(root, drive=drive_at(root)) as target:
        for item in ITEMS[:8]:
            copied(target, item, udid="ANOTHER")
        late = recorded_assets(target.record)[ITEMS[3].uuid]
        target.record.commit([replace(late, reserved=(LATE,))], [AsideFile("x_damaged", "x", 1.0)])
        gone = replace(late, uuid="GONE", files=(replace(late.files[0], name="IMG_GONE.HEIC"),))
        target.record.commit([gone])
        target.record.forget([(PHONE, "GONE")], 1.0)
        target.finish()
    assert verify(root).sound
    return root


@dataclass
class Tally:
    """What the flips led to."""

    flips: int = 0
    rebuilt: int = 0
    named_by_verify: int = 0
    violations: list[str] = field(default_factory=list)


def live_bytes(record: bytes) -> list[int]:
    """Offsets of the bytes that mean something: not zero, and not on a free page."""
    (size,) = struct.unpack(">H", record[16:18])
    trunk, free = struct.unpack(">I", record[32:36])[0], set[int]()
    while trunk:
        free.add(trunk)
        at = (trunk - 1) * size
        trunk, count = struct.unpack(">II", record[at : at + 8])
        free.update(struct.unpack(f">{count}I", record[at + 8 : at + 8 + 4 * count]))
    return [at for at, byte in enumerate(record) if byte and at // size + 1 not in free]


def in_state(archive: Path, root: Path, state: str) -> Path:
    shutil.copytree(archive, root)
    ours = root / ".ambertime"
    if state != "sealed":
        (ours / "seal.json").unlink()
    if state in ("no seal, no backup copy", "never finished"):
        (ours / "record.backup.sqlite3").unlink()
    if state == "never finished":
        (root / "SHA256SUMS").unlink()
    return root


def flip(root: Path, at: int, bit: int) -> None:
    with (root / ".ambertime/record.sqlite3").open("r+b") as record:
        record.seek(at)
        (byte,) = record.read(1)
        record.seek(at)
        record.write(bytes((byte ^ 1 << bit,)))


def violations(root: Path, before: dict[str, bytes]) -> list[str]:
    """What is wrong with an archive after a backup."""
    wrong = []
    files = {path: data for path, data in before.items() if path != "SHA256SUMS"}
    if {path: data for path, data in tree(root).items() if path != "SHA256SUMS"} != files:
        wrong.append("the files changed")
    for path, digest in each_checksum(root):
        if hashlib.sha256(files.get(path, b"")).hexdigest() != digest:
            wrong.append(f"SHA256SUMS is wrong about {path}")
    for item in recorded_in(root):
        for file in item.files:
            known = (
                item.uuid == "GONE" or hashlib.sha256(files.get(file.path, b"")).hexdigest() == file.sha256
            )
            if not known or not is_safe_path(file.path):
                wrong.append(f"the record is wrong about {file.path}")
    if not {item.uuid for item in ITEMS} <= {item.uuid for item in recorded_in(root) if item.udid == PHONE}:
        wrong.append("an item is not recorded")
    report = verify(root)
    if not report.sound or report.notices:
        wrong.append(f"verify: {report.not_whole[:2]} {report.notices}")
    return wrong


def try_flips(archive: Path, scratch: Path, state: str, flips: int, seed: int) -> Tally:
    chance, tally = random.Random(seed), Tally()
    before = tree(archive)
    offsets = live_bytes((archive / ".ambertime/record.sqlite3").read_bytes())
    for number in range(flips):
        root = in_state(archive, scratch / str(number), state)
        at, bit = chance.choice(offsets), chance.randrange(8)
        flip(root, at, bit)
        tally.flips += 1
        if number % 2:
            tally.named_by_verify += any("cannot be read" in notice for notice in verify(root).notices)
        errors = backup(root, ITEMS)
        tally.rebuilt += bool(list((root / ".ambertime").glob("record.damaged-*.sqlite3")))
        found = [str(error) for error in errors] or violations(root, before)
        tally.violations += [f"byte {at} bit {bit}: {one}" for one in found]
        shutil.rmtree(root)
    return tally


@pytest.mark.parametrize("state", STATES)
def test_a_flipped_bit_in_the_record_does_no_harm(archive: Path, tmp_path: Path, state: str) -> None:
    tally = try_flips(archive, tmp_path, state, IN_THE_SUITE, seed=1)
    assert not tally.violations, "\n".join(tally.violations)
    assert tally.rebuilt >= tally.flips * 2 // 3


@pytest.mark.long
@pytest.mark.parametrize("state", STATES)
def test_a_thousand_flipped_bits_do_no_harm(archive: Path, tmp_path: Path, state: str) -> None:
    tally = try_flips(archive, tmp_path, state, 1000, seed=2)
    print(
        f"\n{state}: {tally.flips} flips, {tally.rebuilt} rebuilt, {tally.named_by_verify} of half of them "
        f"reported by verify, {len(tally.violations)} violations"
    )
    assert not tally.violations, "\n".join(tally.violations)
