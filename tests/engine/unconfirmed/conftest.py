"""Phones that behave differently from what is believed, each with a small library and a target folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import PhoneFactory
from tests.engine.unconfirmed.phones import DifferentPhones


@pytest.fixture
def phones(tmp_path: Path, phone_factory: PhoneFactory) -> Iterator[DifferentPhones]:
    """Makes phones."""
    with ExitStack() as stack:
        yield DifferentPhones(tmp_path, phone_factory, stack)
