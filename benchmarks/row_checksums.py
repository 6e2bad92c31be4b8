"""What the checksums in the rows of the record cost: `python -m benchmarks.row_checksums [--assets 20000]`.

Records assets with two files each, in groups of 64 like a job. The bytes are those of compact copies of the
record with and without the checksums, the time is CPU time: of all commits, and of computing the checksums of
the same rows.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.row_checksums import TABLES, row_checksum
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.model import Role

GROUP = 64
UDID = "00008101-000A1B2C3D4E5F60"


def main() -> None:
    """Print a row of the Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--assets", type=int, default=20_000)
    parser.add_argument("--scratch", type=Path, default=None, help="where to write; a RAM disk is fastest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        path = Path(folder) / "record.sqlite3"
        assets = [_asset(number) for number in range(options.assets)]
        record = Record(path, SystemCalls())
        began = time.process_time()
        for first in range(0, len(assets), GROUP):
            record.commit(assets[first : first + GROUP])
        commits = time.process_time() - began
        record.close()
        checksums, rows = _checksum_time(path)
        sizes = [_compact_size(path, checksums=kept) for kept in (False, True)]
    mib = [f"{size / 1e6:.1f} MB" for size in sizes]
    print(
        f"| {options.assets:,} | {rows:,} | {mib[0]} | {mib[1]} | {sizes[1] / sizes[0] - 1:.0%} "
        f"| {commits:.1f} s | {checksums:.2f} s |"
    )


def _asset(number: int) -> RecordedAsset:
    uuid, stem = str(UUID(int=number * 2**64 + 7)).upper(), f"IMG_{number:05}"
    folder = f"Photos/{2000 + number // 1200 % 25}-{number // 100 % 12 + 1:02}"
    files = tuple(
        RecordedFile(
            role, folder, f"{stem}.{ending}", f"{stem}.{ending}", 2_000_000 + number,
            hashlib.sha256(f"{number} {role}".encode()).hexdigest(), 1.7e9 + number, ReadBack.FROM_DRIVE,
            1.75e9 + number, f"DCIM/100APPLE/{stem}.{ending}", 1.7e9 + number,
            fingerprint="01" + "ab" * 20, library_fingerprint="01" + "ab" * 20,
        )
        for role, ending in ((Role.PHOTO, "HEIC"), (Role.PAIRED_VIDEO, "MOV"))
    )  # fmt: skip
    return RecordedAsset(UDID, uuid, f"{stem}.HEIC", folder, stem, files, 1.75e9 + number)


def _checksum_time(path: Path) -> tuple[float, int]:
    """CPU seconds for the checksums of all rows, and the number of rows."""
    seconds, count = 0.0, 0
    with closing(sqlite3.connect(path)) as database:
        for table, columns in TABLES.items():
            rows = database.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            began = time.process_time()
            for row in rows:
                row_checksum(table, *row)
            seconds, count = seconds + time.process_time() - began, count + len(rows)
    return seconds, count


def _compact_size(path: Path, *, checksums: bool) -> int:
    copy = path.with_name(f"copy {checksums}")
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy, isolation_level=None)) as database:
        if not checksums:
            for table in TABLES:
                database.execute(f"ALTER TABLE {table} DROP COLUMN checksum")
        database.execute("VACUUM")
    return copy.stat().st_size


if __name__ == "__main__":
    main()
