"""A small greyscale PNG (ISO/IEC 15948) with its capture time in an eXIf chunk."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 6, 4


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(shades: bytes, exif: bytes | None = None) -> bytes:
    """Return a picture of WIDTH x HEIGHT pixels from as many bytes of brightness."""
    rows = b"".join(b"\x00" + shades[row * WIDTH : (row + 1) * WIDTH] for row in range(HEIGHT))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
        + (_chunk(b"eXIf", exif) if exif is not None else b"")
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )
