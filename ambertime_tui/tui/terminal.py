"""What the terminal can show: colours, glyphs, and what that means for Textual. Has to be asked before
Textual is imported, which reads its settings from the environment at import."""

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
"""Terminals that show 24-bit colour and say so by their TERM, which SSH forwards; COLORTERM it does not."""
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
    """True where box drawing and block elements cannot be relied upon."""
    remote: bool
    """True over SSH."""

    @property
    def native_palette(self) -> bool:
        """True where only the terminal's own colours are used, and only an ANSI theme looks right."""
        return self.colors in (Colors.C16, Colors.NONE)


def detect(environ: Mapping[str, str], *, color: str = "auto", ascii_only: bool = False) -> Terminal:
    """The terminal of an environment.

    Args:
        environ: The environment variables.
        color: ``auto`` or a value of `Colors`; what the person asked for wins over everything.
        ascii_only: The person asked for plain characters.
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
    # Whoever sets a TERM of another name than those has had 256 colours for over a decade: screen, tmux,
    # xterm.
    return Colors.C256


def _speaks_utf8(environ: Mapping[str, str]) -> bool:
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C.UTF-8"
    return locale.lower().replace("-", "").endswith("utf8") or "utf8" in locale.lower().replace("-", "")


def prepare(environ: MutableMapping[str, str], terminal: Terminal) -> None:
    """Tells Textual what was found, through the variables that it reads at import.

    Animations are switched off everywhere: over a slow line they cost the seconds that a person waits for a
    key. NO_COLOR is taken out because Textual would turn it into RGB greys; the monochrome theme does it
    right.
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
