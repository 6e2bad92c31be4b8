"""The screens in tests: an app on a fake engine, a terminal of a given size, and what stands on it as text.

Textual reads its settings from the environment when it is imported, so they are set here first: a snapshot
must not depend on who runs it.
"""

from __future__ import annotations

import os

KEPT = "TEXTUAL_SNAPSHOT_TEMPDIR"
"""Where the snapshot plugin collects what its processes find."""

for _name in [name for name in os.environ if name.startswith("TEXTUAL") and name != KEPT]:
    del os.environ[_name]
os.environ.pop("NO_COLOR", None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
