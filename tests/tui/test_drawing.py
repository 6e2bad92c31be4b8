"""Bars, columns and lines: the pure functions that draw."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.tui.glyphs import ASCII, FULL
from ambertime_tui.tui.widgets.bars import columns, meter, nice_top, stacked
from ambertime_tui.tui.widgets.graph import graph_lines
from ambertime_tui.tui.widgets.spans import Span, clip, fit, line, plain, shorten_path, spread, width, wrap

texts = st.text(st.characters(codec="utf-8"), max_size=40)


def test_a_column_grows_from_below_by_eighths() -> None:
    assert columns([0, 1, 8, 9, 16], 2, 16, FULL) == ["   ▁█", " ▁███"]


def test_any_progress_shows_and_only_all_of_it_is_full() -> None:
    assert columns([1], 1, 1_000_000, FULL) == ["▁"]
    assert plain(meter(1, 1_000_000, 10, FULL)) == "━─────────"
    assert plain(meter(999_999, 1_000_000, 10, FULL)) == "━━━━━━━━━─"
    assert plain(meter(5, 5, 10, FULL)) == "━" * 10


def test_icloud_items_are_above_local_ones_with_other_characters() -> None:
    rows = stacked([8, 8, 0], [8, 0, 8], 2, 16, FULL)
    assert [[cell for cell, _ in row] for row in rows] == [["▒", " ", " "], ["█", "█", "▒"]]
    assert [[away for _, away in row] for row in rows] == [[True, False, False], [False, False, True]]


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=60), st.integers(2, 12)
)
def test_each_part_gets_a_cell_if_the_column_has_two(parts: list[tuple[int, int]], height: int) -> None:
    top = max(1, *(a + b for a, b in parts))
    rows = stacked([a for a, _ in parts], [b for _, b in parts], height, top, FULL)
    for x, (local, icloud) in enumerate(parts):
        column = [row[x] for row in rows if row[x][0] != " "]
        assert bool(column) == (local + icloud > 0)
        if len(column) > 1 and local and icloud:
            assert {away for _, away in column} == {True, False}


def test_the_scale_of_a_graph_is_round_and_does_not_jump() -> None:
    assert nice_top(42e6) == 50e6
    assert nice_top(45e6, 50e6) == 50e6
    assert nice_top(20e6, 50e6) == 50e6
    assert nice_top(9e6, 50e6) == 10e6
    assert nice_top(51e6, 50e6) == 100e6


def test_the_newest_second_is_at_the_right_edge() -> None:
    lines, top = graph_lines((0.0, 8.0), 20, 1, FULL)
    assert top == 10
    assert plain(lines[0])[:10] == "         ▆"


@given(texts, st.integers(0, 60))
def test_a_text_fits_exactly_into_its_cells(text: str, cells: int) -> None:
    assert width((Span(fit(text, cells)),)) == cells


@given(texts, texts, st.integers(1, 60))
def test_left_and_right_share_a_row(left: str, right: str, cells: int) -> None:
    assert width(spread(line(fit(left, 20)), line(fit(right, 15)), cells)) == cells


@given(st.lists(texts, max_size=5), st.integers(0, 60))
def test_a_clipped_line_is_never_too_long(parts: list[str], cells: int) -> None:
    assert width(clip(line(*(fit(part, 9) for part in parts)), cells)) <= cells


@given(texts, st.integers(2, 40), st.integers(1, 5))
def test_a_wrapped_sentence_keeps_to_its_rows_and_cells(text: str, cells: int, rows: int) -> None:
    wrapped = wrap(text, cells, rows=rows)
    assert len(wrapped) <= rows
    assert all(width(row) <= cells for row in wrapped)


def test_a_path_is_cut_at_its_beginning() -> None:
    assert shorten_path("/media/anna/PHOTOS", 10) == "…na/PHOTOS"


def test_control_characters_in_a_file_name_are_shown_as_symbols() -> None:
    assert fit("a\x1b[31mb\n", 9) == "a␛[31mb␊ "
    assert Span("tab\there\x9b\u202e").text == "tab␉here��"
    assert shorten_path("/media/\x1bX\n", 6) == "…a/␛X␊"


@given(texts, st.integers(2, 60))
def test_no_drawn_text_can_control_the_terminal(text: str, cells: int) -> None:
    assert Span(text).text.isprintable()
    assert fit(text, cells).isprintable()
    assert shorten_path(text, cells).isprintable()
    assert all(plain(row).isprintable() for row in wrap(text, cells))


def test_the_ascii_set_is_ascii() -> None:
    for name in ASCII.__dataclass_fields__:
        assert getattr(ASCII, name).isascii(), name
