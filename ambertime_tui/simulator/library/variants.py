"""The kinds of photo and video that a phone takes, with their files, subtypes and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ambertime_tui.simulator.library.recipe import Sizes

_KB = 1000


@dataclass(frozen=True, slots=True)
class FileType:
    """A media file type and its names in the database."""

    extension: str
    uti: str
    compact_uti: str
    """ZCOMPACTUTI (iOS 15 and later)."""
    conformance: int
    """ZUTICONFORMANCEHINT: 1 image, 2 raw, 3 movie, 0 none of these."""


HEIC = FileType("HEIC", "public.heic", "3", 1)
JPEG = FileType("JPG", "public.jpeg", "1", 1)
PNG = FileType("PNG", "public.png", "6", 1)
DNG = FileType("DNG", "com.adobe.raw-image", "9", 2)
MOV = FileType("MOV", "com.apple.quicktime-movie", "23", 3)
MP4 = FileType("MP4", "public.mpeg-4", "24", 3)
AAE = FileType("AAE", "com.apple.photos.apple-adjustment-envelope", "37", 0)
PLIST = FileType("plist", "com.apple.property-list", "36", 0)
FILE_TYPES = (HEIC, JPEG, PNG, DNG, MOV, MP4, AAE, PLIST)


_BY_EXTENSION = {kind.extension.upper(): kind for kind in FILE_TYPES}


def file_type(name: str) -> FileType:
    """Return the type for a file name's extension; JPEG if it has none."""
    return _BY_EXTENSION.get(name.rpartition(".")[2].upper(), JPEG)


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind of asset."""

    name: str
    kind: str
    """``photo`` or ``video``."""
    subtype: int
    """ZKINDSUBTYPE."""
    parts: tuple[tuple[str, FileType], ...]
    """Role and file type of each original, the main one first."""
    width: int = 4032
    height: int = 3024

    @property
    def main(self) -> FileType:
        """The type of the main original."""
        return self.parts[0][1]


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("heic", "photo", 0, (("photo", HEIC),)),
        Variant("jpeg", "photo", 0, (("photo", JPEG),)),
        Variant("png", "photo", 0, (("photo", PNG),), 1200, 800),
        Variant("screenshot", "photo", 10, (("photo", PNG),), 1179, 2556),
        Variant("panorama", "photo", 1, (("photo", HEIC),), 8368, 3820),
        Variant("portrait", "photo", 0, (("photo", HEIC), ("adjustment_data", AAE)), 3024, 4032),
        Variant("live", "photo", 2, (("photo", HEIC), ("paired_video", MOV)), 3024, 4032),
        Variant("raw_pair", "photo", 0, (("photo", JPEG), ("alternate_photo", DNG))),
        Variant("over_capture", "photo", 0, (("photo", HEIC), ("over_capture_photo", HEIC))),
        Variant("raw", "photo", 0, (("photo", DNG),)),
        Variant("burst", "photo", 0, (("photo", JPEG),)),
        Variant("video", "video", 100, (("video", MOV),), 1920, 1080),
        Variant("slow_mo", "video", 101, (("video", MOV),), 1920, 1080),
        Variant("time_lapse", "video", 102, (("video", MOV),), 1920, 1080),
        Variant("screen_recording", "video", 103, (("video", MP4),), 886, 1920),
    )
}
"""Every variant by its name."""

_REAL_SIZES = {
    "HEIC": (400, 3000),
    "JPG": (200, 3000),
    "PNG": (200, 1500),
    "DNG": (12_000, 28_000),
    "MOV": (2000, 40_000),
    "MP4": (2000, 20_000),
}


def size_of(rng: Random, role: str, kind: FileType, sizes: Sizes) -> int:
    """Return the size of a file with this role and type, in bytes."""
    draw = rng.random()
    if kind is AAE or kind is PLIST:
        return 900 + int(draw * 600)
    if sizes is Sizes.SMALL:
        return 4000 + int(draw * 8000)
    low, high = (1500, 5000) if role.endswith("paired_video") else _REAL_SIZES[kind.extension]
    # Most files are near the lower end; a few long videos make up most of the bytes.
    return int(_KB * low * (high / low) ** (draw * draw) + draw * 997)
