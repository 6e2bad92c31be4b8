"""`ambertime backup` over the simulated phone, through TLS, from a shell."""

from __future__ import annotations

import hashlib
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory

ARCHIVED = ("own", "shared_library")


def digests(files: list[Path]) -> Counter[str]:
    return Counter(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


def photos(target: Path) -> list[Path]:
    return [file for file in (target / "Photos").rglob("*") if file.is_file()]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def test_a_backup_is_byte_identical_names_what_is_left_and_a_second_run_copies_nothing(
    made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone_factory(made_library.media, tls=True, paired=False)
    selected = [a for a in made_library.assets if a.ownership in ARCHIVED and not a.trashed]
    here = [a for a in selected if all(r.availability == "local" for r in a.resources if r.is_original)]
    away = [a for a in selected if a not in here]
    assert here and away

    first = ambertime("backup", "--json", "--to", target)

    assert first.code == 3, first.err
    written = digests(photos(target))
    originals = [made_library.media / r.path for a in here for r in a.resources if r.is_original]
    assert digests(originals) <= written
    assert {left["uuid"] for left in first.of("left")} == {a.uuid for a in away}
    census = first.records[-1]
    assert census["type"] == "census"
    assert census["library"] == len(made_library.assets)
    assert census["holds"]
    assert sum(census[b] for b in ("copied", "already", "icloud", "failed", "excluded")) == census["library"]
    assert (census["copied"], census["already"]) == (len(here), 0)
    assert (census["outcome"], census["exit_code"]) == ("left", 3)
    assert first.records[0]["type"] == "job"
    check = ["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"]
    assert subprocess.run(check, cwd=target, check=False).returncode == 0

    before = {file: file.stat().st_mtime_ns for file in photos(target)}
    second = ambertime("backup", "--json", "--to", target)

    assert second.code == 3, second.err
    assert (second.records[-1]["copied"], second.records[-1]["already"]) == (0, len(here))
    assert {file: file.stat().st_mtime_ns for file in photos(target)} == before
    assert [r["uuid"] for r in second.of("left")] == [r["uuid"] for r in first.of("left")]


def test_the_exit_code_is_0_if_everything_selected_is_on_the_phone(
    tmp_path: Path, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    library = make_library(tmp_path / "library", LibraryRecipe(assets=60, seed=3, icloud_share=0.0))
    phone = phone_factory(library.media, tls=True)
    ran = ambertime("backup", "--to", target, "--device", phone.udid)
    assert ran.code == 0, ran.err + ran.out
    assert "Complete: everything you selected is on the drive." in ran.out
    assert f"Connected to {phone.facts.name}" in ran.err
    assert "\r" not in ran.err, "a progress line is for terminals"
    assert " originals on the drive, " in ran.out
    assert " proved against Apple's own fingerprint" in ran.out
    assert ", read back" in ran.out
    assert " read back in this run; never verified completely." in ran.out
    assert "damaged" not in ran.out, "no file of an earlier run was looked at"

    verified = ambertime("verify", target)
    assert (verified.code, verified.out.split()[1]) == (0, "whole")

    assert ", 0 damaged." in verified.out
    sums = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=target, check=False)
    assert sums.returncode == 0
    sampled = ambertime("verify", "--sample", "10%", "--json", target).records[-1]
    assert sampled["whole"] == round(len(photos(target)) / 10)
    assert sampled["whole"] + sampled["skipped"] == len(photos(target))
    since = ambertime("verify", "--since", "2999-01-01", "--json", target).records[-1]
    assert (since["whole"], since["skipped"]) == (0, len(photos(target)))
    assert ambertime("verify", "--sample", "0.1", target).code == 2
    assert ambertime("verify", "--since", "yesterday", target).code == 2

    (photos(target)[0]).write_bytes(b"bit rot")
    damaged = ambertime("verify", "--json", target)
    assert damaged.code == 3
    assert damaged.records[-1]["sound"] is False
    assert [r["verdict"] for r in damaged.of("file")].count("whole") == len(photos(target)) - 1
    assert ", 1 damaged. Run the backup again" in damaged.records[-1]["proof"]

    repaired = ambertime("backup", "--json", "--to", target, "--device", phone.udid)
    assert (repaired.code, repaired.records[-1]["copied"]) == (0, 1)
    assert "1 file read back in this run; the archive was last verified on " in repaired.records[-1]["proof"]
    assert ambertime("verify", target).code == 0


def test_a_range_copies_only_its_days(
    made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone_factory(made_library.media)
    listed = ambertime("scan", "--json").of("asset")
    years = Counter(a["created"][:4] for a in listed if a["created"] and not a["trashed"])
    year, count = years.most_common(1)[0]
    ran = ambertime("backup", "--json", "--to", target, "--range", year)
    census = ran.records[-1]
    assert census["copied"] + census["icloud"] + census["failed"] == count
    assert {file.parent.name[:4] for file in photos(target)} == {year}


def test_a_scan_of_a_phone_agrees_with_a_scan_of_its_files(
    made_library: MadeLibrary, phone_factory: PhoneFactory, ambertime: Ambertime
) -> None:
    phone = phone_factory(made_library.media)
    by_phone = ambertime("scan", "--json")
    by_files = ambertime(
        *("scan", "--json", "--database", made_library.media / "PhotoData/Photos.sqlite"),
        *("--media", made_library.media),
    )
    assert by_phone.code == 0, by_phone.err
    assert by_phone.of("library")[0].pop("udid") == phone.udid
    assert by_phone.of("asset") == by_files.of("asset")
    assert by_phone.of("summary") == by_files.of("summary")
    people = ambertime("scan")
    assert people.out.startswith(f"Photo Library of {phone.facts.name}")


def test_devices_and_drives_are_listed(
    made_library: MadeLibrary, phone_factory: PhoneFactory, ambertime: Ambertime
) -> None:
    assert ambertime("devices").out == ""
    phone = phone_factory(made_library.media)
    (record,) = ambertime("devices", "--json").records
    assert (record["type"], record["udid"], record["ready"]) == ("phone", phone.udid, True)
    assert phone.facts.name in ambertime("devices").out
    drives = ambertime("drives", "--json")
    assert drives.code == 0
    assert {record["type"] for record in drives.records} <= {"drive"}
