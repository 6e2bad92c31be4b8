"""The screens in tests: an app on a fake engine, a terminal of a given size, and what stands on it as text.

Textual reads its settings from the environment when it is imported, so they are set here first: a snapshot
must not depend on who runs it.
"""

from __future__ import annotations

import os

for _name in [name for name in os.environ if name.startswith("TEXTUAL") or name == "NO_COLOR"]:
    del os.environ[_name]
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
