"""Setup: the mounted drives, and details of the chosen target."""

from __future__ import annotations

from rich.cells import cell_len

from ambertime_tui.engine.api.status import DriveSummary
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.spans import Line, Span, line, shorten, shorten_path, spread, wrap
from ambertime_tui.units import SIZE_WIDTH, size

SYSTEM_NAME = "system disk"
"""The engine's name for a system disk without a label."""


def drive_rows(state: SetupState) -> tuple[DriveSummary, ...]:
    """The drives to list. First comes a drive that is gone, or a typed folder that is not a drive's root."""
    listed = state.drives
    if state.gone is not None and state.gone.path not in {d.path for d in listed}:
        return (state.gone, *listed)
    if state.target and state.drive is not None and state.target not in {d.path for d in listed}:
        return (state.drive, *listed)
    return listed


def target_lines(state: SetupState, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The list, then as many details of the chosen target as fit."""
    if state.devices is None:
        return (line(Span("Looking …", "muted")),)
    drives = drive_rows(state)
    if state.devices.drives_sentence:
        trouble = wrap(state.devices.drives_sentence, width, "warn", max(1, height - bool(drives)))
        rows = [_row(d, state, state.target, width, glyphs) for d in drives]
        return tuple(([*rows, *trouble])[:height])
    facts = _facts(state, width, max(1, height - 1), glyphs)
    # A sentence is shown completely; details take only the rows that the list leaves.
    wanted = len(facts) if _has_sentence(state) else min(len(facts), max(1, height - len(drives)))
    room = max(1, height - wanted)
    chosen = next((n for n, drive in enumerate(drives) if drive.path == state.target), 0)
    first = min(max(0, chosen - room + 1), max(0, len(drives) - room))
    typed = (
        state.target
        if state.gone is None and state.target not in {drive.path for drive in state.drives}
        else ""
    )
    lines = [_row(d, state, typed, width, glyphs) for d in drives[first : first + room]]
    return tuple((lines + facts)[:height])


def _has_sentence(state: SetupState) -> bool:
    """Whether there is a problem or a sentence about the target to show."""
    if state.gone is not None:
        return False
    drive = state.target_drive
    if drive is not None and state.target and drive.sentence not in ("", state.message):
        return True
    return state.target_problem not in ("", state.message)


def _row(drive: DriveSummary, state: SetupState, typed: str, width: int, glyphs: Glyphs) -> Line:
    chosen = drive.path == state.target
    if drive is state.gone:
        right = Span(f"not connected {glyphs.warning}", "warn")
    elif drive.usable:
        free = f"{size(drive.free_bytes):>{SIZE_WIDTH}} free" if drive.total_bytes else "size unknown"
        right = Span(free, "text" if chosen else "muted")
    else:
        right = Span("cannot be used" if drive.mounted else "not mounted", "warn")
    name = drive.name or drive.path
    if drive.path == typed:
        name = drive.path
    kind = " archive" if drive.has_archive else ""
    if drive.system and name != SYSTEM_NAME and drive.path != typed:
        kind = f" {SYSTEM_NAME}"
    room = width - cell_len(right.text) - 3 - cell_len(kind)
    name = shorten_path(name, room, glyphs.ellipsis) if "/" in name else shorten(name, room, glyphs.ellipsis)
    left = line(
        Span(f"{glyphs.cursor} " if chosen else "  ", "accent"),
        Span(name, "strong" if chosen else "text" if drive.usable else "muted"),
        Span(kind, "good" if drive.has_archive else "muted"),
    )
    return spread(left, (right,), width)


def _facts(state: SetupState, width: int, room: int, glyphs: Glyphs) -> list[Line]:
    if state.target_problem and state.target_problem != state.message:
        return [line("  ", *row) for row in wrap(state.target_problem, width - 2, "bad", room)]
    drive = state.target_drive
    if not state.target or drive is None:
        return []
    about = f" {glyphs.dot} ".join(
        text
        for text in (drive.file_system, f"{size(drive.total_bytes)}" if drive.total_bytes else "")
        if text
    )
    if state.gone is not None:  # the summary says what happened
        return [line("  ", Span(shorten_path(state.target, width - 2, glyphs.ellipsis), "muted"))]
    facts = [line("  ", Span(shorten_path(state.target, width - 2, glyphs.ellipsis), "muted"))]
    if about:
        known = "has an archive" if drive.has_archive else "no archive yet"
        facts.append(line("  ", Span(f"{about} {glyphs.dot} {known}", "muted")))
    if drive.sentence and drive.sentence != state.message:
        sentence = wrap(drive.sentence, width - 2, "warn", room)
        facts = ([line("  ", *row) for row in sentence] + facts)[:room]
    return facts
