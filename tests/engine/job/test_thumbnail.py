"""Thumbnails: the phone has one of every item, even if the original is only in iCloud."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import EngineError
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import ended, engine, resume, selected, start_paused


def test_the_phones_thumbnail_of_an_item_only_in_icloud_is_returned(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asset = next(asset for asset in selected(made) if asset.availability == "icloud")

    async def story() -> bytes:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            jpeg = await client.thumbnail(asset.uuid)
            with pytest.raises(EngineError) as refused:
                await client.thumbnail("no such item")
            assert refused.value.kind == "NoThumbnail"
            await resume(client)
            await ended(client)
            return jpeg

    jpeg = asyncio.run(story())
    assert jpeg.startswith(b"\xff\xd8")
    kept = made.media.glob(f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG")
    assert jpeg in [file.read_bytes() for file in kept]
