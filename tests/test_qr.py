"""QR codes as text: every module is in its place, in both drawings."""

from __future__ import annotations

from datetime import date

import pytest
import segno

from ambertime_tui.phone.originals import address_of
from ambertime_tui.qr import QUIET_ZONE, ascii_blocks, half_blocks, qr_rows

CODE = address_of(date(2019, 3, 1), 300)
HALVES = {"█": (True, True), "▀": (True, False), "▄": (False, True), " ": (False, False)}


def test_the_address_is_what_ios_runs_a_shortcut_by() -> None:
    assert CODE == "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019-03-01x300"


def test_the_modules_come_from_the_library_with_a_quiet_zone() -> None:
    matrix = [[bool(module) for module in row] for row in segno.make(CODE, error="l", micro=False).matrix]
    rows = qr_rows(CODE)
    inside = [list(row[QUIET_ZONE:-QUIET_ZONE]) for row in rows[QUIET_ZONE:-QUIET_ZONE]]
    assert inside == matrix
    border = [*rows[0], *rows[-1], *(row[0] for row in rows), *(row[-1] for row in rows)]
    assert not any(border)


@pytest.mark.parametrize("dark_is_drawn", [True, False])
def test_half_blocks_show_two_rows_each(dark_is_drawn: bool) -> None:
    read: list[tuple[bool, ...]] = []
    for line in half_blocks(CODE, dark_is_drawn=dark_is_drawn):
        read.append(tuple(HALVES[cell][0] is dark_is_drawn for cell in line))
        read.append(tuple(HALVES[cell][1] is dark_is_drawn for cell in line))
    assert tuple(read[: len(qr_rows(CODE))]) == qr_rows(CODE)


def test_ascii_uses_two_cells_per_module() -> None:
    read = tuple(tuple(c == "#" for c in line[::2]) for line in ascii_blocks(CODE, dark_is_drawn=True))
    assert read == qr_rows(CODE)
