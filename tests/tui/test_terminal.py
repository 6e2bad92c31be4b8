"""What a terminal can show, detected from the environment."""

from __future__ import annotations

import pytest

from ambertime_tui.tui.terminal import Colors, detect, prepare


@pytest.mark.parametrize(
    ("environ", "colors"),
    [
        ({"TERM": "xterm-256color"}, Colors.C256),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Colors.TRUECOLOR),
        ({"TERM": "xterm-ghostty"}, Colors.TRUECOLOR),
        ({"TERM": "xterm-kitty"}, Colors.TRUECOLOR),
        ({"TERM": "alacritty"}, Colors.TRUECOLOR),
        ({"TERM": "foot-extra"}, Colors.TRUECOLOR),
        ({"TERM": "screen"}, Colors.C256),
        ({"TERM": "tmux-256color"}, Colors.C256),
        ({"TERM": "linux"}, Colors.C16),
        ({"TERM": "rxvt-16color"}, Colors.C16),
        ({"TERM": "dumb"}, Colors.NONE),
        ({}, Colors.NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Colors.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Colors.C256),
    ],
)
def test_colours_are_known_without_colorterm(environ: dict[str, str], colors: Colors) -> None:
    assert detect(environ).colors is colors


def test_an_explicit_choice_wins() -> None:
    assert detect({"TERM": "linux", "NO_COLOR": "1"}, color="truecolor").colors is Colors.TRUECOLOR


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"TERM": "xterm", "LANG": "de_DE.UTF-8"}, False),
        ({"TERM": "xterm", "LANG": "C"}, True),
        ({"TERM": "xterm", "LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ({"TERM": "xterm"}, False),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, True),
    ],
)
def test_ascii_characters_in_terminals_without_unicode(environ: dict[str, str], ascii_only: bool) -> None:
    assert detect(environ).ascii is ascii_only
    assert detect(environ, ascii_only=True).ascii


def test_textual_gets_the_settings_but_not_no_color() -> None:
    environ = {"TERM": "xterm", "NO_COLOR": "1"}
    prepare(environ, detect(environ))
    assert environ["TEXTUAL_COLOR_SYSTEM"] == "standard"
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert "NO_COLOR" not in environ
