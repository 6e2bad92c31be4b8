"""Reading a file back while it grows: every byte once, and from the drive."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import ReadBackDiffers
from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing import file_writer
from ambertime_tui.drive.writing.read_back import IncrementalReader, Reader
from tests.drive.archive_helpers import JULY, PHONE, asset, content, drive_at, traits, tree

BLOCK = 512 << 10
SIZES = (1, 3 * BLOCK - 1, 1, BLOCK // 2, 2 * BLOCK + 4097, 0, 7)


class PagesStay(SystemCalls):
    """A file system that never drops its cached pages, so that only O_DIRECT reads the drive."""

    def __init__(self) -> None:
        self.direct = 0

    def is_cached(self, fd: int, offset: int) -> bool | None:
        return True

    def open_read(self, path: Path, *, direct: bool = False) -> int:
        self.direct += direct
        return super().open_read(path, direct=direct)


def has_direct(folder: Path) -> bool:
    (folder / "probe").write_bytes(b"x")
    try:
        os.close(SystemCalls().open_read(folder / "probe", direct=True))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("calls", [SystemCalls(), PagesStay()], ids=["pages dropped", "around the cache"])
def test_each_byte_of_a_growing_file_is_read_once(tmp_path: Path, calls: SystemCalls) -> None:
    if isinstance(calls, PagesStay) and not has_direct(tmp_path):
        pytest.skip("no O_DIRECT on this file system")
    path, heard = tmp_path / "long", list[int]()
    reading = IncrementalReader(Reader(traits("ext4"), "", calls), path, hashlib.sha256(), heard.append)
    chance, written = random.Random(7), b""
    for size in SIZES:
        written += chance.randbytes(size)
        with path.open("ab") as file:
            file.write(written[-size:] if size else b"")
            file.flush()
            os.fsync(file.fileno())
        reading.read_rest()
        assert (reading.size, reading.hexdigest) == (len(written), hashlib.sha256(written).hexdigest())
    assert sum(heard) == len(written)
    if isinstance(calls, PagesStay):
        assert calls.direct == len(SIZES)
        assert reading.read_back is ReadBack.FROM_DRIVE


class LiesAtTheSecondSync(SystemCalls):
    """Changes one byte that was written before the second sync of a photo."""

    def __init__(self) -> None:
        self.syncs = 0

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if path.name.endswith(".HEIC.part"):
            self.syncs += 1
            if self.syncs == 2:
                with path.open("r+b") as file:
                    file.seek(1500)
                    file.write(b"!!")


def test_a_long_file_is_read_back_while_written_and_damage_found_before_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writer, "CHECKPOINT_EVERY", 1000)
    item = asset(1)
    data = content(item, item.resources[0])
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=LiesAtTheSecondSync()) as target:
        file = target.writer(PHONE, item).begin(
            item.resources[0], len(data), item.created, source_modified_at=JULY
        )
        file.write(data[:1000])
        with pytest.raises(ReadBackDiffers):
            file.write(data[1000:2000])
        assert tree(tmp_path) == {}
