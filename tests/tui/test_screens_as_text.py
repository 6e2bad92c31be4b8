"""The text of every screen in every state, at the two most common terminal sizes."""

from __future__ import annotations

import pytest

from tests.tui.scenes import BY_NAME, SCENES, SIZES, Scene
from tests.tui.stage import Stage, compare_text, play

WIDE = {"setup", "run-copying", "end-something-left"}
"""Screens that are also compared at 200x60."""


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_screen_reads_as_it_was_reviewed(scene: Scene) -> None:
    texts: dict[str, str] = {}

    async def script(stage: Stage) -> None:
        await scene.script(stage)
        for width, height in (*SIZES, *([(200, 60)] if scene.name in WIDE else [])):
            await stage.pilot.resize_terminal(width, height)
            await stage.pilot.pause()
            texts[f"{scene.name}-{width}x{height}"] = stage.text

    play(scene.app(None), script, SIZES[0])
    for name, text in texts.items():
        compare_text(name, text)


@pytest.mark.parametrize("name", ["setup", "run-copying", "jobs", "help", "list", "tasks"])
def test_no_size_is_too_small_or_too_large(name: str) -> None:
    async def script(stage: Stage) -> None:
        await BY_NAME[name].script(stage)
        for size in ((1, 1), (20, 5), (40, 12), (79, 23), (300, 100), (1, 60), (300, 1)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()

    app = play(BY_NAME[name].app(None), script, (80, 24))
    assert app.return_code in (None, 0)
