"""Help: the keys of the screen it was opened on, grouped by what one wants to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll

from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.widgets.key_line import KEY_NAMES, KeyLine
from ambertime_tui.tui.widgets.pick_list import Drawn, FullHeight
from ambertime_tui.tui.widgets.spans import Line, Span, fit, line, wrap

KEY_WIDTH = 12
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Choose the days", ("range.", "setup.range")),
    (
        "Choose what to copy",
        ("setup.icloud", "setup.way", "setup.edits", "setup.hidden", "setup.trashed"),
    ),
    ("Choose iPhone and drive", ("setup.folder", "setup.new_archive", "setup.rescan", "setup.check")),
    ("Start", ("setup.start", "setup.tasks")),
    ("The backup", ("job.pause", "job.stop", "job.retry", "job.open", "job.detach", "job.new")),
    ("Originals in iCloud", ("job.order", "job.code", "job.trial", "job.finish")),
)
"""Headings, and the ids of their keys or how these begin. Other keys come under the title of their screen."""
MOVE = "Move around"
EVERYWHERE = "Everywhere"
WORDS = {
    "app.focus_next": "Go to the next part of the screen",
    "app.focus_previous": "Go to the previous part of the screen",
    "app.command_palette": "Search everything that you can do here",
    "help": "Show this help",
    "quit": "Quit; asks first while a backup runs",
    "suspend_process": "Suspend AmberTime; fg brings it back",
}
"""Sentences for keys that every screen has."""


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
    """All keys, grouped by what they are for; keys with the same action share a row."""
    groups: dict[str, dict[str, tuple[list[str], Binding]]] = {}
    for active in bindings.values():
        binding = active.binding
        if not binding.description or binding.system or binding.action == "screen.copy_text":
            continue
        title_of_part = getattr(active.node, "HELP_TITLE", None) or EVERYWHERE
        group = groups.setdefault(_heading(binding, str(title_of_part)), {})
        keys, _ = group.setdefault(binding.action, ([], binding))
        keys.append(binding.key_display or KEY_NAMES.get(binding.key, binding.key))
    order = [heading for heading, _ in GROUPS]
    known = [heading for heading in order if heading in groups]
    others = [heading for heading in groups if heading not in (*order, MOVE, EVERYWHERE)]
    lines: list[Line] = []
    for heading in (*known, *others, *(last for last in (MOVE, EVERYWHERE) if last in groups)):
        if lines:
            lines.append(())
        lines.append(line(Span(heading, "accent")))
        for keys, binding in groups[heading].values():
            names = fit(" ".join(dict.fromkeys(keys)), KEY_WIDTH, glyphs.ellipsis)
            rows = wrap(_purpose(binding), max(10, cells - KEY_WIDTH - 4), "text")
            for n, row in enumerate(rows):
                lines.append(line(Span(f"  {'' if n else names:<{KEY_WIDTH}} ", "key"), *row))
    return tuple(lines)


def _heading(binding: Binding, title_of_part: str) -> str:
    if binding.action in ("app.focus_next", "app.focus_previous"):
        return MOVE
    if binding.action in WORDS:
        return EVERYWHERE
    for heading, ids in GROUPS:
        if any(
            binding.id == id_ or (id_.endswith(".") and (binding.id or "").startswith(id_)) for id_ in ids
        ):
            return heading
    return title_of_part


def _purpose(binding: Binding) -> str:
    """What a key does, as a sentence without a full stop."""
    words = WORDS.get(binding.action) or binding.tooltip or binding.description
    return words[:1].upper() + words[1:]


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
