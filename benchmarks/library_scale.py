"""Measure time and memory to list and plan a large library: `python -m benchmarks.library_scale`.

The benchmark generates a library of 10,000 assets, most with two originals, and multiplies its rows under new
identifiers. A separate process then lists the library's folders, reads assets and counts by day from the
database while checking flags against the files of every folder, and makes a plan. Folder listings come from a
file, one folder per line, as AFC would deliver them one by one. Times are CPU times, since other work on the
machine makes wall-clock times unreliable; the column "clock" has the wall-clock time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.rules import make_plan
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.library.folder_names import FolderNames
from ambertime_tui.library.histogram import DayCounter
from ambertime_tui.library.photos_db import LibraryReader, read_library
from ambertime_tui.library.private_copy import private_copy
from ambertime_tui.simulator.library import LibraryRecipe, Mix, make_library
from benchmarks.measured import own_peak_bytes

BASE = 10_000
COLUMNS = (
    "assets",
    "files",
    "database",
    "folders",
    "assets, by day",
    "a range",
    "plan",
    "total",
    "clock",
    "peak memory",
)
COPIED_WITH_NEW_KEYS = {
    "ZASSET": ("Z_PK", "ZMASTER"),
    "ZADDITIONALASSETATTRIBUTES": ("Z_PK", "ZASSET"),
    "ZINTERNALRESOURCE": ("Z_PK", "ZASSET"),
    "ZCLOUDMASTER": ("Z_PK",),
    "ZDETECTEDFACE": ("Z_PK", "ZASSETFORFACE"),
}
INDEXES = (
    "CREATE INDEX by_asset_1 ON ZADDITIONALASSETATTRIBUTES (ZASSET)",
    "CREATE INDEX by_asset_2 ON ZINTERNALRESOURCE (ZASSET)",
    "CREATE INDEX by_uuid ON ZASSET (ZUUID)",
)
"""The indexes that a scan uses, of some four hundred in a real database."""


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--grown", action="store_true", help="databases as large and as mixed as real ones: slower to make"
    )
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    print("|", " | ".join(COLUMNS), "|")
    print("|" + "---|" * len(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        made = make_library(
            Path(scratch) / "base", LibraryRecipe(assets=BASE, media=False, mix=Mix(live=0.6))
        ).database
        for assets in options.assets:
            folder = Path(scratch) / str(assets)
            folder.mkdir()
            if options.grown:
                make_grown(folder / "Photos.sqlite", assets)
            else:
                multiply(made, folder / "Photos.sqlite", max(1, assets // BASE))
            run = [sys.executable, "-m", "benchmarks.library_scale", "--measure", str(folder)]
            list_folders(folder)
            subprocess.run(run, check=True)


def make_grown(target: Path, assets: int) -> None:
    """Make a database as large and as mixed as one that grew over years, without its log."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        recipe = LibraryRecipe(
            assets=assets, media=False, fingerprints=False, grown=True, mix=Mix(live=0.6, burst=0.0)
        )
        with private_copy(make_library(Path(scratch), recipe).database) as copy:
            with closing(sqlite3.connect(copy)) as rows:
                rows.execute("PRAGMA journal_mode = DELETE")
            shutil.copyfile(copy, target)


def multiply(source: Path, target: Path, times: int) -> None:
    """Copy a library database, repeating its rows with new keys, identifiers and folders."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = OFF")
        new.execute("PRAGMA synchronous = OFF")
        made = new.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        )
        for kind, name in made.fetchall():
            new.execute(f'DROP {kind} "{name}"')
        for table, keys in COPIED_WITH_NEW_KEYS.items():
            columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
            highest = new.execute("SELECT max(Z_PK) FROM ZINTERNALRESOURCE").fetchone()[0]
            chosen = [
                f"{name} + :shift" if name in keys else CHANGED.get((table, name), name) for name in columns
            ]
            query = f"INSERT INTO {table} SELECT {', '.join(chosen)} FROM {table} WHERE Z_PK <= :highest"
            for copy in range(1, times):
                new.execute(query, {"shift": copy * STRIDE, "copy": copy, "highest": min(highest, STRIDE)})
        for index in INDEXES:
            new.execute(index)
        new.commit()


STRIDE = 1_000_000
"""Larger than any key of the original library."""
CHANGED = {
    # A camera's counter takes years to wrap around, so names do not repeat within a month.
    ("ZASSET", "ZDATECREATED"): "ZDATECREATED - :copy * 40 * 86400.0",
    ("ZASSET", "ZUUID"): "printf('%08X', :copy) || substr(ZUUID, 9)",
    ("ZASSET", "ZFILENAME"): (
        "CASE WHEN ZDIRECTORY LIKE 'PhotoData/CPLAssets/%' "
        "THEN printf('%08X', :copy) || substr(ZFILENAME, 9) ELSE ZFILENAME END"
    ),
    ("ZASSET", "ZDIRECTORY"): (
        "CASE WHEN ZDIRECTORY LIKE 'DCIM/%' "
        "THEN printf('DCIM/%dAPPLE', 10000 + 100 * :copy + substr(ZDIRECTORY, 6, 3)) ELSE ZDIRECTORY END"
    ),
}


def list_folders(folder: Path) -> None:
    """Write the contents of each media folder, as if every flag were correct: one JSON line per folder."""
    names: dict[str, list[str]] = {}
    for asset in read_library(folder / "Photos.sqlite").assets:
        if asset.ownership.is_archived:
            for one in asset.resources:
                found = names.setdefault(one.directory, [])
                if one.availability == "local":
                    found.append(one.name)
    with (folder / "listing").open("w") as out:
        for line in names.items():
            out.write(json.dumps(line) + "\n")


def measure(folder: Path) -> None:
    """Do what a job does between copying the database and the first byte. Print one row."""
    seconds: list[float] = []

    @contextmanager
    def timed() -> Iterator[None]:
        began = time.process_time()
        yield
        seconds.append(time.process_time() - began)

    began = time.perf_counter()
    counter = DayCounter()
    with closing(LibraryReader(folder / "Photos.sqlite")) as reader:
        with timed():
            folders = len(reader.folders())
            listing = {}
            with (folder / "listing").open() as lines:
                for line in lines:
                    directory, names = json.loads(line)
                    listing[directory] = FolderNames(names)
        with timed():
            library = reader.library(listing, begin=lambda: counter.add)
            days = counter.by_day()
        del listing
    with timed():
        for n in range(1000):
            start = date(2014, 1, 1) + timedelta(days=n)
            days.within(DateRange(start, start + timedelta(days=2000)))
    seconds[-1] /= 1000
    with timed():
        plan = make_plan(library, Selection())
    in_all = time.perf_counter() - began
    files = sum(len(asset.resources) for asset in library.assets)
    peak = own_peak_bytes() / 2**20
    megabytes = (folder / "Photos.sqlite").stat().st_size / 1e6
    print(
        f"| {len(plan):,} | {files:,} | {megabytes:,.0f} MB | {folders:,} in {seconds[0]:.1f} s "
        f"| {seconds[1]:.1f} s | {seconds[2] * 1e3:.2f} ms | {seconds[3]:.1f} s "
        f"| {sum(seconds):.1f} s | {in_all:.1f} s | {peak:,.0f} MiB |",
        flush=True,
    )


if __name__ == "__main__":
    main()
