"""Saved tasks: what each chooses, in a row."""

from __future__ import annotations

from collections.abc import Mapping

from ambertime_tui.config import Task
from ambertime_tui.engine.spec import OriginalsChoice
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, clip, fit, line, shorten, shorten_path, width

NAME_WIDTH = 22
_ORIGINALS = {
    OriginalsChoice.LOCAL: "only what is on the phone",
    OriginalsChoice.ICLOUD: "with iCloud originals",
}


def task_words(task: Task, glyphs: Glyphs) -> str:
    """What a task chooses; what it does not say stays as it is on the screen."""
    parts = (
        task.range or "",
        f"to {shorten_path(task.to, 36, glyphs.ellipsis)}" if task.to else "",
        _ORIGINALS[task.originals] if task.originals is not None else "",
    )
    return f" {glyphs.dot} ".join(part for part in parts if part) or "as it stands"


def task_rows(
    tasks: Mapping[str, Task], saved: Mapping[str, Task], chosen: int, cells: int, height: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """The tasks with the digits that choose them.

    Args:
        tasks: all of them, by name, in the order of their digits.
        saved: those saved from the screen; the others stand in the config file.
        chosen: the row of the cursor.
        cells: width.
        height: rows.
        glyphs: what to draw with.
    """
    if not tasks:
        return (line(Span("Nothing is saved yet: s saves what is set up now under a name.", "muted")),)
    first = max(0, chosen - height + 1)
    shown = list(tasks.items())[first : first + height]
    return tuple(
        clip(
            line(
                Span(f"{glyphs.cursor} " if n == chosen else "  ", "accent"),
                Span(f"{n + 1} " if n < 9 else "  ", "key"),
                Span(fit(name, NAME_WIDTH, glyphs.ellipsis), "strong" if n == chosen else "text"),
                Span(f" {task_words(task, glyphs)}"),
                Span("" if name in saved else "  in config.toml", "muted"),
            ),
            cells,
        )
        for n, (name, task) in enumerate(shown, first)
    )


def tasks_heading(names: tuple[str, ...], cells: int, glyphs: Glyphs) -> Line:
    """The saved tasks for a title row: their key, and their names as far as there is room."""
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
