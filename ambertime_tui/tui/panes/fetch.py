"""Run: the iCloud fetch queue: what iOS is downloading, what arrived, how much is left, what to do."""

from __future__ import annotations

from rich.cells import cell_len

from ambertime_tui.engine.api.spec import FetchOrder
from ambertime_tui.engine.api.status import (
    Condition,
    FetchItem,
    FetchState,
    FetchStatus,
    JobStatus,
    Phase,
    Tally,
)
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.rows import DAY_WIDTH
from ambertime_tui.tui.widgets.bars import meter
from ambertime_tui.tui.widgets.spans import Line, Span, Style, fit, joined, line, spread, width, wrap
from ambertime_tui.units import SIZE_WIDTH, about, ago, count, percent, plural, rate, size

STATE_WORDS: dict[FetchState, tuple[str, Style]] = {
    FetchState.WAITING: ("waiting", "muted"),
    FetchState.ASKED: ("requested", "text"),
    FetchState.ARRIVING: ("arriving", "icloud"),
    FetchState.ARRIVED: ("arrived", "good"),
    FetchState.WRITTEN: ("on the drive", "good"),
    FetchState.SKIPPED: ("skipped", "muted"),
    FetchState.GAVE_UP: ("gave up", "bad"),
    FetchState.NOT_BY_THIS_WAY: ("other way", "warn"),
}
ORDER_WORDS = {order: f"{order.value} first" for order in FetchOrder}
BEFORE_PLAN = (Phase.CONNECTING, Phase.SCANNING, Phase.PLANNING)
QUIET = 120.0
"""Seconds without an arrival after which the last arrival is highlighted."""
MOST_SENTENCE_ROWS = 4


def total_of(fetch: FetchStatus) -> Tally:
    """Everything that is or was in the queue."""
    tallies = (fetch.waiting, fetch.asked, fetch.arriving, fetch.arrived, fetch.written, fetch.skipped)
    return sum(tallies, fetch.gave_up + fetch.not_by_this_way)


def to_come(fetch: FetchStatus) -> Tally:
    """What iOS still has to download."""
    return fetch.waiting + fetch.asked + fetch.arriving


def rows_wanted(status: JobStatus, cells: int) -> int:
    """Rows needed for the figures and the complete sentence."""
    fetch = status.fetch
    if not fetch.included:
        return 2
    rows = len(wrap(fetch.sentence, cells)) if fetch.sentence else 0
    return 2 + min(rows, MOST_SENTENCE_ROWS) + bool(status.attendance.sentence) + bool(fetch.nights.sentence)


