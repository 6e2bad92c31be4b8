"""The demo is run from the command line, as in tests/cli."""

from __future__ import annotations

from tests.cli.conftest import ambertime as ambertime
