"""Twelve broken set-ups. Each is the only problem that is named, in a sentence that says what to do."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.engine.api.doctor import Area
from ambertime_tui.engine.doctor.archive import check_archive
from ambertime_tui.engine.doctor.computer import check_locale, check_usbmuxd
from ambertime_tui.engine.doctor.drive import check_drive
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from tests.conftest import PhoneFactory
from tests.drive.archive_helpers import backup
from tests.engine.doctor.conftest import CheckPhone, Found

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def wrong_with_failing(call: str, error: str, area: Area, *arguments: str) -> str:
    """The only problem in an area that the command names while a system call fails."""
    strace = ["strace", "-f", "-qq", "-o", "/dev/null"]
    strace += ["-e", f"trace={call}", "-e", f"inject={call}:error={error}"]
    command = [*strace, sys.executable, "-m", "ambertime_tui", "doctor", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr
    records = map(json.loads, done.stdout.splitlines())
    wrong = [one for one in records if one.get("level") == "wrong" and one["area"] == area]
    assert len(wrong) == 1, wrong
    sentence: str = wrong[0]["sentence"]
    return sentence


def test_no_usbmuxd(found: Found) -> None:
    asyncio.run(check_usbmuxd(found.reporter(Area.COMPUTER), os.environ))
    assert "usbmuxd is not running" in found.only_wrong.sentence
    assert "Start it" in found.only_wrong.sentence


@needs_strace
def test_no_rights_to_its_socket(usbmux: BackgroundUsbmuxd) -> None:
    sentence = wrong_with_failing("connect", "EACCES", Area.COMPUTER)
    assert "no permission to use usbmuxd" in sentence
    assert "Join the group" in sentence


def test_an_untrusted_phone(phone_factory: PhoneFactory, examine_phone: CheckPhone) -> None:
    phone = phone_factory(tls=True, paired=False, trust=Trust.ASKS)
    sentence = examine_phone().only_wrong.sentence
    assert "does not trust this computer yet" in sentence
    assert "tap Trust" in sentence
    assert not phone.journal.requests["lockdown.Pair"]


def test_a_locked_phone(phone_factory: PhoneFactory, examine_phone: CheckPhone) -> None:
    phone_factory().locked = True
    sentence = examine_phone().only_wrong.sentence
    assert "is locked" in sentence
    assert "Unlock it" in sentence


def test_a_phone_on_wifi_only(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, examine_phone: CheckPhone
) -> None:
    usbmux.attach(phone_factory(attached=False), over="Network")
    sentence = examine_phone().only_wrong.sentence
    assert "only over Wi-Fi" in sentence
    assert "Connect it with a cable" in sentence


def test_a_full_phone(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media, facts=Facts(udid_for("full"), free_bytes=300_000_000))
    sentence = examine_phone().only_wrong.sentence
    assert "almost full (300 MB free)" in sentence
    assert "Delete apps or videos" in sentence


@pytest.fixture
def own_library(doctor_library: MadeLibrary, tmp_path: Path) -> Path:
    """A copy of the library's media folder that may be changed."""
    return Path(shutil.copytree(doctor_library.media, tmp_path / "media-copy"))


def test_an_unreadable_library(
    own_library: Path, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    database = own_library / "PhotoData/Photos.sqlite"
    database.write_bytes(b"not a database" * 10_000)
    database.with_name("Photos.sqlite-wal").unlink(missing_ok=True)
    phone_factory(own_library)
    sentence = examine_phone().only_wrong.sentence
    assert "not an SQLite file" in sentence
    assert "Restart the phone" in sentence


def test_an_unknown_schema(own_library: Path, phone_factory: PhoneFactory, examine_phone: CheckPhone) -> None:
    with closing(sqlite3.connect(own_library / "PhotoData/Photos.sqlite")) as database:
        database.execute("ALTER TABLE ZINTERNALRESOURCE RENAME COLUMN ZLOCALAVAILABILITY TO ZELSEWHERE")
        database.commit()
    phone_factory(own_library)
    sentence = examine_phone().only_wrong.sentence
    assert "lacks the column ZINTERNALRESOURCE.ZLOCALAVAILABILITY" in sentence
    assert "Update AmberTime" in sentence


@pytest.fixture
def read_only_drive(tmp_path: Path) -> Iterator[Path]:
    """A drive that is mounted read-only; needs the right to mount."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_read_only_drive(read_only_drive: Path, found: Found) -> None:
    asyncio.run(check_drive(found.reporter(Area.DRIVE), read_only_drive, ()))
    assert "mounted read-only" in found.only_wrong.sentence
    assert "Check its write-protect switch" in found.only_wrong.sentence


@needs_strace
def test_a_drive_without_locks(tmp_path: Path) -> None:
    target = tmp_path / "share"
    target.mkdir()
    sentence = wrong_with_failing("flock", "ENOLCK", Area.DRIVE, "--to", str(target))
    assert "cannot lock files" in sentence
    assert "choose another drive" in sentence
    assert not list(target.iterdir())


def test_a_damaged_archive(tmp_path: Path, found: Found) -> None:
    target = tmp_path / "drive"
    target.mkdir()
    backup(target)
    record = target / ".ambertime/record.sqlite3"
    before = record.read_bytes()
    record.write_bytes(before[:4096] + bytes(byte ^ 1 for byte in before[4096:8192]) + before[8192:])
    names = sorted(path.name for path in target.rglob("*"))
    check_archive(found.reporter(Area.DRIVE), target, busy=False)
    assert "cannot be read" in found.only_wrong.sentence
    assert "Run a backup to it" in found.only_wrong.sentence
    assert sorted(path.name for path in target.rglob("*")) == names


@pytest.mark.parametrize(
    ("name", "seen", "remedy"),
    [
        ("C", "instead of UTF-8", "export LC_ALL=C.UTF-8"),
        ("xx_XX.UTF-8", "is not installed", "export LC_ALL=C.UTF-8"),
    ],
)
def test_a_wrong_locale(name: str, seen: str, remedy: str, found: Found) -> None:
    check_locale(found.reporter(Area.COMPUTER), {"LC_ALL": name})
    assert seen in found.only_wrong.sentence
    assert remedy in found.only_wrong.sentence


def test_a_phone_and_computer_that_are_fine(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone: SimulatedPhone = phone_factory(doctor_library.media)
    assert examine_phone().wrong == []
    assert phone.journal.refused_writes == []
    assert phone.open_files == 0
