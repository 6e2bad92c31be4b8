"""A photo drawn with half blocks: each cell shows two pixels, one above the other."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TypeAlias

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

Rgb: TypeAlias = tuple[int, int, int]
COLUMNS = 20
"""The largest width; such a picture sends about 20 kB in 24-bit colour."""
ROWS = 16
MOST_PIXELS = 20_000_000
"""A thumbnail has 0.1 million or so."""
SHADES = " .:-=+*#%@"
"""Dark to bright, for terminals without colours or half blocks."""


class PictureError(Exception):
    """The bytes are not a picture; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels by row; two rows of pixels per row of cells."""

    pixels: tuple[tuple[Rgb, ...], ...]

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows in cells."""
        return len(self.pixels[0]), len(self.pixels) // 2


def cells_of_jpeg(jpeg: bytes) -> Picture:
    """Decode a JPEG and scale it to at most COLUMNS x ROWS cells, keeping its proportions.

    Raises:
        PictureError: it cannot be decoded.
    """
    from PIL import Image, ImageOps  # takes 60 ms, so only when needed

    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as found:
            if found.width * found.height > MOST_PIXELS:
                raise ValueError("too large for a thumbnail")
            turned = ImageOps.exif_transpose(found).convert("RGB")
    except (
        *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error),
        *(AttributeError, Image.DecompressionBombError),
    ) as error:
        raise PictureError("The phone's thumbnail of this item cannot be read.") from error
    turned.thumbnail((COLUMNS, ROWS * 2))
    width, height = turned.width, max(2, turned.height // 2 * 2)
    values = turned.resize((width, height)).tobytes()
    pixels = [(values[n], values[n + 1], values[n + 2]) for n in range(0, len(values), 3)]
    return Picture(tuple(tuple(pixels[y * width : (y + 1) * width]) for y in range(height)))


def strip_of(picture: Picture, row: int, *, shades: bool) -> Strip:
    """A row of cells."""
    above, below = picture.pixels[row * 2], picture.pixels[row * 2 + 1]
    if shades:
        return Strip([Segment("".join(_shade(*pair) for pair in zip(above, below, strict=True)))])
    return Strip(
        [
            Segment("▀", Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom)))
            for top, bottom in zip(above, below, strict=True)
        ]
    )


def _shade(top: Rgb, bottom: Rgb) -> str:
    bright = sum(0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in (top, bottom)) / 2
    return SHADES[min(len(SHADES) - 1, int(bright * len(SHADES) / 256))]


class PictureView(Widget):
    """Shows a picture at its own size."""

    def __init__(self, picture: Picture, *, shades: bool, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture = picture
        self._shades = shades
        self.styles.width, self.styles.height = picture.size

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        columns, rows = self._picture.size
        return strip_of(self._picture, y, shades=self._shades) if y < rows else Strip.blank(columns)
