"""The ways to have iOS download originals: what each does and needs, and the advice in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ambertime_tui.engine.api.fetch_ways import EXPLAINED
from ambertime_tui.engine.api.spec import FetchOrder, FetchWay
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, line, plain, wrap

PATIENCES = ("30m", "2h", "12h", "forever")
"""What the key cycles through; the config file allows any other value."""
INDENT = 6


@dataclass(frozen=True, slots=True)
class WayChoice:
    """The options for originals that are only in iCloud."""

    way: FetchWay
    patience: str
    order: FetchOrder

    def stepped(self, by: int) -> WayChoice:
        """The way `by` rows further down (negative: up)."""
        ways = list(FetchWay)
        return replace(self, way=ways[min(max(0, ways.index(self.way) + by), len(ways) - 1)])

    def with_next_patience(self) -> WayChoice:
        """The next longer patience; after the longest, the shortest."""
        at = PATIENCES.index(self.patience) + 1 if self.patience in PATIENCES else 0
        return replace(self, patience=PATIENCES[at % len(PATIENCES)])

    def with_next_order(self) -> WayChoice:
        """The next order."""
        orders = list(FetchOrder)
        return replace(self, order=orders[(orders.index(self.order) + 1) % len(orders)])


def ways_lines(
    choice: WayChoice, advice: Sequence[str], cells: int, height: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """The ways, then patience and order, then the advice. May return more rows than `height`.

    Args:
        choice: the current choice.
        advice: sentences.
        cells: width.
        height: rows; if they are too few, only the chosen way is explained.
        glyphs: what to draw with.
    """
    below = _below(choice, advice, cells, glyphs)
    above = _ways(choice, cells, glyphs, brief=False)
    if len(above) + len(below) > height:
        above = _ways(choice, cells, glyphs, brief=True)
    return (*above, *below)


def row_of(lines: Sequence[Line], choice: WayChoice) -> int | None:
    """The row of the chosen way in `ways_lines`."""
    name = EXPLAINED[choice.way].name
    return next((n for n, of in enumerate(lines) if plain(of).endswith(name)), None)


def _ways(choice: WayChoice, cells: int, glyphs: Glyphs, *, brief: bool) -> list[Line]:
    lines: list[Line] = []
    for way, words in EXPLAINED.items():
        on = way is choice.way
        mark = Span(f"  {glyphs.on if on else glyphs.off} ", "accent" if on else "muted")
        lines.append(line(mark, Span(words.name, "strong" if on else "text")))
        for sentence in () if brief and not on else (words.does, f"Needs: {words.needs}"):
            lines += [line(" " * INDENT, *row) for row in wrap(sentence, cells - INDENT, "muted")]
    return lines


def _below(choice: WayChoice, advice: Sequence[str], cells: int, glyphs: Glyphs) -> list[Line]:
    until = "until you stop it" if choice.patience == "forever" else "without a new original ends the backup"
    order = Span(f"{choice.order} first", "strong")
    lines = [
        (),
        line(
            "  ",
            Span("p", "key"),
            " Patience  ",
            Span(choice.patience, "strong"),
            Span(f"  {until}", "muted"),
        ),
        line("  ", Span("o", "key"), " Order     ", order),
    ]
    for sentence in advice:
        lines.append(())
        for n, row in enumerate(wrap(sentence, cells - 5, "warn")):
            mark = (glyphs.arrow if n == 0 else "").ljust(len(glyphs.arrow) + 1)
            lines.append(line(Span(f"  {mark}", "warn"), *row))
    return lines
