"""The thumbnail of the selected item: drawn with half blocks, and only if previews are on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.tui.screens.preview import PreviewScreen
from ambertime_tui.tui.widgets.picture import COLUMNS, ROWS, PictureError, cells_of_jpeg, strip_of
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine, context_of, jpeg_of
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")


def test_a_cell_shows_two_pixels_in_the_colours_of_the_picture() -> None:
    picture = cells_of_jpeg(jpeg_of("red", "blue"))
    columns, rows = picture.size
    assert (columns, rows) == (COLUMNS, 7)
    top, *_, bottom = (list(strip_of(picture, row, shades=False))[3] for row in range(rows))
    assert top.text == bottom.text == "▀"
    assert top.style is not None and top.style.color is not None and top.style.color.triplet is not None
    assert top.style.color.triplet.red > 240 > 20 > top.style.color.triplet.blue


def test_without_colours_it_is_drawn_in_shades() -> None:
    picture = cells_of_jpeg(jpeg_of("white", "black"))
    _, rows = picture.size
    assert strip_of(picture, 0, shades=True).text == "@" * COLUMNS
    assert strip_of(picture, rows - 1, shades=True).text == " " * COLUMNS


def test_a_picture_never_exceeds_its_size_limit() -> None:
    columns, rows = cells_of_jpeg(jpeg_of("red", "blue")).size
    assert columns <= COLUMNS and rows <= ROWS


@pytest.mark.parametrize(
    "junk", [b"", b"no picture", jpeg_of("red", "blue")[:300]], ids=["empty", "text", "torn"]
)
def test_bytes_that_are_not_a_picture_raise_an_error(junk: bytes) -> None:
    with pytest.raises(PictureError):
        cells_of_jpeg(junk)


def test_a_key_shows_the_selected_item_and_another_closes_it() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        await stage.press("v")
        await stage.shows("▀" * COLUMNS)
        await stage.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, PreviewScreen))
        engine.has_thumbnails = False
        await stage.press("v")
        await stage.shows("has no thumbnail of this item")

    play(app_of(engine, attach_to=SOCKET), script)


def test_over_ssh_it_says_how_to_turn_previews_on() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        await stage.press("v")
        await stage.shows("Previews are off over SSH")

    play(app_of(engine, replace(context_of(engine), preview=False), attach_to=SOCKET), script)
