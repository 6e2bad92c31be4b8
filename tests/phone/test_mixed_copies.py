"""No copy of a database that is written to mixes two of its states."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.photos_database import (
    DATABASE,
)
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.link import Link
from tests.conftest import PhoneFactory
from tests.phone.busy_database import make_database
from tests.phone.live_copies import Copies, Take, copy_while_written, guarded, unguarded
from tests.phone.talking import QUICK, media_of, run


@pytest.fixture
def experiment(
    phone_factory: PhoneFactory, media_folder: Path, records: Path, tmp_path: Path
) -> Callable[[Take, float, int, float], Copies]:
    """Copies a 16 MB database over a 300 MB/s link: way to copy, rate, number of copies, maximum seconds."""
    database = media_folder / DATABASE
    make_database(database, 16)
    phone = phone_factory(link=Link(0.0005, 300e6))

    def take(how: Take, rate: float, copies: int, seconds: float) -> Copies:
        async def work(media: MediaFolder) -> Copies:
            return await copy_while_written(
                media, database, tmp_path, take=how, rate=rate, copies=copies, deadline=seconds
            )

        async def all_of_it() -> Copies:
            async with media_of(phone, records, timeouts=QUICK) as media:
                return await work(media)

        return run(all_of_it(), deadline=seconds + 120.0)

    return take


@pytest.mark.parametrize(("rate", "at_least"), [(5, 8), (60, 1), (150, 0)])
def test_no_copy_of_a_database_that_is_written_to_is_mixed(
    experiment: Callable[[Take, float, int, float], Copies], rate: float, at_least: int
) -> None:
    copies = experiment(guarded, rate, 8, 8.0)
    assert copies.bad == 0, copies
    # At 150 per second, a slow machine may never find a quiet moment, and then there is no copy.
    assert copies.accepted >= at_least, copies
    assert copies.transactions > 0, copies


def test_no_copy_is_mixed_on_a_phone_that_reports_no_change_of_size_or_time(
    phone_factory: PhoneFactory, media_folder: Path, records: Path, tmp_path: Path
) -> None:
    database = media_folder / DATABASE
    make_database(database, 16)
    phone = phone_factory(link=Link(0.0005, 300e6))
    phone.faults = Faults(stats_never_change=True)

    async def work() -> Copies:
        async with media_of(phone, records, timeouts=QUICK) as media:
            return await copy_while_written(
                media, database, tmp_path, take=guarded, rate=60, copies=12, deadline=8.0
            )

    copies = run(work(), deadline=120.0)
    assert copies.bad == 0, copies
    assert copies.accepted >= 1, copies


def test_without_the_guard_the_same_experiment_shows_mixed_copies(
    experiment: Callable[[Take, float, int, float], Copies],
) -> None:
    # On an idle machine a copy is fast and rarely meets a checkpoint, so make as many as needed.
    tried: list[Copies] = []
    while not any(copies.silently_mixed + copies.corrupt for copies in tried):
        assert len(tried) < 40, tried
        tried.append(experiment(unguarded, 150, 15, 30.0))


@pytest.mark.long
@pytest.mark.skipif("AMBERTIME_LONG" not in os.environ, reason="the long form: AMBERTIME_LONG=1")
@pytest.mark.parametrize("rate", [5, 20, 60, 100, 150])
def test_no_copy_of_hundreds_is_mixed(
    experiment: Callable[[Take, float, int, float], Copies], rate: float
) -> None:
    copies = experiment(guarded, rate, 100, 900.0)
    assert copies.bad == 0, copies
    assert copies.accepted >= 60, copies
