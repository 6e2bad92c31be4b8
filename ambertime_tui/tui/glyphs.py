"""The characters the screens are drawn with: a full set, and an ASCII set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters."""

    eighths: str
    """Nine characters for a cell filled from below by 0 to 8 eighths."""
    cloud: str
    """A cell filled by items only in iCloud."""
    cloud_part: str
    """A cell partly filled by items only in iCloud."""
    local_mark: str
    cloud_mark: str
    missing_mark: str
    cursor: str
    on: str
    off: str
    bar: str
    rail: str
    start_handle: str
    end_handle: str
    start_active: str
    end_active: str
    between: str
    ok: str
    failed: str
    warning: str
    dot: str
    arrow: str
    ellipsis: str
    arrows: str
    pause: str


FULL = Glyphs(
    eighths=" ▁▂▃▄▅▆▇█",
    cloud="▒",
    cloud_part="░",
    local_mark="█",
    cloud_mark="▒",
    missing_mark="×",
    cursor="›",
    on="●",
    off="○",
    bar="━",
    rail="─",
    start_handle="├",
    end_handle="┤",
    start_active="◀",
    end_active="▶",
    between="─",
    ok="✓",
    failed="✗",
    warning="!",
    dot="·",
    arrow="→",
    ellipsis="…",
    arrows="←→",
    pause="‖",
)

ASCII = Glyphs(
    eighths=" ...::::#",
    cloud="o",
    cloud_part=".",
    local_mark="#",
    cloud_mark="o",
    missing_mark="x",
    cursor=">",
    on="*",
    off="o",
    bar="=",
    rail="-",
    start_handle="[",
    end_handle="]",
    start_active="<",
    end_active=">",
    between="-",
    ok="+",
    failed="x",
    warning="!",
    dot="-",
    arrow="->",
    ellipsis="~",
    arrows="left/right",
    pause="=",
)


IN_ASCII = str.maketrans({"…": "~", "–": "-", "’": "'", "“": '"', "”": '"', "·": "-", "×": "x"})
"""ASCII replacements, of the same width, for characters in sentences and names."""


def glyphs_for(*, ascii_only: bool) -> Glyphs:
    """The set to draw with."""
    return ASCII if ascii_only else FULL
