"""QR codes as text, for every front end. Pure; drawn so that a phone's camera reads them off a screen."""

from __future__ import annotations

from collections.abc import Iterator

QUIET_ZONE = 4
"""Light modules around the code, as many as the standard wants."""


def qr_rows(text: str) -> tuple[tuple[bool, ...], ...]:
    """The code's modules row by row, the quiet zone included; True is dark."""
    import segno  # most runs never show a code

    code = segno.make(text, error="l", micro=False)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix_iter(border=QUIET_ZONE))


def half_blocks(text: str, *, dark_is_drawn: bool) -> tuple[str, ...]:
    """Lines of half blocks, two modules to a cell.

    Args:
        text: what the code says.
        dark_is_drawn: True where dark modules are to be the foreground (of black text on white); False where
            light ones are, for a terminal with light text on dark.
    """
    return tuple(_halves(qr_rows(text), dark_is_drawn))


def ascii_blocks(text: str, *, dark_is_drawn: bool) -> tuple[str, ...]:
    """The same with ASCII characters, two to a module."""
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
