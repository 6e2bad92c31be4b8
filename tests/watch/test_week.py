"""A week runs unattended and ends complete, though phone and drive come and go, and the library changes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ambertime_tui.engine.api.history import read_history
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from tests.conftest import PhoneFactory
from tests.engine.small_library import PHOTO, SmallLibrary, holds, some_bytes
from tests.watch.watching import config, watching

HOUR = 3600.0


@pytest.mark.parametrize("days", [3, pytest.param(7, marks=pytest.mark.long)])
def test_days_of_use_run_unattended_and_end_complete(
    days: int, home: Path, tmp_path: Path, usbmux: BackgroundUsbmuxd, phone_factory: PhoneFactory
) -> None:
    library = SmallLibrary(tmp_path / "photos", fingerprints=True)
    phone = phone_factory(library.media, attached=False)
    target, away = tmp_path / "drive", tmp_path / "away"
    target.mkdir()
    config(
        home,
        f'[tasks.anna]\ndevice = "{phone.udid}"\nto = "{target}"\noriginals = "icloud"\npatience = "1s"\n',
    )
    wanted = [some_bytes("before", 4000)]
    uuids = [library.add("IMG_0000.HEIC", wanted[0])]
    cloud = some_bytes("from iCloud", 9000)
    in_icloud = library.add("IMG_9999.HEIC", cloud, local=-1, file=False)

    def another_day(day: int) -> None:
        """New photos, and an edit of an old one."""
        photo, render = some_bytes(f"day {day}", 3000 + day), some_bytes(f"edit {day}", 2000 + day)
        uuids.append(library.add(f"IMG_{day:04}.HEIC", photo))
        library.edit(uuids[day - 1], render, f"edit {day}".encode())
        wanted.extend((photo, render))

    async def script() -> None:
        async with watching() as watch:
            await watch.hears("watching")
            for day in range(1, days + 1):
                another_day(day)
                drive_is_away = day % 3 == 2
                if drive_is_away:
                    await asyncio.to_thread(target.rename, away)
                ended = len(watch.of("ended"))
                usbmux.attach(phone)
                if not drive_is_away:
                    await watch.hears("ended", ended + 1)
                if day == days:
                    library.write("IMG_9999.HEIC", cloud)
                    library.set_local(in_icloud, PHOTO, 1)
                await watch.passes((days // 2) * HOUR, HOUR)
                usbmux.unplug(phone)
                await watch.passes(21 * HOUR, 7 * HOUR)
                if drive_is_away:
                    assert len(watch.of("ended")) == ended, "without the drive nothing runs"
                    await asyncio.to_thread(away.rename, target)

    asyncio.run(script())
    runs = read_history(paths_from(os.environ).state)
    assert {run.outcome for run in runs} == {Outcome.LEFT, Outcome.COMPLETE}
    assert runs[-1].outcome is Outcome.COMPLETE, runs[-1]
    assert runs[-1].left == 0
    assert [data for data in (*wanted, cloud) if not holds(target, data)] == []
    hourly = [run for run in runs if run.icloud]
    assert len(hourly) >= days, "while an original is in iCloud, it runs every hour"
