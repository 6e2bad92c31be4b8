"""What `ambertime forget` lists and did, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui.engine.api.forgetting import ForgettableItem
from ambertime_tui.units import plural, size


def item_lines(items: Sequence[ForgettableItem], *, forgotten: bool) -> Iterator[str]:
    """One line for each item, below a heading."""
    if not items:
        return
    if forgotten:
        yield f"{plural(len(items), 'item is', 'items are')} forgotten:"
    else:
        yield f"{plural(len(items), 'item is', 'items are')} neither on the iPhone nor in the archive:"
    for item in items:
        yield f"  {item.original_filename} ({size(item.bytes)}): {', '.join(item.paths)}"


def forgotten_line(listed: int, done: int, *, undo: bool, only_list: bool) -> str:
    """What was done."""
    if only_list:
        return "Nothing was changed." if listed else "There are no such items."
    if not listed:
        return "No item is forgotten." if undo else "There is nothing to forget. Run a backup first."
    if not done:
        return "Nothing was changed."
    items = plural(done, "item")
    if undo:
        return f"{items} no longer forgotten. The next backup lists what is missing."
    return f"{items} forgotten. Nothing was deleted; `ambertime forget --undo` undoes this."
