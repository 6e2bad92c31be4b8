"""Only what changed is painted, and nothing while the terminal is behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.geometry import Region

from ambertime_tui.engine.status import Tally
from ambertime_tui.tui.screens import run
from ambertime_tui.tui.widgets.lines import LinesView
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")


def test_a_count_that_moves_repaints_its_own_cells_only(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)
    painted: list[tuple[str | None, Region]] = []
    refresh = LinesView.refresh

    def spy(self: LinesView, *regions: Region, **options: bool) -> LinesView:
        painted.extend((self.id, region) for region in regions)
        return refresh(self, *regions, **options)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        monkeypatch.setattr(LinesView, "refresh", spy)
        moved = replace(samples.COPYING.write, written=Tally(1_205, samples.COPYING.write.written.bytes))
        await engine.say_status(replace(samples.COPYING, sequence=41, write=moved))
        await stage.shows("1,205 of 2,341")

    play(app_of(engine, attach_to=SOCKET), script)
    assert painted == [("write", Region(4, 1, 1, 1))]


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


def test_a_status_that_says_nothing_new_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
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
