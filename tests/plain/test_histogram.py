"""The histogram of a library by month."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.overview import MonthTotals, Totals
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.plain.histogram import ASCII, UNICODE, columns_of, glyphs_for, heights, picture

counts = st.tuples(*[st.integers(0, 50_000)] * 3).filter(any)
months = st.builds(
    lambda year, month, parts: MonthTotals(f"{year:04}-{month:02}", Totals(*(Tally(n, 0) for n in parts))),
    st.integers(1850, 2030),
    st.integers(1, 12),
    counts,
)
libraries = st.lists(months, min_size=1, max_size=60, unique_by=lambda m: m.month)


def month(name: str, local: int = 0, icloud: int = 0, missing: int = 0) -> MonthTotals:
    return MonthTotals(name, Totals(Tally(local, 0), Tally(icloud, 0), Tally(missing, 0)))


@given(libraries, st.integers(12, 200))
def test_every_item_is_in_exactly_one_column_and_the_columns_fit(
    library: list[MonthTotals], most: int
) -> None:
    size, columns = columns_of(library, most)
    assert 0 < len(columns) <= most
    assert [c.first for c in columns] == list(range(columns[0].first, columns[-1].first + 1, size))
    for part, name in enumerate(("local", "icloud", "missing")):
        assert sum(c.parts[part] for c in columns) == sum(getattr(m.totals, name).count for m in library)


@given(counts, st.integers(1, 20))
def test_a_part_is_visible_unless_it_is_empty(parts: tuple[int, int, int], rows: int) -> None:
    cells = heights(parts, max(sum(parts), 50_000), rows)
    assert [bool(c) for c in cells] == [bool(p) for p in parts]


@given(libraries, st.integers(40, 200))
def test_a_histogram_fits_its_width(library: list[MonthTotals], width: int) -> None:
    lines = picture(library, width=width, rows=8, glyphs=UNICODE)
    assert all(len(line) <= width for line in lines[:-1])


def test_icloud_only_items_have_another_glyph_above_those_on_the_phone() -> None:
    lines = picture(
        [month("2023-12", local=4), month("2024-01", local=2, icloud=2)], width=40, rows=4, glyphs=ASCII
    )
    assert lines == [
        "        4 +### ooo",
        "          |### ooo",
        "          |### ###",
        "          |### ###",
        "        0 +--------",
        "           2023",
    ]


def test_a_stream_that_cannot_carry_blocks_gets_ascii() -> None:
    assert glyphs_for("utf-8", ascii_only=False) is UNICODE
    assert glyphs_for("utf-8", ascii_only=True) is ASCII
    assert glyphs_for("iso-8859-1", ascii_only=False) is ASCII


def test_a_library_without_dates_has_no_histogram() -> None:
    assert picture([], width=80, rows=8, glyphs=UNICODE) == []
