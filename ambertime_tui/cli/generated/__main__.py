"""Regenerates the completion scripts and the manual page in this folder. Needs the `test` extra."""

from __future__ import annotations

from pathlib import Path

from ambertime_tui.cli.generated.generate import generate

for name, text in generate().items():
    (Path(__file__).parent / name).write_text(text, encoding="utf-8")
    print(f"Wrote {name}.")
