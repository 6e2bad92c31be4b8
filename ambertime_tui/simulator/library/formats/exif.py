"""The EXIF block of a photo: camera and capture time, as a small TIFF structure (CIPA DC-008)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_MAKE, _MODEL, _SOFTWARE, _EXIF_IFD = 0x010F, 0x0110, 0x0131, 0x8769
_VERSION, _ORIGINAL, _DIGITIZED = 0x9000, 0x9003, 0x9004
_OFFSET_ORIGINAL, _SUBSECONDS_ORIGINAL = 0x9011, 0x9291
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """The instant of a capture and its time zone."""

    seconds: float | None
    """Seconds since 1970-01-01 UTC; None if unknown or unusable."""
    offset: int | None
    """Seconds east of UTC; None if unknown. Times are then in UTC."""

    @property
    def local(self) -> datetime | None:
        """Wall-clock time at the place of capture; None if unknown."""
        if self.seconds is None:
            return None
        return (_EPOCH + timedelta(seconds=round(self.seconds, 3))).astimezone(
            timezone(timedelta(seconds=self.offset or 0))
        )


def exif(time: CaptureTime, model: str, software: str) -> bytes:
    """Return a TIFF structure for an Exif segment or item, without dates if the capture time is unknown."""
    tags: list[tuple[int, int, bytes]] = [(_VERSION, _UNDEFINED, b"0232")]
    if (local := time.local) is not None:
        stamp = f"{local.year:04}:{local:%m:%d %H:%M:%S}"
        tags += [(_ORIGINAL, _ASCII, _text(stamp)), (_DIGITIZED, _ASCII, _text(stamp))]
        if time.offset is not None:
            hours, minutes = divmod(abs(time.offset) // 60, 60)
            sign = "-" if time.offset < 0 else "+"
            tags.append((_OFFSET_ORIGINAL, _ASCII, _text(f"{sign}{hours:02}:{minutes:02}")))
        if local.microsecond:
            tags.append((_SUBSECONDS_ORIGINAL, _ASCII, _text(f"{local.microsecond // 1000:03}")))
    head = _camera(model, software)
    return head + _directory(tags, len(head))


@cache
def _camera(model: str, software: str) -> bytes:
    """Return the TIFF header and the first directory, which is followed by the Exif directory."""
    header = b"MM\x00\x2a" + struct.pack(">I", 8)
    camera = [
        (_MAKE, _ASCII, _text("Apple")),
        (_MODEL, _ASCII, _text(model)),
        (_SOFTWARE, _ASCII, _text(software)),
    ]
    end = len(header) + len(_directory([*camera, (_EXIF_IFD, _LONG, bytes(4))], len(header)))
    return header + _directory([*camera, (_EXIF_IFD, _LONG, struct.pack(">I", end))], len(header))


def _text(value: str) -> bytes:
    return value.encode("ascii") + b"\x00"


def _directory(tags: list[tuple[int, int, bytes]], start: int) -> bytes:
    """Return an image file directory at `start`, followed by its longer values."""
    entries, values = bytearray(), bytearray()
    values_start = start + 2 + 12 * len(tags) + 4
    for tag, kind, value in sorted(tags):
        count = len(value) // 4 if kind == _LONG else len(value)
        if len(value) <= 4:
            stored = value.ljust(4, b"\x00")
        else:
            stored = struct.pack(">I", values_start + len(values))
            values += value + b"\x00" * (len(value) % 2)
        entries += struct.pack(">HHI", tag, kind, count) + stored
    return struct.pack(">H", len(tags)) + bytes(entries) + bytes(4) + bytes(values)
