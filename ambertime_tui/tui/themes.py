"""Themes as TOML files, bundled and the user's own. A broken theme is reported and left out; it never stops
the app."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT = "amber-dark"
SIXTEEN_COLORS = "ansi"
MONOCHROME = "monochrome"

COLOR_KEYS = (
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
)
MEANINGS = ("muted", "strong", "local", "icloud", "bar", "rail", "key", "cursor", "frame", "frame-focused")
"""Colour variables of ours beyond Textual's own. All but the frames also have ``NAME-style``, a text style
(bold, dim, reverse ...)."""


def meaning_defaults(theme: Theme) -> dict[str, str]:
    """Defaults for our variables, derived from the theme's own colours."""
    default = "ansi_default" if theme.ansi else (theme.foreground or ("#e8e0d2" if theme.dark else "#2b241a"))
    colors = {
        "muted": default if theme.ansi else f"{default} 62%",
        "strong": default,
        "local": theme.primary,
        "icloud": theme.secondary or theme.primary,
        "bar": theme.primary,
        "rail": default if theme.ansi else f"{default} 28%",
        "key": theme.accent or theme.primary,
        "cursor": "ansi_default" if theme.ansi else f"{theme.primary} 14%",
        "frame": default if theme.ansi else f"{default} 22%",
        "frame-focused": theme.primary,
    }
    styles = {f"{name}-style": "none" for name in MEANINGS if not name.startswith("frame")}
    styles |= {"strong-style": "bold", "key-style": "bold"}
    if theme.ansi:
        styles |= {"muted-style": "dim", "rail-style": "dim", "cursor-style": "bold"}
    return colors | styles


def bundled_folder() -> Path:
    """The folder of the bundled themes: in the package when installed, next to it in the source tree."""
    package = Path(__file__).parents[1]
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load_themes(folders: Iterable[Path]) -> tuple[tuple[Theme, ...], tuple[str, ...]]:
    """Load all themes of the folders; a later theme replaces an earlier one of the same name.

    Returns:
        The themes, and a sentence for each file that cannot be used.
    """
    themes: dict[str, Theme] = {}
    failures: list[str] = []
    for folder in folders:
        for file in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                theme = load_theme(file)
            except ThemeError as error:
                failures.append(str(error))
            else:
                themes[theme.name] = theme
    return tuple(themes.values()), tuple(failures)


class ThemeError(Exception):
    """A theme file cannot be used; the message is a sentence that names the file."""


def load_theme(file: Path) -> Theme:
    """Load one theme file.

    Raises:
        ThemeError: it cannot be read or contains an error.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ThemeError(f"Cannot read the theme {file}: {error}.") from error
    known = {field.name: field for field in dataclasses.fields(Theme)}
    for key in data:
        if key not in known:
            raise ThemeError(f"The theme {file} has an unknown key: {key}.")
    data.setdefault("name", file.stem)
    if "primary" not in data:
        raise ThemeError(f"The theme {file} has no primary colour.")
    _check_types(file, data)
    _check_colors(file, {key: data[key] for key in COLOR_KEYS if key in data})
    theme = Theme(**data)
    _check_variables(file, theme)
    return theme


def _check_types(file: Path, data: Mapping[str, Any]) -> None:
    kinds: dict[str, type | tuple[type, ...]] = dict.fromkeys(("name", *COLOR_KEYS), str)
    kinds |= {"dark": bool, "ansi": bool, "luminosity_spread": (int, float), "text_alpha": (int, float)}
    kinds["variables"] = dict
    for key, value in data.items():
        if not isinstance(value, kinds[key]):
            raise ThemeError(f"The theme {file} has a wrong value for {key}: {value!r}.")
    for key, value in data.get("variables", {}).items():
        if not isinstance(value, str):
            raise ThemeError(f"The theme {file} has a wrong value for {key}: {value!r}; put it in quotes.")


def _check_colors(file: Path, colors: Mapping[str, str]) -> None:
    for key, text in colors.items():
        try:
            Color.parse(text)
        except ColorParseError as error:
            raise ThemeError(f"The theme {file} has an unknown colour for {key}: {text}.") from error


TEXT_STYLES = frozenset(
    ("none", "bold", "dim", "italic", "reverse", "underline", "strike", "b", "i", "u", "not")
)


def _check_variables(file: Path, theme: Theme) -> None:
    known = set(theme.to_color_system().generate()) | set(meaning_defaults(theme)) | ANSI_VARIABLES
    for name, text in theme.variables.items():
        if name not in known:
            raise ThemeError(f"The theme {file} sets an unknown variable: {name}.")
        if name.endswith("-style"):
            if not set(text.split()) <= TEXT_STYLES:
                raise ThemeError(f"The theme {file} has an unknown text style for {name}: {text}.")
        else:
            color, _, alpha = text.partition(" ")
            if alpha and not alpha.removesuffix("%").isdigit():
                raise ThemeError(f"The theme {file} has an unknown colour for {name}: {text}.")
            if color not in ("auto", "transparent"):
                _check_colors(file, {name: color})


ANSI_VARIABLES = frozenset(
    (
        "ansi-background",
        "ansi-foreground",
        "block-hover-background",
        "border-blurred",
        "input-cursor-background",
        "input-cursor-foreground",
        "input-cursor-text-style",
    )
)
"""Textual's variables that `ColorSystem.generate` does not list for every theme."""
