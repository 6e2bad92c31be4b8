"""What the terminal can show: colours and glyphs, and the settings for Textual. Runs before Textual is
imported, because Textual reads its settings from the environment at import."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum

TRUECOLOR_TERMS = (
    "alacritty",
    "contour",
    "foot",
    "iterm2",
    "rio",
    "wezterm",
    "xterm-direct",
    "xterm-ghostty",
    "xterm-kitty",
)
"""TERM values of terminals with 24-bit colour. SSH forwards TERM, but not COLORTERM."""
SIXTEEN_COLOR_TERMS = ("linux", "ansi", "vt220", "cygwin", "console")


class Colors(StrEnum):
    """How many colours the screen is drawn with."""

    TRUECOLOR = "truecolor"
    C256 = "256"
    C16 = "16"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal can show."""

    colors: Colors
    ascii: bool
    """True if box drawing and block characters may be missing."""
    remote: bool
    """True over SSH."""

    @property
    def native_palette(self) -> bool:
        """True if only the terminal's own colours are used, so that only an ANSI theme looks right."""
        return self.colors in (Colors.C16, Colors.NONE)


def detect(environ: Mapping[str, str], *, color: str = "auto", ascii_only: bool = False) -> Terminal:
    """Detect the terminal from the environment.

    Args:
        environ: environment variables.
        color: ``auto`` or a value of `Colors`, which overrides the environment.
        ascii_only: use plain characters in any terminal.
    """
    return Terminal(
        colors=_colors(environ) if color == "auto" else Colors(color),
        ascii=ascii_only or environ.get("TERM", "") in SIXTEEN_COLOR_TERMS or not _speaks_utf8(environ),
        remote=bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY")),
    )


def _colors(environ: Mapping[str, str]) -> Colors:
    term = environ.get("TERM", "").lower()
    if environ.get("NO_COLOR") or term in ("dumb", "vt100", "vt102", ""):
        return Colors.NONE
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return Colors.TRUECOLOR
    if term.startswith(TRUECOLOR_TERMS):
        return Colors.TRUECOLOR
    if term in SIXTEEN_COLOR_TERMS or term.endswith("-16color"):
        return Colors.C16
    # All other common terminals (screen, tmux, xterm) have had 256 colours for over a decade.
    return Colors.C256


def _speaks_utf8(environ: Mapping[str, str]) -> bool:
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C.UTF-8"
    return locale.lower().replace("-", "").endswith("utf8") or "utf8" in locale.lower().replace("-", "")


def prepare(environ: MutableMapping[str, str], terminal: Terminal) -> None:
    """Set the environment variables that Textual reads at import.

    Animations are switched off, because they make keys slow over a slow line. NO_COLOR is removed, because
    Textual would use RGB greys for it; the monochrome theme uses no colour at all.
    """
    systems = {
        Colors.TRUECOLOR: "truecolor",
        Colors.C256: "256",
        Colors.C16: "standard",
        Colors.NONE: "standard",
    }
    environ["TEXTUAL_COLOR_SYSTEM"] = systems[terminal.colors]
    environ["TEXTUAL_ANIMATIONS"] = "none"
    environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    environ.pop("NO_COLOR", None)
