"""Columns stay aligned whatever the names: Chinese, Japanese, Korean, accents, emoji."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ambertime_tui.config import Task
from ambertime_tui.engine.api.client import DevicesChanged, Row
from ambertime_tui.engine.api.status import CurrentFile, FetchItem, FetchState
from ambertime_tui.tui.glyphs import FULL
from ambertime_tui.tui.panes.fetch import item_line
from ambertime_tui.tui.panes.phone import phone_lines
from ambertime_tui.tui.panes.rows import row_line
from ambertime_tui.tui.panes.target import target_lines
from ambertime_tui.tui.panes.tasks import task_rows, task_words
from ambertime_tui.tui.panes.totals import title_line
from ambertime_tui.tui.panes.write import write_lines
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.lines import cells_of
from ambertime_tui.tui.widgets.spans import Line, Span, fit, plain, shorten_path, visible, width, wrap
from tests.tui import samples
from tests.tui.fake_engine import PHONE, USB

NAMES = (
    "IMG_4821.HEIC",
    "屏幕截图 2024-05-01 上午10.21.33.png",
    "スクリーンショットのとても長い名前のファイル2024年5月1日.jpeg",
    "화면 캡처 여름 휴가.heic",
    "Cafe\u0301 au lait.mov",
    "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{GIRL}\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16} 🎉🎉🎉.jpg",
    "👍🏽🇩🇪.jpg",
    "",
)
CELLS = (40, 78, 118)


def column_of(row: Line, text: str) -> int:
    """The cell in which a text starts."""
    before, found, _ = plain(row).rpartition(text)
    assert found, plain(row)
    return cell_len(before)


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_moves_no_column_of_a_list(name: str, cells: int) -> None:
    row = Row("u", name, "1999-12-31", 2_000_000, "waiting", name)
    reference = row_line(replace(row, name="a", note=""), cells, FULL)
    drawn = row_line(row, cells, FULL)
    for text in ("1999-12-31", "2.0 MB", "waiting"):
        assert column_of(drawn, text) == column_of(reference, text)
    assert width(drawn) == width(reference)


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_moves_no_column_of_the_fetch_queue(name: str, cells: int) -> None:
    item = FetchItem("u", name, "2024-05-01", 2_000_000, FetchState.WAITING)
    reference = item_line(replace(item, name="a"), cells, FULL)
    drawn = item_line(item, cells, FULL)
    assert column_of(drawn, "2.0 MB") == column_of(reference, "2.0 MB")
    assert column_of(drawn, "waiting") == column_of(reference, "waiting")


@pytest.mark.parametrize("cells", CELLS)
def test_bars_of_current_files_are_aligned(cells: int) -> None:
    for name in NAMES:
        write = replace(
            samples.COPYING.write, current_files=(CurrentFile(name, 1, 2), CurrentFile("a", 1, 2))
        )
        rows = [row for row in write_lines(replace(samples.COPYING, write=write), cells, 10, FULL) if row]
        first, second = (row for row in rows if "  50%" in plain(row))
        assert width(first) == width(second)
        assert column_of(first, "  50%") == column_of(second, "  50%")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cells", CELLS)
def test_names_of_phones_drives_and_tasks_leave_the_right_edge_alone(name: str, cells: int) -> None:
    devices = DevicesChanged((replace(PHONE, name=name),), (replace(USB, name=name),))
    state = replace(SetupState(devices=devices), udid=PHONE.udid, target=USB.path)
    assert width(phone_lines(state, cells, 5, FULL)[0]) == cells
    assert width(target_lines(state, cells, 5, FULL)[0]) == cells
    status = replace(samples.COPYING, phone=replace(PHONE, name=name))
    assert width(title_line(status, status.now, cells, FULL)) == cells
    tasks = {name: Task(range="last year", to=f"/media/{name}/照片"), "a": Task(range="last year")}
    rows = task_rows(tasks, (), 0, cells, 5, FULL)
    assert all(width(row) <= cells for row in rows)
    assert column_of(rows[0], " last year") == column_of(rows[1], " last year")


@pytest.mark.parametrize("cells", range(10, 90, 7))
def test_the_words_of_a_task_fit_with_a_chinese_path(cells: int) -> None:
    task = Task(range="last year", to="/media/安娜/照片与视频备份/二〇二四年")
    words = task_words(task, FULL, cells)
    assert cell_len(words) <= cells
    assert not words.endswith("…"), "parts are left out or the path is shortened, but no word is cut"


@given(st.text("ab 字é🎉\u0301\u200d\ufe0f❤👍🏽🇩🇪", max_size=12), st.integers(0, 14))
def test_every_fitted_text_has_its_width(text: str, cells: int) -> None:
    assert cell_len(fit(text, cells)) == cells
    assert cell_len(shorten_path(text, cells)) <= cells
    assert len(cells_of((Span(text),), cells)) == cells


@given(st.text("ab 字🎉é", max_size=12))
def test_a_wide_character_wraps_even_in_one_cell(text: str) -> None:
    assert all(width(row) <= 1 for row in wrap(text, 1))


def test_joined_emoji_are_drawn_as_their_parts() -> None:
    assert visible("👩\N{ZERO WIDTH JOINER}💻 \N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}") == "👩💻 ❤"
