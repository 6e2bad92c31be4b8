"""Run: the iCloud fetch queue: what iOS brings down now, what came, how much is left, what to do."""

from __future__ import annotations

from ambertime_tui.engine.status import FetchItem, FetchState, FetchStatus, JobStatus, Phase, Tally
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.bars import meter
from ambertime_tui.tui.widgets.spans import Line, Span, Style, fit, line, spread, width, wrap
from ambertime_tui.units import SIZE_WIDTH, about, ago, count, percent, plural, rate, size

STATE_WORDS: dict[FetchState, tuple[str, Style]] = {
    FetchState.WAITING: ("waiting", "muted"),
    FetchState.ASKED: ("asked for", "text"),
    FetchState.ARRIVING: ("arriving", "icloud"),
    FetchState.ARRIVED: ("arrived", "good"),
    FetchState.WRITTEN: ("on the drive", "good"),
    FetchState.SKIPPED: ("skipped", "muted"),
    FetchState.GAVE_UP: ("gave up", "bad"),
}


def total_of(fetch: FetchStatus) -> Tally:
    """Everything that the queue holds or held."""
    tallies = (fetch.waiting, fetch.asked, fetch.arriving, fetch.arrived, fetch.written, fetch.skipped)
    return sum(tallies, fetch.gave_up)


def fetch_lines(status: JobStatus, now: float, width_: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The queue in as many rows as there are; what matters most comes first."""
    fetch = status.fetch
    total = total_of(fetch)
    if not total.count:
        words = "Nothing is waiting." if status.phase not in _BEFORE_PLAN else "Comes after the scan."
        return (line(Span(words, "muted")),)
    if not fetch.included:
        return tuple(_left_by_choice(fetch, total, width_, height))
    came = fetch.arrived + fetch.written
    lines: list[Line] = []
    right = line(Span(f" {percent(came.count, total.count)}"))
    lines.append(spread(meter(came.count, total.count, width_ - 6, glyphs, "icloud"), right, width_))
    left = line(Span(f"{count(came.count)} of {count(total.count)}", "strong"), " in")
    speed = _speed(fetch, glyphs)
    if width(left) + width(speed) < width_:
        lines.append(spread(left, speed, width_))
    else:
        lines += [left, speed]
    if fetch.sentence:
        lines += wrap(fetch.sentence, width_, "warn", 2 if height < 8 else 4)
    lines.append(spread(_states(fetch, width_ - 1, glyphs), (), width_))
    if fetch.last_arrival_at is not None and status.phase is not Phase.ENDED:
        quiet = now - fetch.last_arrival_at
        lines.append(line(Span(f"Last arrival {ago(quiet)}", "warn" if quiet > 120 else "muted")))
    items = [*fetch.head, *fetch.recent] if height < 10 else list(fetch.head)
    lines += [item_line(item, width_, glyphs) for item in items]
    if height >= 10 and fetch.recent and height - len(lines) > 2:
        lines += [line(), line(Span("Came last", "muted"))]
        lines += [item_line(item, width_, glyphs) for item in fetch.recent]
    return tuple(lines[:height])


_BEFORE_PLAN = (Phase.CONNECTING, Phase.SCANNING, Phase.PLANNING)


def _left_by_choice(fetch: FetchStatus, total: Tally, cells: int, height: int) -> list[Line]:
    lines = [
        line(
            Span(f"{plural(total.count, 'item')} only in iCloud", "icloud"),
            Span(f"  {size(total.bytes)}", "muted"),
        ),
    ]
    sentence = (
        fetch.sentence or "Left in iCloud by choice. A later run can take them; nothing is copied twice."
    )
    return (lines + wrap(sentence, cells, "text", max(1, height - 1)))[:height]


def _speed(fetch: FetchStatus, glyphs: Glyphs) -> Line:
    if fetch.rate is None:
        return ()
    left = f" {glyphs.dot} {about(fetch.eta)} left" if fetch.eta is not None else ""
    return line(Span(f"{rate(fetch.rate)}{left}", "muted"))


def _states(fetch: FetchStatus, cells: int, glyphs: Glyphs) -> Line:
    parts = (
        (fetch.waiting.count, "waiting", "text"),
        (fetch.asked.count, "asked for", "text"),
        (fetch.arriving.count, "arriving", "icloud"),
        (fetch.skipped.count, "skipped", "muted"),
        (fetch.gave_up.count, "gave up", "bad"),
    )
    spans: list[Span] = []
    for number, word, style in parts:
        if not number:
            continue
        text = f"{count(number)} {word}"
        if width(tuple(spans)) + len(text) + 3 <= cells:
            spans += [*([Span(f" {glyphs.dot} ", "muted")] if spans else []), Span(text, _style(style))]
    return tuple(spans)


def _style(word: str) -> Style:
    styles: dict[str, Style] = {"icloud": "icloud", "muted": "muted", "bad": "bad"}
    return styles.get(word, "text")


def item_line(item: FetchItem, cells: int, glyphs: Glyphs) -> Line:
    """One asset of the queue."""
    word, style = STATE_WORDS[item.state]
    tail = f" {size(item.bytes):>{SIZE_WIDTH}}  "
    show_day = cells >= 46
    day = f" {item.day or 'undated':<10}" if show_day else ""
    name = fit(item.name, max(6, cells - len(tail) - len(day) - 12), glyphs.ellipsis)
    return line(name, Span(day, "muted"), Span(tail, "muted"), Span(fit(word, 12), style))
