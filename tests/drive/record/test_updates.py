"""What the record stores besides copied files: fingerprints, reserved names and forgotten assets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import ForgottenAsset, Proof, ReadBack, ReservedName
from ambertime_tui.drive.record.rows import KnownFile
from ambertime_tui.drive.record.updates import ComputedFingerprint, LibraryFacts
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.fingerprint import fingerprint_of
from ambertime_tui.library.model import Role
from tests.drive.record.test_record import recorded

MINE, OTHER = fingerprint_of(b"abc"), fingerprint_of(b"abd")
FOLDER = "Photos/2024-07"


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "record.sqlite3", SystemCalls())


def reopened(record: Record) -> Record:
    """The record after a restart, completely checked."""
    record.close()
    return Record(record.path, SystemCalls(), check_all=True)


def test_the_fingerprint_that_comes_later_completes_the_proof(record: Record) -> None:
    record.commit([recorded("A"), recorded("B", "IMG_2.HEIC")])
    assert record.count_proofs("PHONE") == {Proof.PROVED: 0, Proof.DIFFERS: 0, Proof.UNPROVED: 2}
    record.set_library_facts(
        "PHONE", [LibraryFacts(uuid, Role.PHOTO, 1, MINE, None) for uuid in ("A", "B", "not recorded")]
    )
    record.add_fingerprints(
        [
            ComputedFingerprint(f"{FOLDER}/IMG_1.HEIC", "ab" * 32, MINE),
            ComputedFingerprint(f"{FOLDER}/IMG_2.HEIC", "ab" * 32, OTHER),
            ComputedFingerprint(f"{FOLDER}/IMG_1.HEIC", "cd" * 32, OTHER),  # of other bytes
        ]
    )
    again = reopened(record)
    assert again.count_proofs("PHONE") == {Proof.PROVED: 1, Proof.DIFFERS: 1, Proof.UNPROVED: 0}
    found = again.find_asset("PHONE", "B")
    assert found is not None
    assert (found.files[0].proof, found.files[0].fingerprint) == (Proof.DIFFERS, OTHER)
    assert again.known_files("PHONE", ["A"]) == {"A": {Role.PHOTO: KnownFile(3, None, MINE, MINE, None)}}


def test_facts_that_are_recorded_already_are_not_written_again(record: Record) -> None:
    record.commit([recorded("A")])
    facts = [LibraryFacts("A", Role.PHOTO, 1, MINE, 7)]
    record.set_library_facts("PHONE", facts)
    again = reopened(record)
    again.set_library_facts("PHONE", facts)
    assert again.unchanged
    again.set_library_facts("PHONE", [LibraryFacts("A", Role.PHOTO, 1, MINE, None)])
    assert not again.unchanged


def test_many_fingerprints_do_not_make_the_record_grow_in_place(record: Record) -> None:
    names = [f"IMG_{number}.HEIC" for number in range(6_000)]
    record.commit([recorded(name, name) for name in names])
    before = record.path.stat()
    record.add_fingerprints(ComputedFingerprint(f"{FOLDER}/{name}", "ab" * 32, MINE) for name in names)
    after = record.path.stat()
    assert after.st_size == before.st_size or after.st_ino != before.st_ino
    record.set_library_facts("PHONE", (LibraryFacts(name, Role.PHOTO, 1, MINE, None) for name in names))
    assert reopened(record).count_proofs("PHONE")[Proof.PROVED] == 6_000


def test_a_file_that_two_assets_share_counts_once(record: Record) -> None:
    """After a phone is set up again, its photos have new identifiers but the same files."""
    record.commit([recorded("A"), recorded("A again"), recorded("B", "IMG_2.HEIC")])
    assert record.count_originals("PHONE") == {ReadBack.FROM_DRIVE: 2}
    record.set_library_facts("PHONE", [LibraryFacts("A", Role.PHOTO, 1, MINE, None)])
    record.add_fingerprints([ComputedFingerprint(f"{FOLDER}/IMG_1.HEIC", "ab" * 32, MINE)])
    assert record.count_proofs("PHONE") == {Proof.PROVED: 1, Proof.DIFFERS: 0, Proof.UNPROVED: 1}
    record.set_library_facts("PHONE", [LibraryFacts("A again", Role.PHOTO, 1, OTHER, None)])
    assert record.count_proofs("PHONE") == {Proof.PROVED: 0, Proof.DIFFERS: 1, Proof.UNPROVED: 1}


def test_a_damaged_file_that_two_assets_share_is_left_out_once(record: Record) -> None:
    again = recorded("A again")
    cached = replace(again, files=(replace(again.files[0], read_back=ReadBack.THROUGH_CACHE),))
    record.commit([recorded("A"), cached, recorded("B", "IMG_2.HEIC")])
    shared = f"{FOLDER}/IMG_1.HEIC"
    assert record.count_originals("PHONE", {shared}) == {ReadBack.FROM_DRIVE: 1}
    assert sum(record.count_proofs("PHONE", {shared}).values()) == 1
    assert sum(record.count_originals("PHONE").values()) == 2


def test_an_asset_in_part_reserves_the_names_of_its_other_files(record: Record) -> None:
    late = ReservedName(Role.PAIRED_VIDEO, FOLDER, "IMG_1.MOV")
    edit = ReservedName(Role.EDITED_PHOTO, FOLDER, "IMG_1_edited.HEIC")
    record.commit([replace(recorded("A"), reserved=(late, edit)), recorded("B", "IMG_2.HEIC")])
    again = reopened(record)
    found = again.find_asset("PHONE", "A")
    assert found == replace(recorded("A"), reserved=(late, edit))
    assert again.reserved_names_in(FOLDER) == {"IMG_1.MOV", "IMG_1_edited.HEIC"}
    video = replace(recorded("A").files[0], role=Role.PAIRED_VIDEO, name="IMG_1.MOV")
    again.commit([replace(recorded("A"), files=(video,))])
    assert reopened(again).reserved_names_in(FOLDER) == {"IMG_1_edited.HEIC"}


def test_an_asset_may_have_reserved_names_only(record: Record) -> None:
    nothing_yet = replace(recorded("A"), files=(), reserved=(ReservedName(Role.PHOTO, FOLDER, "IMG_1.HEIC"),))
    record.commit([nothing_yet])
    assert reopened(record).find_asset("PHONE", "A") == nothing_yet


def test_a_forgotten_asset_is_left_out_and_can_be_remembered(record: Record) -> None:
    record.commit([recorded("A"), recorded("B", "IMG_2.HEIC")])
    record.forget([("PHONE", "A"), ("PHONE", "not recorded")], 9.0)
    again = reopened(record)
    assert again.forgotten_assets() == (ForgottenAsset("PHONE", "A", "IMG_1.HEIC", FOLDER, "IMG_1", 9.0),)
    assert [path for path, _ in again.iter_hashes()] == [f"{FOLDER}/IMG_2.HEIC"]
    assert [[file.uuid for file in files] for _, files in again.files_by_folder("PHONE")] == [["B"]]
    assert again.count_originals("PHONE") == {ReadBack.FROM_DRIVE: 1}
    assert again.find_asset("PHONE", "A") == recorded("A"), "nothing is deleted"
    again.unforget([("PHONE", "A")])
    assert len(dict(reopened(again).iter_hashes())) == 2


def test_a_forgotten_asset_that_is_copied_again_is_no_longer_forgotten(record: Record) -> None:
    record.commit([recorded("A")])
    record.forget([("PHONE", "A")], 9.0)
    record.commit([recorded("A")])
    assert reopened(record).forgotten_assets() == ()
