"""Saved tasks: one row each."""

from __future__ import annotations

from collections.abc import Container, Mapping

from rich.cells import cell_len

from ambertime_tui.config import Task
from ambertime_tui.engine.api.spec import OriginalsChoice
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, clip, fit, line, shorten, shorten_path, visible, width

NAME_WIDTH = 22
IN_CONFIG = "  in config.toml"


def task_words(task: Task, glyphs: Glyphs, cells: int = 99) -> str:
    """What a task selects, in at most `cells` cells: the path is shortened first, then parts are dropped.

    Args:
        task: completed with the defaults of the config file.
        glyphs: what to draw with.
        cells: width.
    """
    included = task.originals is OriginalsChoice.ICLOUD
    parts = [
        task.range or "all",
        visible(f"to {task.to}") if task.to else "",
        "with iCloud originals" if included else "only what is on the phone",
        "with Recently Deleted" if task.trashed else "",
        "without hidden items" if task.hidden is False else "",
        "without edits" if task.edits is False else "",
        f"patience {task.patience}" if included and task.patience else "",
    ]
    dot = f" {glyphs.dot} "
    kept = [part for part in parts if part]
    while len(kept) > 1 and cell_len(dot.join(kept)) > cells:
        over = cell_len(dot.join(kept)) - cells
        path = kept[1] if task.to else ""
        room = cell_len(path) - over
        if room >= SHORTEST_PATH:
            kept[1] = "to " + shorten_path(path.removeprefix("to "), room - len("to "), glyphs.ellipsis)
        else:
            kept.pop()
    return shorten(dot.join(kept), cells, glyphs.ellipsis)


SHORTEST_PATH = 14
"""Cells of the path, including ``to``, below which it is too short to be useful."""


def task_rows(
    tasks: Mapping[str, Task],
    in_config: Container[str],
    chosen: int,
    cells: int,
    height: int,
    glyphs: Glyphs,
) -> tuple[Line, ...]:
    """The tasks with the digits that select them.

    Args:
        tasks: all of them, by name, in the order of their digits.
        in_config: names defined in the config file; the others were saved from the screen.
        chosen: the row with the cursor.
        cells: width.
        height: rows.
        glyphs: what to draw with.
    """
    if not tasks:
        return (line(Span("No saved tasks yet. Press s to save this setup under a name.", "muted")),)
    first = max(0, chosen - height + 1)
    shown = list(tasks.items())[first : first + height]
    room = cells - NAME_WIDTH - 5
    rows = []
    for n, (name, task) in enumerate(shown, first):
        from_config = IN_CONFIG if name in in_config and room > WIDE else ""
        rows.append(
            line(
                Span(f"{glyphs.cursor} " if n == chosen else "  ", "accent"),
                Span(f"{n + 1} " if n < 9 else "  ", "key"),
                Span(fit(name, NAME_WIDTH, glyphs.ellipsis), "strong" if n == chosen else "text"),
                Span(f" {task_words(task, glyphs, room - len(from_config))}"),
                Span(from_config, "muted"),
            )
        )
    return tuple(clip(row, cells) for row in rows)


WIDE = 70
"""Cells needed to show also that a task is in config.toml."""


def tasks_heading(names: tuple[str, ...], cells: int, glyphs: Glyphs) -> Line:
    """The saved tasks for a title row: their key, and as many names as fit."""
    if not names:
        return ()
    spans = line(Span("s", "key"), Span(" Tasks", "muted"))
    for n, name in enumerate(names[:9]):
        entry = line(Span(f" {glyphs.dot} ", "muted"), shorten(name, 16, glyphs.ellipsis))
        more = line(Span(f" {glyphs.dot} {len(names) - n} more", "muted"))
        if width(spans) + width(entry) + width(more) > cells:
            return (*spans, *more) if n else spans
        spans = (*spans, *entry)
    return spans
