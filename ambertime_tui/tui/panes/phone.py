"""Setup: the connected phones, and details of the chosen one."""

from __future__ import annotations

from rich.cells import cell_len

from ambertime_tui.engine.api.status import PhoneSummary, ScanStatus, ScanStep
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.bars import meter
from ambertime_tui.tui.widgets.spans import Line, Span, line, shorten, spread, wrap
from ambertime_tui.units import count, percent, plural, size


def phone_lines(state: SetupState, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The list, then as many details of the chosen phone as fit."""
    if state.engine_problem:
        return _with_offer([line(Span("The engine is not running", "bad"))], height)
    if state.devices is None:
        return (line(Span("Looking …", "muted")),)
    if not state.phones:
        why = "" if state.devices.sentence == state.message else state.devices.sentence
        return _with_offer([line(Span("No iPhone connected", "muted")), *wrap(why, width, "warn")], height)
    lines = [
        _row(phone, phone.udid == state.udid, _reads(phone, state), width, glyphs) for phone in state.phones
    ]
    if state.phone is not None:
        room = height - len(lines)
        lines += _facts(state.phone, state, width, room, glyphs)
        if state.scan_problem or not _reads(state.phone, state):
            return _with_offer(lines, height)
    return tuple(lines[:height])


def _with_offer(lines: list[Line], height: int) -> tuple[Line, ...]:
    """The lines of a problem, and how to find its cause, if there is room for that."""
    return (*lines, line(Span("c", "key"), " Check the set-up"))[:height]


def _reads(phone: PhoneSummary, state: SetupState) -> bool:
    """Whether the phone can be read. A library that was read counts for more than the last answer."""
    return phone.ready or (phone.udid == state.udid and state.library is not None)


def _row(phone: PhoneSummary, chosen: bool, ready: bool, width: int, glyphs: Glyphs) -> Line:
    name = phone.name or f"iPhone {phone.udid[-8:]}"
    right = (
        Span("ready" if ready else "not ready", "good" if ready else "warn"),
        Span(f" {glyphs.ok if ready else glyphs.warning}", "good" if ready else "warn"),
    )
    left = line(
        Span(f"{glyphs.cursor} " if chosen else "  ", "accent"),
        Span(shorten(name, width - 14, glyphs.ellipsis), "strong" if chosen else "text"),
    )
    return spread(left, right, width)


def _facts(phone: PhoneSummary, state: SetupState, width: int, room: int, glyphs: Glyphs) -> list[Line]:
    what = f" {glyphs.dot} ".join(
        text for text in (phone.model, f"iOS {phone.ios_version}" if phone.ios_version else "") if text
    )
    facts = [line("  ", Span(what, "muted"))] if what else []
    storage = _storage(phone, width - 2, glyphs)
    if storage and (room > 3 or not state.scan):
        facts.append(line("  ", Span(storage, "muted")))
    trouble = "" if _reads(phone, state) else phone.sentence
    why = trouble or state.scan_problem
    if why and why == state.message:
        return facts[: max(0, room)]
    if why:
        problem = wrap(why, width - 2, "warn" if trouble else "bad")
        # A problem matters more than the details.
        facts = facts[: max(0, room - len(problem))]
        facts += [line("  ", *row) for row in problem[: max(1, room)]]
    elif state.library is not None:
        facts += _library(state.library.scan, width, room - len(facts), glyphs)
    elif state.scan is not None:
        facts += scan_progress(state.scan, width, glyphs, indent=2)
    return facts


def _storage(phone: PhoneSummary, width: int, glyphs: Glyphs) -> str:
    """Free space and battery, in as much detail as fits."""
    free = f"{size(phone.free_bytes)} free" if phone.free_bytes is not None else ""
    of = f" of {size(phone.total_bytes)}" if free and phone.total_bytes else ""
    battery = (
        f"battery {percent(phone.battery_percent, 100).strip()}" if phone.battery_percent is not None else ""
    )
    charging = ", charging" if battery and phone.on_power else ""
    dot = f" {glyphs.dot} "
    wordings = (
        dot.join(text for text in parts if text)
        for parts in ((free + of, battery + charging), (free, battery + charging), (free, battery), (free,))
    )
    return next((words for words in wordings if cell_len(words) <= width), "")


def _library(scan: ScanStatus, width: int, room: int, glyphs: Glyphs) -> list[Line]:
    lines = [line("  ", Span(f"{plural(scan.own, 'item')} in the library", "text"))]
    if room > 5:
        others = scan.assets - scan.own
        if others > 0:
            lines.append(line("  ", Span(f"{count(others)} more from other people", "muted")))
        if scan.undated:
            lines.append(line("  ", Span(f"{count(scan.undated)} without a date", "muted")))
        for notice in scan.notices:
            lines.append(line())
            lines += [line("  ", *row) for row in wrap(notice, width - 2, "warn", 4)]
    return lines


def scan_progress(scan: ScanStatus, width: int, glyphs: Glyphs, indent: int = 0) -> list[Line]:
    """What a scan is doing, in two rows: words, and a bar if the total is known."""
    margin = " " * indent
    inner = width - indent
    match scan.step:
        case ScanStep.WAITING:
            return [line(margin, Span("Waiting for the phone", "muted"))]
        case ScanStep.DATABASE:
            again = f", attempt {scan.attempts}" if scan.attempts > 1 else ""
            words = f"Fetching the library database{again}"
            done, total = scan.database_bytes, scan.database_total
        case ScanStep.READING:
            words, done, total = f"Reading: {plural(scan.assets, 'item')}", 0, 0
        case ScanStep.FOLDERS:
            words, done, total = "Checking the folders", scan.folders_done, scan.folders_total
        case ScanStep.DONE:
            return [line(margin, Span(f"{glyphs.ok} ", "good"), "Library read")]
    if not total:
        return [line(margin, Span(words, "text"))]
    right = line(Span(f" {percent(done, total)}", "text"))
    bar = meter(done, total, max(0, inner - 7), glyphs)
    return [line(margin, Span(words, "text")), line(margin, *spread(bar, right, inner))]
