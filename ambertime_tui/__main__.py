"""`python -m ambertime_tui`: the same as `ambertime`."""

from __future__ import annotations

import sys

from ambertime_tui.cli import entry

if __name__ == "__main__":
    sys.exit(entry())
