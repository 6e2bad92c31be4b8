"""Run: the job in one line, its rate and the time left."""

from __future__ import annotations

from ambertime_tui.engine.api.status import Condition, JobStatus, Outcome, Phase, Wait
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import (
    Line,
    Span,
    Style,
    line,
    plain,
    shorten,
    shorten_path,
    spread,
    width,
)
from ambertime_tui.units import about, elapsed, rate

QUIET = 60.0
"""Seconds without an original from iCloud before the screen says how long it has been waiting."""
PHASE_WORDS = {
    Phase.CONNECTING: "Connecting",
    Phase.SCANNING: "Scanning",
    Phase.PLANNING: "Planning",
    Phase.COPYING: "Copying",
    Phase.FETCHING: "Waiting for iCloud",
    Phase.FINISHING: "Finishing",
    Phase.ENDED: "Ended",
}
OUTCOME_WORDS: dict[Outcome, tuple[str, Style]] = {
    Outcome.COMPLETE: ("Complete", "good"),
    Outcome.LEFT: ("Incomplete", "warn"),
    Outcome.FAILED: ("Failed", "bad"),
    Outcome.INTERRUPTED: ("Stopped", "warn"),
}


def state_words(status: JobStatus, glyphs: Glyphs) -> Span:
    """The state of the job, in one or two words."""
    if status.outcome is not None:
        words, style = OUTCOME_WORDS[status.outcome]
        return Span(words, style)
    if status.phase is Phase.ENDED:
        return Span(f"{glyphs.failed} Ended unexpectedly", "bad")
    if status.condition is Condition.PAUSED:
        return Span(f"{glyphs.pause} Paused", "warn")
    if status.condition is Condition.WAITING:
        return Span(f"{glyphs.warning} Waiting", "warn")
    if status.condition is Condition.STOPPING or status.stop_after_file:
        return Span("Stopping", "warn")
    if status.fetch.ending and status.phase in (Phase.COPYING, Phase.FETCHING):
        return Span("Finishing", "accent")
    if status.phase in (Phase.SCANNING, Phase.PLANNING) and (
        status.write.current_files or status.write.written.count
    ):
        return Span("Scanning and copying", "accent")
    return Span(PHASE_WORDS[status.phase], "accent")


def title_line(status: JobStatus, now: float, cells: int, glyphs: Glyphs) -> Line:
    """Phone, target, state and running time."""
    until = status.ended_at if status.ended_at is not None else now
    right = line(state_words(status, glyphs), Span(f"  {elapsed(until - status.started_at):>7}", "muted"))
    phone = status.phone.name if status.phone else "iPhone"
    brand = line(Span("AmberTime  ", "accent"), shorten(phone, 24, glyphs.ellipsis))
    room = cells - width(brand) - width(right) - len(glyphs.arrow) - 4
    target = shorten_path(status.spec.target, max(1, room), glyphs.ellipsis)
    left = (*brand, Span(f" {glyphs.arrow} ", "muted"), Span(target))
    return spread(left, right, cells)


def state_line(words: str, cells: int) -> Line:
    """The title row before the first status."""
    return spread(line(Span("AmberTime", "accent")), line(Span(words, "muted")), cells)


def pace_lines(status: JobStatus, now: float, cells: int, height: int) -> tuple[Line, ...]:
    """Rate and time left while they are measured, or how long the job waits; at the bottom right."""
    write, wait = status.write, status.wait
    live = status.outcome is None and status.phase is not Phase.ENDED
    if wait is not None and live and (status.condition is Condition.WAITING or now - wait.since > QUIET):
        rows = _wait_rows(wait, now)
    elif live and status.condition is Condition.RUNNING:
        copies = bool(write.current_files) or status.phase is not Phase.FETCHING
        moves = copies and write.rate is not None and (write.rate > 0 or bool(write.current_files))
        rows = [rate(write.rate or 0.0) if moves else ""]
        rows.append(f"{about(write.eta)} left" if moves and write.eta is not None else "")
    else:
        rows = ["", ""]
    styles: tuple[Style, Style] = ("strong", "text")
    lines = [line(Span(row, style)) for row, style in zip(rows, styles, strict=True)]
    above = ((),) * max(0, height - len(lines))
    return above + tuple(spread((), row, cells) if plain(row) else () for row in lines[:height])


def _wait_rows(wait: Wait, now: float) -> list[str]:
    rows = [f"waiting {elapsed(max(0.0, now - wait.since))}"]
    if wait.gives_up_at is None:
        return [*rows, "no time limit"]
    return [*rows, f"gives up in {elapsed(max(0.0, wait.gives_up_at - now))}"]