def fetch_lines(status: JobStatus, now: float, cells: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The queue in the given rows, the most important first."""
    fetch = status.fetch
    total = total_of(fetch)
    if status.phase in BEFORE_PLAN:
        return (line(Span("Starts after the scan.", "muted")),)
    if not total.count:
        return (line(Span("No originals are only in iCloud.", "muted")),)
    if not fetch.included:
        return tuple(_left_by_choice(fetch, total, cells, height, glyphs))
    came = fetch.arrived + fetch.written
    right = line(Span(f" {percent(came.count, total.count)}"))
    lines = [spread(meter(came.count, total.count, cells - 6, glyphs, "icloud"), right, cells)]
    lines += _figures(status, total, cells, glyphs)
    lines += joined(_nights(fetch), cells, f" {glyphs.dot} ", 1 if height < 10 else 2)
    lines += joined(_attendance(status), cells, f" {glyphs.dot} ", 1 if height < 10 else 2)
    if fetch.sentence:
        rows = MOST_SENTENCE_ROWS if height < 10 else height // 2
        lines += wrap(fetch.sentence, cells, "warn", rows, glyphs.ellipsis)
    quiet = now - fetch.last_arrival_at if fetch.last_arrival_at is not None else None
    last = line() if quiet is None else line(_last(quiet))
    states = joined(_states(fetch), cells, f" {glyphs.dot} ", 1 if height < 8 else 2)
    if len(states) == 1 and last and width(states[0]) + width(last) + 2 <= cells:
        lines.append(spread(states[0], last, cells))
    else:
        lines += [*states, *([last] if last else [])]
    coming = list(fetch.coming)
    following = [item for item in fetch.head if item.state is not FetchState.ARRIVING]
    if height < 10:
        lines += [item_line(item, cells, glyphs) for item in (*coming, *following, *fetch.recent)]
        return tuple(lines[:height])
    for heading, items in (("Downloading", coming), ("Next", following), ("Last arrivals", fetch.recent)):
        if items and height - len(lines) > 2:
            lines += [line(), line(Span(heading, "muted"))]
            lines += [item_line(item, cells, glyphs) for item in items[: max(1, (height - 8) // 3)]]
    return tuple(lines[:height])


def _left_by_choice(fetch: FetchStatus, total: Tally, cells: int, height: int, glyphs: Glyphs) -> list[Line]:
    lines = [
        line(
            Span(f"{plural(total.count, 'item')} only in iCloud", "icloud"),
            Span(f"  {size(total.bytes)}", "muted"),
        ),
    ]
    sentence = (
        fetch.sentence or "Left in iCloud, as you chose. A later run can copy them; nothing is copied twice."
    )
    return (lines + wrap(sentence, cells, "text", max(1, height - 1), glyphs.ellipsis))[:height]


def _figures(status: JobStatus, total: Tally, cells: int, glyphs: Glyphs) -> list[Line]:
    """What arrived, what is still to come and in which order, how fast."""
    fetch = status.fetch
    came = fetch.arrived + fetch.written
    left = line(Span(f"{count(came.count)} of {plural(total.count, 'item')}", "strong"))
    rest = to_come(fetch)
    parts = [Span(f"{size(rest.bytes)} to come"), Span(ORDER_WORDS[fetch.order], "muted")]
    more = joined(parts if rest.count else (), cells, f" {glyphs.dot} ")
    speed = _speed(status, glyphs)
    if more and width(left) + 2 + width(more[0]) <= cells:
        left, more = line(*left, "  ", *more[0]), []
    if speed and not more and width(left) + width(speed) + 2 <= cells:
        return [spread(left, speed, cells)]
    return [left, *more, *([speed] if speed else [])]


def _speed(status: JobStatus, glyphs: Glyphs) -> Line:
    fetch = status.fetch
    if not fetch.rate or fetch.ending or status.condition is not Condition.RUNNING:
        return ()
    left = f" {glyphs.dot} {about(fetch.eta)} left" if fetch.eta is not None else ""
    return line(Span(f"{rate(fetch.rate)}{left}", "muted"))


def _nights(fetch: FetchStatus) -> list[Span]:
    """The progress over all nights, once there is more than one."""
    nights = fetch.nights
    if not nights.sentence:
        return []
    parts = [
        Span(f"{count(nights.came)} of {count(nights.of)} in all"),
        Span(plural(nights.nights, "night"), "muted"),
    ]
    if nights.nights_left:
        parts.append(Span(f"about {count(nights.nights_left)} left", "muted"))
    return parts


def _attendance(status: JobStatus) -> list[Span]:
    """Whether a hand is needed, and what may be unplugged."""
    now = status.attendance
    if not now.sentence or status.outcome is not None:
        return []
    alone = "" if now.no_hand_for is None else f" for {about(now.no_hand_for)}"
    hand = Span("hand needed", "warn") if now.hand_needed else Span(f"no hand needed{alone}", "good")
    stays = "iPhone may be unplugged" if now.phone_may_go else "keep both plugged in"
    return [hand, Span(stays, "muted")]


def _last(quiet: float) -> Span:
    return Span(f"last arrival {ago(quiet)}", "warn" if quiet > QUIET else "muted")


def _states(fetch: FetchStatus) -> list[Span]:
    parts: tuple[tuple[int, str, Style], ...] = (
        (fetch.gave_up.count, "gave up", "bad"),
        (fetch.arriving.count, "arriving", "icloud"),
        (fetch.asked.count, "requested", "text"),
        (fetch.waiting.count, "waiting", "text"),
        (fetch.not_by_this_way.count, "not this way", "warn"),
        (fetch.skipped.count, "skipped", "muted"),
    )
    return [Span(f"{count(number)} {word}", style) for number, word, style in parts if number]


def item_line(item: FetchItem, cells: int, glyphs: Glyphs) -> Line:
    """One asset of the queue."""
    word, style = STATE_WORDS[item.state]
    tail = f" {size(item.bytes):>{SIZE_WIDTH}}  "
    show_day = cells >= 46
    day = f" {fit(item.day or 'undated', DAY_WIDTH, glyphs.ellipsis)}" if show_day else ""
    name = fit(item.name, max(6, cells - cell_len(tail + day) - 12), glyphs.ellipsis)
    return line(name, Span(day, "muted"), Span(tail, "muted"), Span(f"{word:<12}", style))
