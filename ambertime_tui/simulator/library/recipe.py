"""What a made Photo Library shall be like."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum


class Sizes(StrEnum):
    """How large the media files are."""

    SMALL = "small"
    """4 to 12 KB each: ten thousand assets in seconds."""
    REAL = "real"
    """As a phone's: photos 200 KB to 3 MB, videos 2 to 40 MB."""
    SPARSE = "sparse"
    """As large as REAL to anyone who asks, but only the first kilobytes are stored; the rest is zeros."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the library by kind and by owner, each between 0 and 1; what is left are HEIC photos."""

    jpeg: float = 0.12
    png: float = 0.01
    screenshot: float = 0.05
    panorama: float = 0.01
    portrait: float = 0.04
    live: float = 0.22
    raw_pair: float = 0.02
    raw: float = 0.01
    burst: float = 0.03
    video: float = 0.07
    slow_mo: float = 0.01
    time_lapse: float = 0.01
    screen_recording: float = 0.01

    shared_library: float = 0.02
    """From iOS 16 on."""
    shared_album: float = 0.03
    shared_with_you: float = 0.01
    """From iOS 15 on."""
    icloud_link: float = 0.005
    """From iOS 15 on."""
    synced: float = 0.01
    photo_stream: float = 0.005
    """Up to iOS 16: My Photo Stream was shut down in 2023."""

    edited: float = 0.08
    hidden: float = 0.01
    trashed: float = 0.02
    favourite: float = 0.05
    titled: float = 0.03
    with_people: float = 0.1


@dataclass(frozen=True, slots=True)
class Planted:
    """How many of the person's own assets are in a state where flags, files or parts disagree."""

    partial_live: int = 0
    """Live Photos whose video alone was purged."""
    partial_raw: int = 0
    """RAW+JPEG pairs whose RAW alone was purged."""
    stale: int = 0
    """Flagged local, but the file is gone. The original is in iCloud."""
    fresh: int = 0
    """Flagged as purged, but the file is there: it has just come down."""
    missing: int = 0
    """Neither on the phone nor in iCloud."""


@dataclass(frozen=True, slots=True)
class LibraryRecipe:
    """All that decides a made library: the same recipe makes the same bytes.

    Raises:
        ValueError: A figure is out of its range.
    """

    assets: int = 1000
    """Items of the library, those of others included."""
    seed: int = 1
    ios: int = 18
    """13, 14, 15, 16, 18 or 26: whose tables, columns and indexes the database has."""
    icloud_share: float = 0.3
    """Share of the person's own assets whose originals are only in iCloud."""
    first: date = date(2014, 3, 1)
    last: date = date(2025, 6, 30)
    sizes: Sizes = Sizes.SMALL
    media: bool = True
    """False: the database alone, without a media file."""
    icloud_photos: bool = True
    """False: a phone without iCloud Photos."""
    oddities: bool = True
    """Odd names, zones and dates, and two assets with one fingerprint (libraries of 60 assets and more)."""
    mix: Mix = Mix()
    planted: Planted = Planted()

    def __post_init__(self) -> None:
        if self.assets < 0:
            raise ValueError(f"a library cannot hold {self.assets} assets")
        if not 0 <= self.icloud_share <= 1:
            raise ValueError(f"the iCloud share is a number between 0 and 1, not {self.icloud_share}")
        if self.icloud_share and not self.icloud_photos:
            raise ValueError("without iCloud Photos no original can be in iCloud: set icloud_share to 0")
        if self.last < self.first:
            raise ValueError(f"the last day, {self.last}, lies before the first, {self.first}")
        if wrong := [f.name for f in fields(Mix) if not 0 <= getattr(self.mix, f.name) <= 1]:
            raise ValueError(f"shares lie between 0 and 1: {', '.join(wrong)}")
