"""A phone with half its library in iCloud, its iCloud, and a target folder."""

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
    """Sixty assets; half of the own ones are only in iCloud."""
    return make_library(tmp_path / "phone", LibraryRecipe(assets=60, seed=21, icloud_share=0.5))


@pytest.fixture
def phone(made: MadeLibrary, phone_factory: PhoneFactory) -> SimulatedPhone:
    """The phone with that library, connected and trusting this computer."""
    return phone_factory(made.media)


@pytest.fixture
def icloud(phone: SimulatedPhone, made: MadeLibrary) -> Iterator[RunningICloud]:
    """Its iCloud: fast, and idle until the user or the job asks for something."""
    with RunningICloud(phone, made) as running:
        yield running
