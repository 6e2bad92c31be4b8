"""Paths in the phone's media folder: validation, and the names of an asset's files.

The main original is at ZDIRECTORY/ZFILENAME. The others have no path in the database: they are next to it,
with the same stem and another extension. The current edit is in PhotoData/Mutations. The files on the
phone decide (`presence`), because a RAW's extension can only be guessed from its type.
"""

from __future__ import annotations

import unicodedata

MUTATIONS = "PhotoData/Mutations"
ROOTS = ("DCIM", "PhotoData/CPLAssets", MUTATIONS)
"""The folders of originals and edits."""
RENDER_STEM = "FullSizeRender"
ADJUSTMENTS_NAME = "Adjustments.plist"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RAW_EXTENSIONS = _words(
    "3fr arw cr2 cr3 crw dcr dng erf fff gpr iiq mef mos mrw nef nrw orf pef raf raw rw2 rwl srf srw x3f"
)
PHOTO_EXTENSIONS = RAW_EXTENSIONS | _words(
    "heic heif hif avif jpg jpeg jpe jxl png gif tif tiff bmp webp psd jp2 ico tga pdf svg"
)
VIDEO_EXTENSIONS = _words("mov mp4 m4v avi 3gp 3g2 mpg mpeg mts m2ts mkv webm")

_EXTENSION_OF_TYPE = {
    # ZCOMPACTUTI (iOS 15 and later) and uniform type identifiers (iOS 13 and 14)
    "1": "JPG",
    "3": "HEIC",
    "6": "PNG",
    "8": "TIFF",
    "9": "DNG",
    "11": "CR2",
    "23": "MOV",
    "24": "MP4",
    "37": "AAE",
    "public.jpeg": "JPG",
    "public.heic": "HEIC",
    "public.heif": "HEIF",
    "public.png": "PNG",
    "public.tiff": "TIFF",
    "com.adobe.raw-image": "DNG",
    "com.canon.cr2-raw-image": "CR2",
    "com.canon.cr3-raw-image": "CR3",
    "com.canon.crw-raw-image": "CRW",
    "com.nikon.raw-image": "NEF",
    "com.nikon.nrw-raw-image": "NRW",
    "com.sony.arw-raw-image": "ARW",
    "com.sony.raw-image": "ARW",
    "com.fuji.raw-image": "RAF",
    "com.olympus.raw-image": "ORF",
    "com.olympus.or-raw-image": "ORF",
    "com.panasonic.rw2-raw-image": "RW2",
    "com.panasonic.raw-image": "RAW",
    "com.pentax.raw-image": "PEF",
    "com.samsung.raw-image": "SRW",
    "com.hasselblad.3fr-raw-image": "3FR",
    "com.leafamerica.raw-image": "MOS",
    "com.leica.raw-image": "RAW",
    "com.leica.rwl-raw-image": "RWL",
    "com.gopro.gpr-raw-image": "GPR",
    "com.phaseone.raw-image": "IIQ",
    "com.apple.quicktime-movie": "MOV",
    "public.mpeg-4": "MP4",
    "com.apple.photos.apple-adjustment-envelope": "AAE",
}


def extension_of_type(identifier: object, default: str) -> str:
    """Return the extension iOS uses for a type (compact or uniform type identifier); `default` if unknown."""
    text = str(identifier) if isinstance(identifier, (str, int)) else ""
    return _EXTENSION_OF_TYPE.get(text.removeprefix("_").lower(), default)


def is_file_name(name: str) -> bool:
    """True for a single path component."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def is_media_directory(directory: str) -> bool:
    """True for a path inside the media folder: relative, no '..', no NUL, no empty parts."""
    return all(is_file_name(part) for part in directory.split("/"))


def is_outside(directory: str) -> bool:
    """True for a valid absolute path: a file that a Mac's library only references."""
    return directory.startswith("/") and (directory == "/" or is_media_directory(directory[1:]))


def stem(name: str) -> str:
    """Return a file name without its extension."""
    head, dot, _ = name.rpartition(".")
    return head if dot and head else name


def extension(name: str) -> str:
    """Return the extension in lower case, without the dot; empty if there is none."""
    head, dot, tail = name.rpartition(".")
    return tail.lower() if dot and head else ""


def adjustments_directory(directory: str, filename: str) -> str:
    """Return the folder where iOS keeps the current edit of an asset."""
    return f"{MUTATIONS}/{directory}/{stem(filename)}/Adjustments"


def folded(name: str) -> str:
    """Return a file name for comparison: NFC, case-folded."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
