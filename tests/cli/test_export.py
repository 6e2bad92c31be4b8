"""`ambertime export`: a selection out of an archive, with an exit code that scripts can rely on."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from tests.cli.conftest import Ambertime
from tests.drive.archive_helpers import backup, flip_a_bit


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    backup(folder)
    return folder


def test_a_selection_is_exported_and_what_is_damaged_is_left_out(
    archive: Path, tmp_path: Path, ambertime: Ambertime
) -> None:
    out = tmp_path / "out"
    done = ambertime("export", archive, "--kind", "raw", "--to", out, "--layout", "flat")
    assert done.code == 0, done.err
    assert "2 files of 1 item, " in done.out
    assert "Each has the recorded SHA-256." in done.out
    names = sorted(path.name for path in out.iterdir())
    assert names == ["2024-07_img_0004.dng", "2024-07_img_0004.heic"]
    assert filecmp.cmp(out / names[0], archive / "Photos/2024-07/img_0004.dng", shallow=False)

    flip_a_bit(archive / "Photos/2024-07/IMG_0001.MOV", 50)
    ran = ambertime("export", archive, "--range", "2024", "--to", out, "--layout", "flat", "--json")
    assert ran.code == 3
    outcomes = {file["path"].rpartition("/")[2]: file["outcome"] for file in ran.of("file")}
    assert outcomes["IMG_0001.MOV"] == "damaged"
    assert outcomes["img_0004.dng"] == "present"
    summary = ran.records[-1]
    assert (summary["items"], summary["present"], summary["left"], summary["complete"]) == (3, 2, 1, False)
    assert summary["copied"] == len(ran.of("file")) - 3


def test_nothing_to_export_and_a_folder_in_the_archive_are_no_success(
    archive: Path, tmp_path: Path, ambertime: Ambertime
) -> None:
    nothing = ambertime("export", archive, "--range", "1999", "--to", tmp_path / "out")
    assert (nothing.code, (tmp_path / "out").exists()) == (3, False)
    inside = ambertime("export", archive, "--to", archive / "out", "--json")
    assert (inside.code, inside.records[-1]["kind"]) == (1, "ExportIntoArchive")
