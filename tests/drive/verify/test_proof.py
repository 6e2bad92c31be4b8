"""Verification computes Apple's fingerprint in the same pass, and completes the proof of older archives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ambertime_tui.drive.record.record_model import Proof, RecordedAsset
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.library.fingerprint import fingerprint_of
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import asset, backup, content, drive_at, recorded_in, tree, verdicts_of

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO, Role.EDITED_PHOTO)
ITEM = asset(1, LIVE)


def set_fingerprints(root: Path, computed: bool, library: dict[Role, str]) -> None:
    """Rewrite the record as an older version left it, and as a library states its fingerprints."""
    with open_target(root, drive=drive_at(root)) as target:
        for item in recorded_in(root):
            files = tuple(
                replace(
                    file,
                    fingerprint=file.fingerprint if computed else None,
                    library_fingerprint=library.get(file.role),
                )
                for file in item.files
            )
            target.record.commit([replace(item, files=files)])
        target.finish()


def recorded(root: Path) -> RecordedAsset:
    (item,) = recorded_in(root)
    return item


def fingerprint(role: Role) -> str:
    return fingerprint_of(content(ITEM, next(part for part in ITEM.resources if part.role is role)))


def test_an_older_archive_is_proved_without_copying(tmp_path: Path) -> None:
    backup(tmp_path, [ITEM])
    set_fingerprints(tmp_path, False, {Role.PHOTO: fingerprint(Role.PHOTO)})
    files = tree(tmp_path)
    found = verdicts_of(tmp_path)
    assert {path.rpartition("/")[2]: file.proof for path, file in found.items()} == {
        "IMG_0001.HEIC": Proof.PROVED,
        "IMG_0001.MOV": Proof.UNPROVED,
        "IMG_0001_edited.HEIC": None,
    }
    assert tree(tmp_path) == files
    assert {file.role: file.fingerprint for file in recorded(tmp_path).files} == {
        Role.PHOTO: fingerprint(Role.PHOTO),
        Role.PAIRED_VIDEO: fingerprint(Role.PAIRED_VIDEO),
        Role.EDITED_PHOTO: None,
    }
    report = verify(tmp_path)
    assert (report.proofs, report.differing) == ({Proof.PROVED: 1, Proof.UNPROVED: 1}, ())


def test_an_original_that_differs_from_the_fingerprint_is_whole_and_named(tmp_path: Path) -> None:
    backup(tmp_path, [ITEM])
    set_fingerprints(tmp_path, True, {Role.PHOTO: fingerprint(Role.PAIRED_VIDEO)})
    report = verify(tmp_path)
    assert report.sound
    assert [file.path for file in report.differing] == ["Photos/2024-07/IMG_0001.HEIC"]
    assert report.proofs[Proof.DIFFERS] == 1


def test_nothing_is_stored_while_a_job_holds_the_lock(tmp_path: Path) -> None:
    backup(tmp_path, [ITEM])
    set_fingerprints(tmp_path, False, {Role.PHOTO: fingerprint(Role.PHOTO)})
    with open_target(tmp_path, drive=drive_at(tmp_path)):
        assert verify(tmp_path).proofs[Proof.PROVED] == 1
    assert all(file.fingerprint is None for file in recorded(tmp_path).files)


def test_a_damaged_original_has_no_proof(tmp_path: Path) -> None:
    backup(tmp_path, [ITEM])
    (tmp_path / "Photos/2024-07/IMG_0001.HEIC").write_bytes(b"something else")
    assert verdicts_of(tmp_path)["Photos/2024-07/IMG_0001.HEIC"].proof is None


def test_a_month_folder_linked_to_another_place_is_not_whole(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    root.mkdir()
    backup(root, [ITEM])
    (root / "Photos/2024-07").rename(tmp_path / "elsewhere")
    (root / "Photos/2024-07").symlink_to(tmp_path / "elsewhere")
    report = verify(root)
    assert not report.sound
    assert "is a link" in report.not_whole[0].sentence
