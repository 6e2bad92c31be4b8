"""Screens in tests have 24-bit colour, whoever runs them; Textual reads this when it is imported."""

from __future__ import annotations

import os

os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
