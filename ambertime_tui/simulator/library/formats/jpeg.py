"""A small baseline JPEG (ITU-T T.81): flat 8x8 blocks, three components, an optional Exif segment."""

from __future__ import annotations

import struct

_COLUMNS, _ROWS = 6, 4
WIDTH, HEIGHT = 8 * _COLUMNS, 8 * _ROWS
"""Size of every picture in pixels."""
SHADES = _COLUMNS * _ROWS
"""Number of brightness values of a picture: one per block."""

# The DC code lengths of Annex K.3.1; the only AC symbol is "end of block", one bit long.
_DC_LENGTHS = (2, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9)
_END_OF_BLOCK = "0"


def _dc_codes() -> dict[int, str]:
    """Return the bits for each difference between two neighbouring blocks, -255 to 255."""
    prefixes, code, length = [], 0, _DC_LENGTHS[0]
    for wanted in _DC_LENGTHS:
        code <<= wanted - length
        length = wanted
        prefixes.append(f"{code:0{length}b}")
        code += 1
    bits = {0: prefixes[0] + _END_OF_BLOCK}
    for difference in range(1, 256):
        size = difference.bit_length()
        bits[difference] = f"{prefixes[size]}{difference:0{size}b}{_END_OF_BLOCK}"
        bits[-difference] = f"{prefixes[size]}{(1 << size) - 1 - difference:0{size}b}{_END_OF_BLOCK}"
    return bits


_BITS = _dc_codes()


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _tables() -> bytes:
    counts = bytes(_DC_LENGTHS.count(length) for length in range(1, 17))
    dc = b"\x00" + counts + bytes(range(len(_DC_LENGTHS)))
    ac = b"\x10" + bytes([1]) + bytes(15) + b"\x00"
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    frame = struct.pack(">BHHB", 8, HEIGHT, WIDTH, 3) + components
    scan = b"\x03" + b"".join(bytes([number, 0x00]) for number in (1, 2, 3)) + b"\x00\x3f\x00"
    return (
        _segment(0xDB, b"\x00" + bytes([8]) * 64)
        + _segment(0xC0, frame)
        + _segment(0xC4, dc)
        + _segment(0xC4, ac)
        + _segment(0xDA, scan)
    )


_TABLES = _tables()


def jpeg(shades: bytes, exif: bytes | None = None) -> bytes:
    """Return a picture of WIDTH x HEIGHT pixels.

    Args:
        shades: SHADES bytes of brightness, followed by two bytes of tint (Cb, Cr).
        exif: A TIFF structure for the Exif segment.
    """
    previous = 128
    luma = []
    for shade in shades[:SHADES]:
        luma.append(_BITS[shade - previous])
        previous = shade
    tint = _BITS[shades[SHADES] - 128] + _BITS[shades[SHADES + 1] - 128]
    # The tint does not change after the first block, so both differences are zero.
    stream = luma[0] + tint + (_BITS[0] * 2).join(luma[1:]) + _BITS[0] * 2
    stream += "1" * (-len(stream) % 8)
    scan = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")
    head = _segment(0xE1, b"Exif\x00\x00" + exif) if exif is not None else b""
    return b"\xff\xd8" + head + _TABLES + scan + b"\xff\xd9"
