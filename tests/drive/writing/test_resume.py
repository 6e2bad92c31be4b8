"""An interrupted large file is resumed from its last checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.writing import file_writer
from tests.drive.archive_helpers import JULY, PHONE, assert_complete, asset, backup, content, drive_at

ITEM = asset(1)
PART = Path("Photos/2024-07/.IMG_0001.HEIC.part")
DATA = content(ITEM, ITEM.resources[0])


@pytest.fixture(autouse=True)
def checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint every 1,000 bytes, not every 256 MiB."""
    monkeypatch.setattr(file_writer, "CHECKPOINT_EVERY", 1000)


def dies_in_the_middle(root: Path, upto: int = 2500) -> None:
    """A job that is killed after this many bytes, without any cleanup."""
    with open_target(root, drive=drive_at(root)) as target:
        file = target.writer(PHONE, ITEM).begin(
            ITEM.resources[0], len(DATA), ITEM.created, source_modified_at=JULY + 1
        )
        for start in range(0, upto, 500):
            file.write(DATA[start : min(upto, start + 500)])


def goes_on_at(root: Path, *, size: int = len(DATA), modified_at: float = JULY + 1) -> int:
    """Number of bytes that the next job does not copy again."""
    with open_target(root, drive=drive_at(root)) as target, target.writer(PHONE, ITEM) as writer:
        return writer.begin(ITEM.resources[0], size, ITEM.created, source_modified_at=modified_at).written


def test_the_next_job_resumes_at_the_checkpoint(tmp_path: Path) -> None:
    dies_in_the_middle(tmp_path)
    assert (tmp_path / PART).stat().st_size == 2500
    assert goes_on_at(tmp_path) == 2000
    dies_in_the_middle(tmp_path)
    assert not backup(tmp_path, [ITEM])
    assert_complete(tmp_path, [ITEM])


def test_a_file_that_changed_on_the_phone_is_started_again(tmp_path: Path) -> None:
    dies_in_the_middle(tmp_path)
    assert goes_on_at(tmp_path, modified_at=JULY + 2) == 0
    dies_in_the_middle(tmp_path)
    assert goes_on_at(tmp_path, size=len(DATA) + 1) == 0
    assert not (tmp_path / PART).exists()


@pytest.mark.parametrize("harm", ["a bit", "cut short", "gone", "a link"])
def test_a_part_that_differs_from_its_checkpoint_is_started_again(tmp_path: Path, harm: str) -> None:
    dies_in_the_middle(tmp_path)
    part, elsewhere = tmp_path / PART, tmp_path / "elsewhere"
    found = bytearray(part.read_bytes())
    if harm == "a bit":
        found[700] ^= 1
        part.write_bytes(found)
    elif harm == "cut short":
        part.write_bytes(found[:1999])
    else:
        part.unlink()
    if harm == "a link":
        elsewhere.write_bytes(found)
        part.symlink_to(elsewhere)
    assert goes_on_at(tmp_path) == 0
    if harm == "a link":
        assert elsewhere.read_bytes() == found
        part.unlink()
    assert not backup(tmp_path, [ITEM])
    assert_complete(tmp_path, [ITEM])


def test_a_part_with_a_flipped_bit_is_written_again_completely(tmp_path: Path) -> None:
    dies_in_the_middle(tmp_path)
    found = bytearray((tmp_path / PART).read_bytes())
    found[700] ^= 1
    (tmp_path / PART).write_bytes(found)
    assert not backup(tmp_path, [ITEM])
    assert_complete(tmp_path, [ITEM])


def test_an_unfinished_part_is_kept_for_the_next_job_only(tmp_path: Path) -> None:
    dies_in_the_middle(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)):
        assert (tmp_path / PART).exists()
    assert not (tmp_path / PART).exists()
    assert goes_on_at(tmp_path) == 0
    assert not (tmp_path / ".ambertime/parts").exists()


def test_a_file_is_finished_after_repeated_kills(tmp_path: Path) -> None:
    gained = 0
    for _ in range(3):
        with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
            file = target.writer(PHONE, ITEM).begin(
                ITEM.resources[0], len(DATA), ITEM.created, source_modified_at=JULY + 1
            )
            assert file.written == gained
            file.write(DATA[gained : gained + 1000])
            gained += 1000
    assert not backup(tmp_path, [ITEM])
    assert_complete(tmp_path, [ITEM])


@pytest.mark.parametrize(
    "line",
    [
        '{"part": "../../etc/.passwd.part", "source": "x", "size": 5, "sha256": "00"}',
        '{"part": "Photos/2024-07/IMG_0001.HEIC", "source": "x", "size": 5, "sha256": "00"}',
        '{"part": "Photos/.theirs.part", "source": "x", "size": 5, "sha256": "00"}',
        '{"part": 5}',
        "[]",
        '{"size": "many"}',
    ],
)
def test_a_checkpoint_for_an_unregistered_part_is_ignored(tmp_path: Path, line: str) -> None:
    backup(tmp_path, [ITEM])
    theirs = tmp_path / "Photos/.theirs.part"
    theirs.write_bytes(b"theirs")
    (tmp_path / ".ambertime/parts").write_text(line + "\n")
    with open_target(tmp_path, drive=drive_at(tmp_path)):
        pass
    assert theirs.read_bytes() == b"theirs"
    assert_complete_but_theirs(tmp_path, theirs)


def assert_complete_but_theirs(root: Path, theirs: Path) -> None:
    theirs.unlink()
    assert_complete(root, [ITEM])
