"""No phone, the wrong phone, an unusable target: one sentence, exit code 1, nothing lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import Trust
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory


@pytest.mark.parametrize("command", [["devices"], ["scan"], ["backup", "--to", "."]], ids=" ".join)
def test_no_usbmuxd(command: list[str], ambertime: Ambertime) -> None:
    ran = ambertime(*command)
    assert ran.code == 1
    assert "usbmuxd" in ran.sentence


@pytest.mark.parametrize("command", [["scan"], ["backup", "--to", "."]], ids=" ".join)
def test_no_phone(command: list[str], usbmux: BackgroundUsbmuxd, ambertime: Ambertime) -> None:
    ran = ambertime(*command, "--json")
    assert ran.code == 1
    assert "iPhone" in ran.sentence
    assert ran.records[-1]["type"] == "error"
    assert ran.records[-1]["kind"] == "NoPhoneAttached"


@pytest.mark.parametrize("command", [["scan"], ["backup", "--to", "."]], ids=" ".join)
def test_a_phone_that_is_not_connected(
    command: list[str], phone_factory: PhoneFactory, ambertime: Ambertime
) -> None:
    phone_factory()
    ran = ambertime(*command, "--device", "00008030-DEADBEEF")
    assert ran.code == 1
    assert "00008030-DEADBEEF" in ran.sentence


def test_several_phones_without_a_choice(phone_factory: PhoneFactory, ambertime: Ambertime) -> None:
    phones = [phone_factory(), phone_factory()]
    ran = ambertime("scan")
    assert ran.code == 1
    assert "UDID" in ran.sentence
    assert all(phone.udid in ran.sentence for phone in phones)


def test_a_phone_that_refuses_to_trust(phone_factory: PhoneFactory, ambertime: Ambertime) -> None:
    phone_factory(tls=True, paired=False, trust=Trust.REFUSES)
    ran = ambertime("scan")
    assert ran.code == 1
    assert "rust" in ran.sentence


def test_a_missing_target(phone_factory: PhoneFactory, tmp_path: Path, ambertime: Ambertime) -> None:
    phone_factory()
    ran = ambertime("backup", "--to", tmp_path / "nowhere")
    assert ran.code == 1
    assert str(tmp_path / "nowhere") in ran.sentence
    assert not (tmp_path / "nowhere").exists()


def test_a_target_that_is_a_file(phone_factory: PhoneFactory, tmp_path: Path, ambertime: Ambertime) -> None:
    phone_factory()
    (tmp_path / "file").write_text("mine")
    ran = ambertime("backup", "--to", tmp_path / "file")
    assert ran.code == 1
    assert str(tmp_path / "file") in ran.sentence
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="needs Linux's /proc")
def test_a_target_that_is_read_only(phone_factory: PhoneFactory, ambertime: Ambertime) -> None:
    phone_factory()
    ran = ambertime("backup", "--to", "/proc/self")
    assert ran.code == 1
    assert "/proc" in ran.sentence


@pytest.fixture
def small_drive(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; needs permission to mount."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_target_that_is_full(
    made_library: MadeLibrary, phone_factory: PhoneFactory, small_drive: Path, ambertime: Ambertime
) -> None:
    phone_factory(made_library.media)
    (small_drive / "mine").write_bytes(b"x" * 700_000)
    ran = ambertime("backup", "--json", "--to", small_drive)
    assert ran.code == 1
    assert ran.records[-1]["exit_code"] == 1
    assert "free" in ran.records[-1]["sentence"]
    assert ran.records[-1]["sentence"] in ran.err
    assert (small_drive / "mine").stat().st_size == 700_000


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_target_without_permission_to_write(
    phone_factory: PhoneFactory, tmp_path: Path, ambertime: Ambertime
) -> None:
    phone_factory()
    (tmp_path / "drive").mkdir(mode=0o500)
    ran = ambertime("backup", "--to", tmp_path / "drive")
    assert ran.code == 1
    assert str(tmp_path / "drive") in ran.sentence


def test_a_folder_without_an_archive_cannot_be_verified(tmp_path: Path, ambertime: Ambertime) -> None:
    ran = ambertime("verify", tmp_path)
    assert ran.code == 1
    assert str(tmp_path) in ran.sentence
    assert ambertime("verify", tmp_path / "nowhere").code == 1


def test_too_little_temporary_space_for_the_list_of_a_large_archive_is_reported(
    small_drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ambertime: Ambertime
) -> None:
    (tmp_path / "SHA256SUMS").write_text("".join(f"{n:064x}  Photos/{n:07}.HEIC\n" for n in range(60_000)))
    monkeypatch.setenv("SQLITE_TMPDIR", str(small_drive))
    ran = ambertime("verify", tmp_path)
    assert ran.code == 1
    assert "or set TMPDIR" in ran.sentence


def test_failed_backups_leave_an_existing_archive_unchanged(
    made_library: MadeLibrary, phone_factory: PhoneFactory, tmp_path: Path, ambertime: Ambertime
) -> None:
    phone_factory(made_library.media)
    target = tmp_path / "drive"
    target.mkdir()
    assert ambertime("backup", "--to", target).code == 3
    before = {f: f.read_bytes() for f in (target / "Photos").rglob("*") if f.is_file()}
    assert ambertime("backup", "--to", target, "--device", "no-such-phone").code == 1
    assert ambertime("backup", "--to", target, "--range", "soon").code == 2
    assert {f: f.read_bytes() for f in (target / "Photos").rglob("*") if f.is_file()} == before
