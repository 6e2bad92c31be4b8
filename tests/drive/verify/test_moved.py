"""Verification recognizes files that a person moved or renamed, and says where they are."""

from __future__ import annotations

from pathlib import Path

from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.system_calls import SystemCalls
from tests.drive.archive_helpers import asset, backup, verdicts_of

MONTH = "Photos/2024-07"


def test_moved_and_renamed_files_are_whole_and_no_extra_files(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 6)])
    folder = tmp_path / MONTH
    (tmp_path / "Photos/Trip").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (folder / "IMG_1.HEIC").rename(folder / "beach.HEIC")
    (folder / "IMG_2.HEIC").rename(tmp_path / "Photos/Trip/IMG_2.HEIC")
    (folder / "IMG_3.HEIC").rename(tmp_path / "elsewhere/IMG_3.HEIC")
    (folder / "IMG_4.HEIC").unlink()
    found = verdicts_of(tmp_path)
    assert {path: file.moved_to for path, file in found.items() if file.moved_to} == {
        f"{MONTH}/IMG_1.HEIC": f"{MONTH}/beach.HEIC",
        f"{MONTH}/IMG_2.HEIC": "Photos/Trip/IMG_2.HEIC",
        f"{MONTH}/IMG_3.HEIC": "elsewhere/IMG_3.HEIC",
    }
    assert found[f"{MONTH}/IMG_1.HEIC"].sentence == (
        f"{MONTH}/IMG_1.HEIC was moved to {MONTH}/beach.HEIC. The next backup records it there."
    )
    report = verify(tmp_path)
    assert report.count(Verdict.WHOLE) == 4
    assert report.count(Verdict.MISSING) == 1
    assert report.count(Verdict.EXTRA) == 0
    assert len(report.moved) == 3
    assert not report.notices


def test_a_moved_folder_is_found_in_a_sample_too(tmp_path: Path) -> None:
    backup(tmp_path)
    (tmp_path / MONTH).rename(tmp_path / "Photos/Summer")
    report = verify(tmp_path, sample=0.5)
    assert report.sound
    assert report.moved


def test_files_of_one_size_are_each_read_once(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"IMG_{n:02}.HEIC") for n in range(1, 31)])
    (tmp_path / MONTH).rename(tmp_path / "Photos/Summer")
    read: list[str] = []

    class Watched(SystemCalls):
        def open_read(self, path: Path, *, direct: bool = False) -> int:
            read.append(path.name)
            return super().open_read(path, direct=direct)

    report = verify(tmp_path, calls=Watched())
    assert len(report.moved) == 30
    assert max(read.count(name) for name in read) <= 2, "read, perhaps past the cache"


def test_one_copy_accounts_for_one_missing_file(tmp_path: Path) -> None:
    first = asset(1, name="IMG_1.HEIC")
    backup(tmp_path, [first, asset(2, name="IMG_2.HEIC")])
    data = (tmp_path / MONTH / "IMG_1.HEIC").read_bytes()
    (tmp_path / MONTH / "IMG_1.HEIC").rename(tmp_path / MONTH / "a.HEIC")
    (tmp_path / MONTH / "b.HEIC").write_bytes(data)
    report = verify(tmp_path)
    assert [file.moved_to for file in report.moved] == [f"{MONTH}/a.HEIC"]
    assert [file.path for file in report.not_whole] == [f"{MONTH}/b.HEIC"]
    assert report.count(Verdict.EXTRA) == 1
