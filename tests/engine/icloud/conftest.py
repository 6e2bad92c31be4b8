"""A phone whose library is half in iCloud, its iCloud, and a place to write to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.conftest import no_host_outlives_its_test as no_host_outlives_its_test
from tests.engine.conftest import target as target


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    """Sixty assets, half of one's own only in iCloud."""
    return make_library(tmp_path / "phone", LibraryRecipe(assets=60, seed=21, icloud_share=0.5))


@pytest.fixture
def phone(made: MadeLibrary, phone_factory: PhoneFactory) -> SimulatedPhone:
    """The phone with that library, plugged in and trusting."""
    return phone_factory(made.media)


@pytest.fixture
def icloud(phone: SimulatedPhone, made: MadeLibrary) -> Iterator[RunningICloud]:
    """Its iCloud: fast, and doing nothing until it is asked."""
    with RunningICloud(phone, made) as running:
        yield running
