"""HEIC and QuickTime files: boxes of the ISO base media file format (ISO/IEC 14496-12, 23008-12; QTFF)."""

from __future__ import annotations

import struct

_SECONDS_1904_TO_1970 = 2_082_844_800
_TIMESCALE = 600
_IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_PICTURE, _EXIF = 1, 2


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box: size, four-character type, payload."""
    payload = b"".join(parts)
    return struct.pack(">I", 8 + len(payload)) + kind + payload


def _full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _media_data(content_bytes: int) -> bytes:
    """Return the header of a media data box, with a 64-bit size if 32 bits are not enough."""
    if content_bytes + 8 < 1 << 32:
        return struct.pack(">I", content_bytes + 8) + b"mdat"
    return struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", content_bytes + 16)


def heic_head(size: int, picture: bytes, exif: bytes, width: int, height: int) -> bytes:
    """Return the first bytes of a HEIC file of `size` bytes. The rest belongs to its media data box.

    The primary item is a JPEG, which HEIF allows, because HEVC would need an encoder.

    Args:
        size: The size of the whole file in bytes.
        picture: A JPEG.
        exif: A TIFF structure, stored as the Exif item of the picture.
        width: The width of the picture in pixels.
        height: The height of the picture in pixels.
    """
    file_type = box(b"ftyp", b"heic", bytes(4), b"mif1heicjpeg")
    exif_item = struct.pack(">I", 6) + b"Exif\x00\x00" + exif

    def meta(data_start: int) -> bytes:
        places = b"".join(
            struct.pack(">HHHII", item, 0, 1, offset, length)
            for item, offset, length in (
                (_PICTURE, data_start, len(picture)),
                (_EXIF, data_start + len(picture), len(exif_item)),
            )
        )
        items = b"".join(
            _full(b"infe", struct.pack(">HH", item, 0) + kind + b"\x00", version=2)
            for item, kind in ((_PICTURE, b"jpeg"), (_EXIF, b"Exif"))
        )
        return _full(
            b"meta",
            _full(b"hdlr", bytes(4), b"pict", bytes(13)),
            _full(b"pitm", struct.pack(">H", _PICTURE)),
            _full(b"iinf", struct.pack(">H", 2), items),
            _full(b"iref", box(b"cdsc", struct.pack(">HHH", _EXIF, 1, _PICTURE))),
            box(
                b"iprp",
                box(b"ipco", _full(b"ispe", struct.pack(">II", width, height))),
                _full(b"ipma", struct.pack(">IHBB", 1, _PICTURE, 1, 0x81)),
            ),
            _full(b"iloc", b"\x44\x00", struct.pack(">H", 2), places),
        )

    before_data = len(file_type) + len(meta(0))
    head = _media_data(size - before_data - 8)
    start = before_data + len(head)
    return file_type + meta(start) + head + picture + exif_item


def mov_head(
    size: int,
    picture: bytes,
    created: float | None,
    duration: float,
    tags: dict[str, str],
    width: int,
    height: int,
) -> bytes:
    """Return the first bytes of a QuickTime movie of `size` bytes. The rest belongs to its media data box.

    The movie has one Motion JPEG track with a single frame that is shown for the whole duration.

    Args:
        size: The size of the whole file in bytes.
        picture: The frame, a JPEG.
        created: Seconds since 1970-01-01 UTC for the movie header, which has 0 for None and for values out of
            range.
        duration: Seconds.
        tags: Metadata by key, such as ``com.apple.quicktime.creationdate``.
        width: The width of the frame in pixels.
        height: The height of the frame in pixels.
    """
    file_type = box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    stamp = 0 if created is None else int(created) + _SECONDS_1904_TO_1970
    stamp = stamp if 0 <= stamp < 1 << 32 else 0
    units = round(duration * _TIMESCALE)

    def movie(data_start: int) -> bytes:
        return box(
            b"moov",
            _full(
                b"mvhd",
                struct.pack(">IIIIIH", stamp, stamp, _TIMESCALE, units, 0x10000, 0x100),
                bytes(10),
                _IDENTITY,
                bytes(24),
                struct.pack(">I", 2),
            ),
            _track(stamp, units, len(picture), data_start, width, height),
            _metadata(tags),
        )

    before_data = len(file_type) + len(movie(0))
    head = _media_data(size - before_data - 8)
    return file_type + movie(before_data + len(head)) + head + picture


def _track(stamp: int, units: int, frame_bytes: int, frame_at: int, width: int, height: int) -> bytes:
    sample = box(
        b"jpeg",
        bytes(6),
        struct.pack(">HHH4sIIHHIIIH", 1, 0, 0, b"ambr", 0, 512, width, height, 72 << 16, 72 << 16, 0, 1),
        b"\x0cPhoto - JPEG".ljust(32, b"\x00"),
        struct.pack(">Hh", 24, -1),
    )
    return box(
        b"trak",
        _full(
            b"tkhd",
            struct.pack(">IIIII", stamp, stamp, 1, 0, units),
            bytes(16),
            _IDENTITY,
            struct.pack(">II", width << 16, height << 16),
            flags=7,
        ),
        box(
            b"mdia",
            _full(b"mdhd", struct.pack(">IIIIHH", stamp, stamp, _TIMESCALE, units, 0x55C4, 0)),
            _full(b"hdlr", b"mhlrvide", bytes(13)),
            box(
                b"minf",
                _full(b"vmhd", bytes(8), flags=1),
                box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"alis", flags=1))),
                box(
                    b"stbl",
                    _full(b"stsd", struct.pack(">I", 1), sample),
                    _full(b"stts", struct.pack(">III", 1, 1, units)),
                    _full(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
                    _full(b"stsz", struct.pack(">II", frame_bytes, 1)),
                    _full(b"stco", struct.pack(">II", 1, frame_at & 0xFFFFFFFF)),
                ),
            ),
        ),
    )


def _metadata(tags: dict[str, str]) -> bytes:
    """Return QuickTime metadata (`mdta` keys), where Apple stores local time and Live Photo identifier."""
    keys = b"".join(box(b"mdta", key.encode()) for key in tags)
    values = b"".join(
        box(struct.pack(">I", index), box(b"data", struct.pack(">II", 1, 0), value.encode()))
        for index, value in enumerate(tags.values(), 1)
    )
    return box(
        b"meta",
        _full(b"hdlr", bytes(4), b"mdta", bytes(13)),
        _full(b"keys", struct.pack(">I", len(tags)), keys),
        box(b"ilst", values),
    )
