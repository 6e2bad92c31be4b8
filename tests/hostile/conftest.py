"""A scratch folder for sweeps, in memory if possible: thousands of small files are written and synced."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def scratch(home: Path) -> Iterator[Path]:
    """An empty folder with a path short enough for Unix sockets."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="at-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
