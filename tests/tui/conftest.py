"""Give screens in tests 24-bit colour on any terminal; Textual reads this when it is imported."""

from __future__ import annotations

import os

os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
