"""The media folders to copy: small files, large files, and a realistic library."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, Mix, Sizes, make_library

MB = 1_000_000
VIDEO_BYTES = 500 * MB
MIXED_BYTES = 20_000 * MB
_OWN = {
    "shared_library": 0.0,
    "shared_album": 0.0,
    "shared_with_you": 0.0,
    "icloud_link": 0.0,
    "synced": 0.0,
    "edited": 0.0,
    "hidden": 0.0,
    "trashed": 0.0,
}
"""Only files in DCIM that every tool copies, so that all tools copy the same files."""
_STILLS = {
    "png": 0.0,
    "screenshot": 0.0,
    "panorama": 0.0,
    "portrait": 0.0,
    "raw_pair": 0.0,
    "raw": 0.0,
    "burst": 0.0,
    "slow_mo": 0.0,
    "time_lapse": 0.0,
    "screen_recording": 0.0,
}


@dataclass(frozen=True, slots=True)
class DataSet:
    """A media folder to serve, and its size."""

    name: str
    media: Path
    files: int
    bytes: int
    """Total size of the originals, which every tool copies."""

    @property
    def words(self) -> str:
        """Number of files and size as text."""
        return f"{self.files:,} files, {self.bytes / MB:,.0f} MB"


def photos(folder: Path, scale: float) -> DataSet:
    """Make 2,000 photos of 200 KB to 3 MB at full scale. Every fourth is a Live Photo with a video."""
    mix = Mix(live=0.25, jpeg=0.3, video=0.0, **_STILLS, **_OWN)
    return _made("photos", folder, _recipe(max(8, round(2000 * scale)), mix))


def videos(folder: Path, scale: float) -> DataSet:
    """Make 4 videos of 500 MB at full scale. Only their size is scaled."""
    size = max(8 * MB, round(VIDEO_BYTES * scale))
    made = make_library(folder, _recipe(4, Mix(live=0.0, jpeg=0.0, video=1.0, **_STILLS, **_OWN)))
    for path in (made.media / "DCIM").rglob("*.*"):
        when = path.stat().st_mtime_ns
        os.truncate(path, size)
        os.utime(path, ns=(when, when))
    with closing(sqlite3.connect(made.database)) as database, database:
        database.execute("UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILESIZE = ?", (size,))
        database.execute("UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = ? WHERE ZDATALENGTH > 1000000", (size,))
    return _described("videos", made)


def mixed(folder: Path, scale: float) -> DataSet:
    """Make a library with all kinds of assets, of 20 GB at full scale."""
    return _made("mixed", folder, _recipe(max(20, round(MIXED_BYTES * scale / 3_600_000)), Mix(**_OWN)))


DATA_SETS: dict[str, Callable[[Path, float], DataSet]] = {
    "photos": photos,
    "videos": videos,
    "mixed": mixed,
}


def _recipe(assets: int, mix: Mix) -> LibraryRecipe:
    # Sparse files have the size of real ones when read, but use no disk space.
    return LibraryRecipe(
        assets=assets,
        seed=7,
        icloud_share=0.0,
        icloud_photos=False,
        sizes=Sizes.SPARSE,
        fingerprints=False,
        oddities=False,
        mix=mix,
    )


def _made(name: str, folder: Path, recipe: LibraryRecipe) -> DataSet:
    return _described(name, make_library(folder, recipe))


def _described(name: str, made: MadeLibrary) -> DataSet:
    sizes = [path.stat().st_size for path in (made.media / "DCIM").rglob("*") if path.is_file()]
    return DataSet(name, made.media, len(sizes), sum(sizes))
