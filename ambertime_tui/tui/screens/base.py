"""What all screens share: a title row, a row for notices, the keys."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.messages import Prune
from textual.screen import Screen

from ambertime_tui.tui.context import AppContext
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.shell import Shell
from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, spread, wrap


class AmberScreen(Screen[None]):
    """A screen of the app."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (Textual's own type)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high"), (50, "-tall")]  # noqa: RUF012

    @property
    def shell(self) -> Shell:
        """The app, as its screens see it."""
        return cast("Shell", self.app)

    @property
    def context(self) -> AppContext:
        """What the app gets from outside."""
        return self.shell.context

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        return self.shell.context.glyphs

    async def on_prune(self, event: Prune) -> None:
        """Cancel requests to the engine when the screen starts to close.

        Textual cancels them only after the widgets that would show the answer are gone. Its own handler of
        this message runs as well.
        """
        self.workers.cancel_node(self)

    def why_not(self, action: str) -> str:
        """Why an action of this screen is not possible now; empty if it is."""
        return ""

    def wording(self, action: str, usual: str) -> str:
        """The label of a key in the footer."""
        return usual

    _said: tuple[tuple[str, Style], ...] = ()

    def say(self, sentence: str, style: Style = "warn") -> None:
        """Show a sentence above the keys until another replaces it."""
        self.say_all(((sentence, style),))

    def say_all(self, said: tuple[tuple[str, Style], ...]) -> None:
        """Show sentences above the keys, in as many rows as they need."""
        self._said = said
        for notice in self.query("#notice").results(LinesView):
            rows = tuple(
                row
                for sentence, style in said
                if sentence
                for row in notice_lines(sentence, style, self.size.width - 4, self.glyphs)
            )
            notice.styles.height = max(1, len(rows))
            notice.show(rows)

    def on_resize(self) -> None:
        """Wrap the notice for the new width."""
        self.say_all(self._said)

    def refuse(self, action: str) -> bool:
        """Show why an action is not possible now, and return True; False if it is possible."""
        reason = self.why_not(action)
        if reason:
            self.say(reason)
        return bool(reason)


MOST_ROWS = 4
"""Most rows for one sentence."""


def notice_lines(sentence: str, style: Style, cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """A sentence with a mark in front."""
    mark = {"good": glyphs.ok, "bad": glyphs.failed}.get(style, glyphs.warning)
    rows = wrap(sentence, max(10, cells - len(mark) - 1), style, MOST_ROWS, glyphs.ellipsis)
    indent = " " * (len(mark) + 1)
    return tuple(line(Span(indent if n else f"{mark} ", style), *row) for n, row in enumerate(rows))


def title(what: str, right: Line, width: int, brand: str = "AmberTime") -> tuple[Line, ...]:
    """The title row of a screen."""
    left = line(Span(brand, "accent"), Span("  ", "muted"), Span(what, "text"))
    return (spread(left, right, width),)
