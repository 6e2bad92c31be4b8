"""Files that are generated from the parser and committed: completion scripts and the manual page.

To regenerate them: python -m ambertime_tui.cli.generated
"""

from __future__ import annotations

from pathlib import Path

COMPLETIONS = {"bash": "ambertime.bash", "zsh": "_ambertime", "fish": "ambertime.fish"}
"""File names by shell."""
MAN_PAGE = "ambertime.1"


def generated_text(name: str) -> str:
    """Return the text of a generated file."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
