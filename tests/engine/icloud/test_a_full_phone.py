"""Most of the library is in iCloud, the phone has room for a part of it, and downloads fail: in the end,
exactly the originals that never arrived are listed as missing.

The short form has a few hundred originals; AMBERTIME_LONG=1 has five thousand, and room for one in twenty.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from ambertime_tui.engine.api.client import EngineClient, EngineError
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.backups import ended, gone, strangers, until
from tests.engine.icloud.stories import away, host, not_whole, spec

PATIENCE = 12.0 if "AMBERTIME_LONG" not in os.environ else 90.0


@dataclass(frozen=True, slots=True)
class Sized:
    """One variant of the test."""

    assets: int
    room: float
    """The share of the originals in iCloud that fits on the phone."""
    kills: int
    within: float
    """Seconds."""


SHORT = Sized(assets=150, room=0.34, kills=3, within=300.0)
LONG = Sized(assets=5600, room=0.05, kills=10, within=1500.0)
FORMS = [
    pytest.param(SHORT, id="short"),
    pytest.param(
        LONG,
        id="long",
        marks=[
            pytest.mark.long,
            pytest.mark.skipif("AMBERTIME_LONG" not in os.environ, reason="AMBERTIME_LONG=1 runs it"),
        ],
    ),
]


@dataclass(frozen=True, slots=True)
class Setting:
    """The phone, its iCloud, and the originals that never arrive."""

    form: Sized
    made: MadeLibrary
    phone: SimulatedPhone
    icloud: RunningICloud
    never: dict[str, str]
    """Names by uuid."""


@pytest.fixture(params=FORMS)
def setting(request: pytest.FixtureRequest, tmp_path: Path, phone_factory: PhoneFactory) -> Iterator[Setting]:
    """One in ten downloads fails once, one in a hundred always."""
    form: Sized = request.param
    made = make_library(tmp_path / "full", LibraryRecipe(assets=form.assets, seed=3, icloud_share=0.97))
    phone = phone_factory(made.media)
    waiting = away(made)
    Random(1).shuffle(waiting)
    never = waiting[: max(2, len(waiting) // 100)]
    once = waiting[len(never) : len(never) + len(waiting) // 10]
    room = int(form.room * sum(r.size for a in waiting for r in a.originals))
    settings = ICloudSettings(storage=room, kept_for=5.0, halves_apart=0.2, tried_again_after=1.5)
    with RunningICloud(phone, made, settings) as icloud:
        icloud.do(lambda cloud: cloud.fail([a.uuid for a in once], 1))
        icloud.do(lambda cloud: cloud.fail([a.uuid for a in never]))
        yield Setting(form, made, phone, icloud, {a.uuid: a.original_filename for a in never})


async def to_the_end(setting: Setting, target: Path) -> None:
    """A run that ends after its patience and lists what never arrived."""
    async with host(setting.form.within) as client:
        await client.start(spec(target, patience=PATIENCE))
        setting.icloud.set_keep_originals(True)
        done = await ended(client)
        assert done.status.outcome is Outcome.LEFT
        left = [one for one in done.report.left if one.reason != "edit_icloud"]
        assert {one.uuid: one.original_filename for one in left} == setting.never
        assert {one.reason for one in left} == {"gave_up"}
        assert done.status.census is not None
        assert done.status.census.holds


def test_exactly_the_originals_that_never_arrived_are_listed(setting: Setting, target: Path) -> None:
    asyncio.run(to_the_end(setting, target))
    assert not_whole(setting.made, target) == setting.never
    assert setting.icloud.do(lambda cloud: cloud.offloaded) > 0
    assert strangers(target) == set()
    assert setting.phone.journal.refused_writes == []


def test_exactly_they_are_listed_after_repeated_kills(setting: Setting, target: Path) -> None:
    async def killed() -> None:
        client = await EngineClient.launch(paths_from(os.environ), os.environ)
        try:
            async with asyncio.timeout(setting.form.within):
                await client.start(spec(target, patience=PATIENCE))
                setting.icloud.set_keep_originals(True)
                some = setting.form.assets // 30
                await until(client, lambda s: s.write.written.count > some)
        finally:
            os.kill(client.hello.pid, signal.SIGKILL)
        with suppress(EngineError):
            await ended(client)
        await client.aclose()
        await gone(client.hello.pid)

    for _ in range(setting.form.kills):
        asyncio.run(killed())
    asyncio.run(to_the_end(setting, target))
    assert not_whole(setting.made, target) == setting.never
    assert strangers(target) == set()
