"""Only changed cells are painted, and nothing while the terminal is behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region, Size

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.tui.screens import run
from ambertime_tui.tui.widgets.lines import LinesView, cells_of, changed_cells
from ambertime_tui.tui.widgets.spans import Line, Span, line
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")
spans = st.builds(Span, st.text("ab 字é", max_size=6), st.sampled_from(["text", "muted"]))
rows = st.lists(spans, max_size=4).map(lambda row: line(*row))


@given(rows, rows, st.integers(1, 12))
def test_painting_the_changed_cells_makes_the_old_row_the_new_one(old: Line, new: Line, width: int) -> None:
    left, right = changed_cells(old, new, width)
    before, after = cells_of(old, width), cells_of(new, width)
    assert before[:left] + after[left:right] + before[right:] == after


def test_rows_that_differ_only_beyond_the_width_are_not_painted() -> None:
    assert changed_cells(line("IMG_1.HEIC  61%"), line("IMG_1.HEIC  62%"), 10) == (10, 10)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_a_changed_count_repaints_only_its_own_cells(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)
    painted: list[tuple[str | None, Region]] = []
    refresh = LinesView.refresh

    def spy(self: LinesView, *regions: Region, **options: bool) -> LinesView:
        assert not options.get("layout"), "a new layout repaints everything"
        painted.extend((self.id, region) for region in regions)
        return refresh(self, *regions, **options)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        screen, settled = stage.app.screen, replace(samples.COPYING, sequence=40)
        assert isinstance(screen, run.RunScreen)
        await engine.say_status(settled)
        await stage.until(lambda: screen.status is settled)
        monkeypatch.setattr(LinesView, "refresh", spy)
        moved = replace(samples.COPYING.write, written=Tally(1_205, samples.COPYING.write.written.bytes))
        await engine.say_status(replace(samples.COPYING, sequence=41, write=moved))
        await stage.shows("1,205 of 2,341")

    play(app_of(engine, attach_to=SOCKET), script, size)
    assert [(name, region.size) for name, region in painted] == [("write", Size(1, 1))]


def test_no_frame_is_made_while_the_terminal_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)
    behind = [False]
    monkeypatch.setattr(run, "terminal_is_behind", lambda _app: behind[0])

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        behind[0] = True
        await engine.say_status(samples.PAUSED)
        screen = stage.app.screen
        assert isinstance(screen, run.RunScreen)
        await stage.until(lambda: screen._pending is samples.PAUSED)
        screen.tick()
        assert "Paused" not in stage.text
        behind[0] = False
        await stage.shows("Paused")

    play(app_of(engine, attach_to=SOCKET), script)


def test_the_result_is_shown_even_if_the_terminal_is_behind_as_the_job_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)
    engine.job_report = samples.LEFT_REPORT

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        monkeypatch.setattr(run, "terminal_is_behind", lambda _app: True)
        await engine.say_status(samples.ENDED_LEFT)
        await stage.shows("560 items")

    play(app_of(engine, attach_to=SOCKET), script)


def test_a_status_without_changes_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)
    painted: list[tuple[str | None, Region]] = []
    refresh = LinesView.refresh

    def spy(self: LinesView, *regions: Region, **options: bool) -> LinesView:
        painted.extend((self.id, region) for region in regions)
        return refresh(self, *regions, **options)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        screen = stage.app.screen
        assert isinstance(screen, run.RunScreen)
        monkeypatch.setattr(LinesView, "refresh", spy)
        same = replace(samples.COPYING, sequence=77)
        await engine.say_status(same)
        await stage.until(lambda: screen.status is same)

    play(app_of(engine, attach_to=SOCKET), script)
    assert painted == []
