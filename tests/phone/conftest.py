"""Simulated phones with encrypted services, as on real phones, and with plain ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """The folder for this computer's pair records."""
    return tmp_path / "records"


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def any_phone(request: pytest.FixtureRequest, phone_factory: PhoneFactory) -> SimulatedPhone:
    """A trusting phone, once plain and once over TLS."""
    return phone_factory(tls=request.param)
