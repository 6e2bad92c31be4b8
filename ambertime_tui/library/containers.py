"""Whether a media file is complete, judged by its container: a file that was cut short does not end where its
format says it ends.

Used where the library has no fingerprint and its size disagrees with the file. Pure: takes a reader of byte
ranges. Sources: ISO/IEC 14496-12 (boxes), ITU-T T.81 (JPEG), the PNG and GIF specifications, RFC 9649 (WebP).
"""

from __future__ import annotations

import plistlib
from collections.abc import Callable
from xml.parsers.expat import ExpatError

ReadRange = Callable[[int, int], bytes]
"""From an offset and a length to the bytes there; fewer at the end of the file."""

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_PLIST = 16 << 20
"""Bytes of adjustment data that are parsed; real ones have some kilobytes."""
_MOST_PARTS = 1 << 20
_PIECE = 1 << 20
_START_OF_SCAN = 0xDA
_BOX_TYPES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What a QuickTime, MP4 or HEIF file begins with."""


def parses_to_the_end(read: ReadRange, size: int) -> bool:
    """Return True if the file's format is known and the file ends where its format says.

    Args:
        read: gives the file's bytes; called for a few bytes of each part.
        size: of the file in bytes.
    """
    head = read(0, 16)
    if head.startswith(_PNG):
        return _png_ends(read, size)
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg_ends(read, size)
    if head[4:8] in _BOX_TYPES:
        return _boxes_end(read, size)
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return size > 0 and read(size - 1, 1) == b"\x3b"
    if head[:4] == b"RIFF":
        return size == int.from_bytes(head[4:8], "little") + 8
    if head.startswith((b"<?xml", b"bplist00")):
        return size <= _LARGEST_PLIST and _plist_ends(read(0, size))
    return False


def _png_ends(read: ReadRange, size: int) -> bool:
    at = len(_PNG)
    for _ in range(_MOST_PARTS):
        header = read(at, 8)
        if len(header) < 8:
            return False
        at += 12 + int.from_bytes(header[:4], "big")
        if header[4:] == b"IEND":
            return at == size
    return False


def _jpeg_ends(read: ReadRange, size: int) -> bool:
    """Look for the end marker behind the start of the scan; an embedded thumbnail has one before it.

    What follows the end marker is data of the camera (a gain map, a trailer) and may end anywhere.
    """
    at = 2
    for _ in range(_MOST_PARTS):
        header = read(at, 4)
        if len(header) < 4 or header[0] != 0xFF:
            return False
        if header[1] == _START_OF_SCAN:
            break
        at += 2 + int.from_bytes(header[2:], "big")
    while at < size:
        piece = read(at, _PIECE)
        if b"\xff\xd9" in piece:
            return True
        at += max(1, len(piece) - 1)
    return False


def _boxes_end(read: ReadRange, size: int) -> bool:
    at = 0
    for _ in range(_MOST_PARTS):
        if at == size:
            return True
        header = read(at, 16)
        if len(header) < 8:
            return False
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:
            # "To the end of the file": such a file has no end that could be checked.
            return False
        if length < 8:
            return False
        at += length
        if at > size:
            return False
    return False


def _plist_ends(data: bytes) -> bool:
    try:
        plistlib.loads(data)
    except (ValueError, ExpatError, plistlib.InvalidFileException, OverflowError, RecursionError, TypeError):
        return False
    return True
