"""`ambertime find`: what is in an archive, for people and for programs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.conftest import Ambertime
from tests.drive.archive_helpers import backup


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    backup(folder)
    return folder


def test_items_are_listed_with_their_files(archive: Path, ambertime: Ambertime) -> None:
    text = ambertime("find", archive, "--range", "2024-07", "--kind", "live")
    assert text.code == 0, text.err
    *lines, total = text.out.splitlines()
    assert [line.split()[0] for line in lines] == ["2024-07-14"] * 4
    assert lines[0].endswith("Photos/2024-07/IMG_0001.HEIC")
    assert total.startswith("1 item, 4 files, ")

    ran = ambertime("find", archive, "--range", "2024-07", "--kind", "live", "--json")
    (item,) = ran.of("item")
    assert (item["original_filename"], item["day"]) == ("IMG_0001.HEIC", "2024-07-14")
    assert item["kinds"] == ["photo", "live", "edited"]
    for file in item["files"]:
        data = (archive / file["path"]).read_bytes()
        assert (file["size"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert {file["role"]: file["proof"] for file in item["files"]}["edited_photo"] is None
    size = sum(file["size"] for file in item["files"])
    assert ran.records[-1] == {"type": "summary", "items": 1, "files": 4, "bytes": size}


def test_what_is_not_found_or_not_understood_is_said(
    archive: Path, tmp_path: Path, ambertime: Ambertime
) -> None:
    nothing = ambertime("find", archive, "--name", "no such name")
    assert (nothing.code, nothing.out) == (0, "Nothing found.\n")
    assert ambertime("find", archive, "--range", "lately").code == 2
    no_archive = ambertime("find", tmp_path, "--json")
    assert (no_archive.code, no_archive.records[-1]["kind"]) == (1, "NoArchive")
