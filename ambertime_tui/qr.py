"""QR codes as text that a phone's camera can read from a screen."""

from __future__ import annotations

from collections.abc import Iterator

QUIET_ZONE = 4
"""Light modules around the code, as required by ISO/IEC 18004."""


def qr_rows(text: str) -> tuple[tuple[bool, ...], ...]:
    """The modules of the code row by row, including the quiet zone; True is dark."""
    import segno  # not needed by most runs

    code = segno.make(text, error="l", micro=False)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix_iter(border=QUIET_ZONE))


def half_blocks(text: str, *, dark_is_drawn: bool) -> tuple[str, ...]:
    """The code as lines of half blocks, two modules per cell.

    Args:
        text: the content of the code.
        dark_is_drawn: True to draw the dark modules, for black text on white; False to draw the light ones,
            for light text on a dark background.
    """
    return tuple(_halves(qr_rows(text), dark_is_drawn))


def ascii_blocks(text: str, *, dark_is_drawn: bool) -> tuple[str, ...]:
    """The code as lines of ASCII characters, two per module."""
    return tuple("".join("##" if d is dark_is_drawn else "  " for d in row) for row in qr_rows(text))


def _halves(rows: tuple[tuple[bool, ...], ...], dark_is_drawn: bool) -> Iterator[str]:
    blank = (False,) * len(rows[0])
    for number in range(0, len(rows), 2):
        lower = rows[number + 1] if number + 1 < len(rows) else blank
        yield "".join(
            _CELLS[top is dark_is_drawn, bottom is dark_is_drawn]
            for top, bottom in zip(rows[number], lower, strict=True)
        )


_CELLS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
