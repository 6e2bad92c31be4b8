"""Write the results of a benchmark into benchmarks/README.md, between two markers."""

from __future__ import annotations

from pathlib import Path

README = Path(__file__).with_name("README.md")


def write_section(name: str, text: str) -> None:
    """Replace the text between the markers of a section.

    Raises:
        ValueError: the README has no such markers.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = README.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{README} has no section {name}: add {begin} and {end}")
    README.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
