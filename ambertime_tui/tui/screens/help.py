"""Help, generated from the bindings of the screen it was opened on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode

from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.widgets.key_line import KEY_NAMES, KeyLine
from ambertime_tui.tui.widgets.pick_list import Drawn, FullHeight
from ambertime_tui.tui.widgets.spans import Line, Span, fit, line, wrap

KEY_WIDTH = 12
WORDS = {"app.focus_previous": "Previous part", "app.command_palette": "Command palette"}
"""Our labels for Textual's own keys."""


def notice_lines(notices: Sequence[str], cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """All problems in the settings."""
    lines: list[Line] = [line(Span("Problems in your settings", "accent"))] if notices else []
    for notice in notices:
        rows = wrap(notice, cells - 4, "warn")
        lines += [
            line(Span(f"  {glyphs.warning if n == 0 else ' '} ", "warn"), *row) for n, row in enumerate(rows)
        ]
    return (*lines, ()) if lines else ()


def help_lines(bindings: dict[str, ActiveBinding], cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """All keys, grouped by part of the screen; keys with the same action share a row."""
    groups: dict[DOMNode, dict[str, tuple[list[str], Binding]]] = {}
    for active in bindings.values():
        binding = active.binding
        if not binding.description or binding.system or binding.action == "screen.copy_text":
            continue
        keys, _ = groups.setdefault(active.node, {}).setdefault(binding.action, ([], binding))
        keys.append(binding.key_display or KEY_NAMES.get(binding.key, binding.key))
    lines: list[Line] = []
    for node, actions in groups.items():
        heading = getattr(node, "HELP_TITLE", None) or "Everywhere"
        if lines:
            lines.append(())
        lines.append(line(Span(str(heading), "accent")))
        for keys, binding in actions.values():
            names = fit(" ".join(dict.fromkeys(keys)), KEY_WIDTH, glyphs.ellipsis)
            more = f"  {binding.tooltip}" if binding.tooltip and binding.action not in WORDS else ""
            lines.append(
                line(
                    Span(f"  {names} ", "key"),
                    WORDS.get(binding.action, binding.description),
                    Span(more, "muted"),
                )
            )
    return tuple(lines)


class HelpScreen(AmberScreen):
    """All keys of the screen below."""

    CSS_PATH = "help.tcss"
    HELP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "close", "Back", id="help.close", key_display="esc"),
    ]

    def __init__(self, bindings: dict[str, ActiveBinding], notices: Sequence[str] = ()) -> None:
        super().__init__()
        self.bindings = bindings
        self.notices = notices

    def compose(self) -> ComposeResult:
        """One column that scrolls."""
        yield Drawn(lambda w, _h: title("Keys", (), w), id="title")
        with VerticalScroll(id="help"):
            yield FullHeight(self._draw, id="help-text")
        yield KeyLine(self.glyphs, id="keys")

    def _draw(self, width: int, _height: int) -> tuple[Line, ...]:
        notices = notice_lines(self.notices, width, self.glyphs)
        return (*notices, *help_lines(self.bindings, width, self.glyphs))

    def on_mount(self) -> None:
        """Focus the text, so that keys scroll it."""
        self.query_one("#help").focus()

    def action_close(self) -> None:
        """Close the help."""
        self.app.pop_screen()
