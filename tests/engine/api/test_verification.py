"""A verification ends with a report or a sentence, whatever this user may not read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.verification import Verification, verify_archive
from tests.drive.archive_helpers import asset, backup

NOBODY = 65534
MONTH = "Photos/2024-07"


@pytest.fixture
def archive() -> Iterator[Path]:
    """An archive that every user can reach, as on a mounted drive."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    target = folder / "Archive"
    target.mkdir()
    backup(target, [asset(1), asset(2, created=None)])
    yield target
    for path in (folder, target, *target.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def as_a_user() -> Iterator[None]:
    """Without the rights of root, who may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if before == 0:
            os.seteuid(before)


def verified(target: Path) -> Verification:
    with as_a_user():
        return verify_archive(target, lambda status: None)


def test_a_file_that_may_not_be_read_is_named_and_the_others_are_verified(archive: Path) -> None:
    (archive / MONTH / "IMG_0001.HEIC").chmod(0)
    found = verified(archive)
    (file,) = found.not_whole
    assert file.path == f"{MONTH}/IMG_0001.HEIC"
    assert "it may be intact, but you are not allowed to read it" in file.sentence
    assert found.counts["whole"] == 1


def test_such_a_file_is_not_copied_again(archive: Path) -> None:
    (archive / MONTH / "IMG_0001.HEIC").chmod(0)
    for path in (archive / ".ambertime", *(archive / ".ambertime").iterdir()):
        path.chmod(0o777)
    verified(archive)
    assert not (archive / ".ambertime/findings.json").exists()


def test_a_folder_that_may_not_be_entered_is_named(archive: Path) -> None:
    (archive / MONTH).chmod(0)
    found = verified(archive)
    assert [file.path for file in found.not_whole] == [f"{MONTH}/IMG_0001.HEIC"]
    assert found.counts["whole"] == 1
    (notice,) = found.notices
    assert notice.startswith(f"{archive / MONTH} cannot be listed (Permission denied)")


@pytest.mark.parametrize("what", ["..", ".", ".ambertime", "SHA256SUMS", ".ambertime/record.sqlite3"])
def test_what_the_archive_cannot_do_without_gets_a_sentence(archive: Path, what: str) -> None:
    (archive / what).chmod(0)
    with pytest.raises(EngineError) as caught:
        verified(archive)
    assert caught.value.kind in ("TargetUnreadable", "RecordFailed")
    assert str(archive.parent) in caught.value.sentence
    assert "ermission denied" in caught.value.sentence or "unable to open" in caught.value.sentence


def test_an_error_of_the_system_gets_a_sentence(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path) -> object:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("ambertime_tui.drive.verify.verify.drive_of", failing)
    with pytest.raises(EngineError, match="Input/output error"):
        verify_archive(archive, lambda status: None)


def test_a_path_that_is_too_long_gets_a_sentence() -> None:
    with pytest.raises(EngineError) as caught:
        verify_archive(Path("/tmp") / ("x" * 300), lambda status: None)
    assert caught.value.kind == "NameTooLong"
