"""The bytes of a media file, computed from the library's seed and the file's description.

A purged original is therefore restored byte for byte, and a test can compare without keeping a copy.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.simulator.library.formats.adjustments import adjustments
from ambertime_tui.simulator.library.formats.bmff import heic_head, mov_head
from ambertime_tui.simulator.library.formats.exif import CaptureTime, exif
from ambertime_tui.simulator.library.formats.jpeg import HEIGHT, SHADES, WIDTH, jpeg
from ambertime_tui.simulator.library.formats.png import png
from ambertime_tui.simulator.library.formats.tiff import dng_head
from ambertime_tui.simulator.library.made_assets import MadeAsset, MadeResource

_CHUNK = 64 * 1024
_CAMERA, _SOFTWARE = "iPhone 15 Pro", "17.5.1"


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file: a header that makes it valid, then filler up to its size."""

    head: bytes
    size: int
    filler_seed: str
    """The seed of the filler. If empty, the filler is zeros, stored as a hole in a sparse file."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order, in pieces of at most 64 KiB."""
        yield self.head
        for number, start in enumerate(range(len(self.head), self.size, _CHUNK)):
            length = min(self.size - start, _CHUNK)
            yield _noise(f"{self.filler_seed}:{number}", length) if self.filler_seed else bytes(length)

    def bytes(self) -> bytes:
        """Return the whole file. Use it only for small files."""
        return b"".join(self.chunks())

    def sha256(self) -> str:
        """Return the SHA-256 of the file, in hexadecimal."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def write_to(self, path: Path, modified: float | None = None) -> None:
        """Write the file, sparse if the filler is zeros.

        Args:
            path: The file to write. Its folder must exist.
            modified: Modification time, seconds since 1970-01-01 UTC; None: now.
        """
        with path.open("wb", buffering=0) as file:
            if self.filler_seed:
                for chunk in self.chunks():
                    file.write(chunk)
            else:
                file.write(self.head)
                file.truncate(self.size)
            if modified is not None:
                os.utime(file.fileno(), (modified, modified))


def _noise(key: str, length: int) -> bytes:
    return hashlib.shake_128(key.encode()).digest(length)


def capture_time(asset: MadeAsset) -> CaptureTime:
    """Return the time that a camera writes into the file: none if the date is missing or absurd."""
    return CaptureTime(None if asset.undated else asset.created, asset.zone_offset)


def content_of(seed: int, sparse: bool, asset: MadeAsset, resource: MadeResource) -> FileContent:
    """Return the content of one file of an asset, in a library generated from `seed`."""
    key = f"{seed}:{asset.content_key}:{resource.role}"
    shades = _noise(f"{key}:picture", SHADES + 2)
    head = _head(asset, resource, shades)
    if len(head) > resource.size:
        raise ValueError(f"{resource.path} cannot be {resource.size} bytes: its header alone has {len(head)}")
    return FileContent(head, resource.size, "" if sparse else key)


def derivative(seed: int, number: int) -> bytes:
    """Return a small JPEG, used for thumbnails and other derivatives."""
    return jpeg(_noise(f"{seed}:{number}:derivative", SHADES + 2))


def _head(asset: MadeAsset, resource: MadeResource, shades: bytes) -> bytes:
    time = capture_time(asset)
    if resource.role in ("adjustment_data", "edit_adjustments"):
        identifier = "com.apple.video.slomo" if asset.variant == "slow_mo" else "com.apple.photo"
        return adjustments(resource.size, identifier, shades)
    extension = Path(resource.name).suffix.lower()
    if extension in (".mov", ".mp4"):
        tags = {"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": _CAMERA}
        if (local := time.local) is not None:
            tags["com.apple.quicktime.creationdate"] = f"{local.year:04}-{local:%m-%dT%H:%M:%S%z}"
        if resource.role.endswith("paired_video"):
            tags["com.apple.quicktime.content.identifier"] = asset.content_key
        duration = asset.duration or 2.8
        return mov_head(resource.size, jpeg(shades), time.seconds, duration, tags, WIDTH, HEIGHT)
    block = exif(time, _CAMERA, _SOFTWARE)
    if extension == ".heic":
        return heic_head(resource.size, jpeg(shades), block, WIDTH, HEIGHT)
    if extension == ".png":
        return png(shades, block)
    if extension == ".dng":
        local = time.local
        return dng_head(resource.size, f"{local.year:04}:{local:%m:%d %H:%M:%S}" if local else None)
    return jpeg(shades, block)
