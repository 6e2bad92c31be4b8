"""The header of a DNG: a TIFF 6.0 file with a picture in one strip, DNG version and capture time."""

from __future__ import annotations

import struct

_SHORT, _LONG, _BYTE, _ASCII = 3, 4, 1, 2


def dng_head(size: int, stamp: str | None) -> bytes:
    """Return the first bytes of a DNG of `size` bytes. The rest is its single strip of samples.

    Args:
        size: The size of the whole file in bytes.
        stamp: ``2024:07:03 18:22:05`` for DateTimeOriginal; None to leave it out.
    """
    date = b"" if stamp is None else stamp.encode("ascii") + b"\x00"
    count = 11 + (stamp is not None)
    head = 8 + 2 + 12 * count + 4
    strip = head + len(date)
    entries = [
        _entry(0x0100, _LONG, 64),
        _entry(0x0101, _LONG, 48),
        _entry(0x0102, _SHORT, 8),
        _entry(0x0103, _SHORT, 1),
        _entry(0x0106, _SHORT, 34892),
        _entry(0x0111, _LONG, strip),
        _entry(0x0115, _SHORT, 1),
        _entry(0x0116, _LONG, 48),
        _entry(0x0117, _LONG, size - strip),
        _entry(0xC612, _BYTE, 0x01040000, 4),
        _entry(0xC613, _BYTE, 0x01040000, 4),
    ]
    if stamp is not None:
        entries.append(struct.pack(">HHII", 0x9003, _ASCII, len(date), head))
    entries.sort()
    return b"MM\x00\x2a" + struct.pack(">IH", 8, count) + b"".join(entries) + bytes(4) + date


def _entry(tag: int, kind: int, value: int, count: int = 1) -> bytes:
    stored = struct.pack(">HH", value, 0) if kind == _SHORT else struct.pack(">I", value)
    return struct.pack(">HHI", tag, kind, count) + stored
