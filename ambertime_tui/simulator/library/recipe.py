"""The description of a Photo Library to generate."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum


class Sizes(StrEnum):
    """The size of the media files."""

    SMALL = "small"
    """4 to 12 KB each: ten thousand assets in seconds."""
    REAL = "real"
    """As on a phone: photos 200 KB to 3 MB, videos 2 to 40 MB."""
    SPARSE = "sparse"
    """Reported as large as REAL, but only the first kilobytes are stored. The rest is zeros."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the library by kind and by owner, each from 0 to 1. The rest are HEIC photos."""

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
    over_capture: float = 0.0
    """Photos with a second one of what is outside the frame, in a file of its own."""

    shared_library: float = 0.02
    """iOS 16 and later."""
    shared_album: float = 0.03
    shared_with_you: float = 0.01
    """From iOS 15 on."""
    icloud_link: float = 0.005
    """From iOS 15 on."""
    synced: float = 0.01
    photo_stream: float = 0.005
    """iOS 16 and earlier: My Photo Stream was shut down in 2023."""

    edited: float = 0.08
    hidden: float = 0.01
    trashed: float = 0.02
    favourite: float = 0.05
    titled: float = 0.03
    with_people: float = 0.1


@dataclass(frozen=True, slots=True)
class Planted:
    """Number of the user's own assets in states where flags, files or parts disagree."""

    partial_live: int = 0
    """Live Photos of which only the video was purged."""
    partial_raw: int = 0
    """RAW+JPEG pairs of which only the RAW file was purged."""
    stale: int = 0
    """Flagged as local, but the file is missing. The original is in iCloud."""
    fresh: int = 0
    """Flagged as purged, but the file exists: it was just downloaded."""
    missing: int = 0
    """Neither on the phone nor in iCloud."""
    deferred: int = 0
    """Just taken: iOS has not made the original yet (deferred processing)."""


@dataclass(frozen=True, slots=True)
class LibraryRecipe:
    """Everything that determines a generated library. The same recipe makes the same bytes.

    Raises:
        ValueError: A value is out of range.
    """

    assets: int = 1000
    """Number of items, including those of other people."""
    seed: int = 1
    ios: int = 18
    """13, 14, 15, 16, 18 or 26: the database has the tables, columns and indexes of this version."""
    icloud_share: float = 0.3
    """Share of the user's own assets whose originals are only in iCloud."""
    first: date = date(2014, 3, 1)
    last: date = date(2025, 6, 30)
    sizes: Sizes = Sizes.SMALL
    media: bool = True
    """False: only the database, without media files."""
    icloud_photos: bool = True
    """False: a phone without iCloud Photos."""
    oddities: bool = True
    """Odd names, zones and dates, and two assets with one fingerprint (in libraries of 60 assets or more)."""
    fingerprints: bool = True
    """Whether the database has Apple's fingerprints. They take time: all bytes of every file are hashed."""
    grown: bool = False
    """Whether the database is as large and as mixed as one that grew over years: 10 to 15 KB for each asset,
    with faces, scenes, computed attributes and history between the other rows. It takes longer to make."""
    flags_lie: bool = False
    """Whether the flags say the opposite: local for what is only in iCloud, and the reverse."""
    raw_elsewhere: bool = False
    """Whether the RAW file of a pair has another stem than its photo: `IMG_0001X.DNG`."""
    aae_elsewhere: bool = False
    """Whether capture-time adjustments have another stem than their photo: `IMG_O0001.AAE`."""
    extra_stems: bool = False
    """Whether there are pictures beside originals in DCIM whose stems end in S, D or X."""
    mix: Mix = Mix()
    planted: Planted = Planted()

    def __post_init__(self) -> None:
        if self.assets < 0:
            raise ValueError(f"a library cannot have {self.assets} assets")
        if not 0 <= self.icloud_share <= 1:
            raise ValueError(f"the iCloud share must be between 0 and 1, not {self.icloud_share}")
        if self.icloud_share and not self.icloud_photos:
            raise ValueError("without iCloud Photos no original can be in iCloud: set icloud_share to 0")
        if self.last < self.first:
            raise ValueError(f"the last day, {self.last}, is before the first, {self.first}")
        if wrong := [f.name for f in fields(Mix) if not 0 <= getattr(self.mix, f.name) <= 1]:
            raise ValueError(f"shares must be between 0 and 1: {', '.join(wrong)}")
