"""A way of asking is tried without a backup: iOS is asked for a handful, and what arrives is observed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ambertime_tui.engine.api.doctor import Area, Ask, DoctorRequest, Level, Message
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.trial_memory import TrialMemory
from ambertime_tui.engine.doctor.computer import Folders
from ambertime_tui.engine.doctor.findings import Deadline, Reporter
from ambertime_tui.engine.doctor.phone import check_phone
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.doctor.conftest import BRIEF, Found


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    return make_library(tmp_path / "phone", LibraryRecipe(assets=60, seed=21, icloud_share=0.5))


@pytest.fixture
def phone(made: MadeLibrary, phone_factory: PhoneFactory) -> SimulatedPhone:
    return phone_factory(made.media)


@pytest.fixture
def icloud(phone: SimulatedPhone, made: MadeLibrary) -> Iterator[RunningICloud]:
    with RunningICloud(phone, made) as running:
        yield running


def tried(
    way: FetchWay | None, tmp_path: Path, found: Found, on_ask: Callable[[Ask], object], seconds: float = 20.0
) -> Found:
    """Check a phone with `--fetch`, with a person who does what they are asked."""

    def say(message: Message) -> None:
        found.messages.append(message)
        if isinstance(message, Ask):
            on_ask(message)

    async def pause(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))

    async def check() -> None:
        await check_phone(
            Reporter(Area.PHONE, say),
            DoctorRequest(way=way, long_seconds=seconds),
            Folders(tmp_path / "run", tmp_path / "state", tmp_path / "data"),
            (),
            Deadline(None),
            Timing(pause=pause),
            BRIEF,
        )

    asyncio.run(check())
    return found


def test_a_shortcut_that_works_is_kept_for_this_phone_and_ios(
    phone: SimulatedPhone, icloud: RunningICloud, tmp_path: Path, found: Found
) -> None:
    finding = tried(FetchWay.SHORTCUT, tmp_path, found, lambda ask: icloud.open_url(ask.code)).of(
        "trial-shortcut"
    )
    assert finding.level is Level.FINE
    assert finding.facts["arrived"]
    known = TrialMemory(tmp_path / "state").result(
        phone.udid, phone.facts.model.ios_version, FetchWay.SHORTCUT
    )
    assert known is not None
    assert known.worked
    second = tried(FetchWay.SHORTCUT, tmp_path, Found(), lambda ask: icloud.open_url(ask.code))
    assert second.of("trial-shortcut").sentence.startswith("Tried: ")
    again = Found()
    asked: list[Ask] = []
    tried(None, tmp_path, again, asked.append, seconds=0.2)
    assert asked == []
    assert "Tried before: shortcut" in again.of("trial-shortcut").sentence


def test_a_way_that_brings_nothing_is_worth_knowing(
    phone: SimulatedPhone, icloud: RunningICloud, tmp_path: Path, found: Found
) -> None:
    finding = tried(FetchWay.SHORTCUT, tmp_path, found, lambda ask: None, seconds=0.5).of("trial-shortcut")
    assert finding.level is Level.NOTE
    assert "Nothing arrived" in finding.sentence


def test_items_to_open_by_hand_are_named(
    made: MadeLibrary, icloud: RunningICloud, tmp_path: Path, found: Found
) -> None:
    asked: list[Ask] = []

    def open_them(ask: Ask) -> None:
        asked.append(ask)
        icloud.open_in_photos(
            [asset.uuid for asset in made.assets if asset.original_filename in ask.sentence]
        )

    finding = tried(FetchWay.BY_HAND, tmp_path, found, open_them).of("trial-by-hand")
    assert "The items: " in asked[0].sentence
    assert finding.facts["arrived"]


def test_without_originals_in_icloud_nothing_is_asked(
    phone_factory: PhoneFactory, tmp_path: Path, found: Found
) -> None:
    local = make_library(tmp_path / "local", LibraryRecipe(assets=20, seed=5, icloud_share=0.0))
    phone_factory(local.media)
    asked: list[Ask] = []
    tried(FetchWay.SHORTCUT, tmp_path, found, asked.append)
    assert asked == []
    assert "Nothing was tried" in found.of("trial").sentence
