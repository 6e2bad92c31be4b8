"""Columns stay straight for any name: widths count cells, not characters."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from ambertime_tui.plain.streams import Streams
from ambertime_tui.plain.table import table
from ambertime_tui.plain.terminal_text import cells, cut, harmless

NAMES = ["IMG_4821.HEIC", "家族の写真.jpg", "👨‍👩‍👧 Urlaub.mov", "e\u0301te\u0301.png", "❤️.heic", "🇯🇵.heic"]

texts = st.text(max_size=30).map(harmless)


@pytest.mark.parametrize("side", ["<", ">"])
def test_the_second_column_starts_at_the_same_cell_in_every_row(side: str) -> None:
    lines = table([(name, "|") for name in NAMES], f"{side}<")
    starts = {wcswidth(line.rpartition("|")[0]) for line in lines}
    assert starts == {max(map(wcswidth, NAMES)) + 2}


def test_a_name_cannot_break_its_row() -> None:
    assert table([("a\x1b[2J\nb", "1"), ("c", "22")], "<>") == ["a\\x1b[2J\\nb   1", "c" + " " * 12 + "22"]


@given(texts, st.integers(1, 20))
def test_a_cut_text_fits_and_is_a_beginning_of_the_whole(text: str, most: int) -> None:
    shown = cut(text, most)
    assert cells(shown) <= most
    assert shown == text or shown.endswith("…")


def test_a_progress_line_of_wide_names_stays_within_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal = io.StringIO()
    Streams(io.StringIO(), terminal, redraws=True).progress("写真" * 20)
    (drawn,) = terminal.getvalue().split("\x1b[K")[:-1]
    assert 18 <= wcswidth(drawn.removeprefix("\r")) <= 19
