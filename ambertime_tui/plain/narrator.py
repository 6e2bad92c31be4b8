"""A job as lines for people: what is new from one status to the next. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from ambertime_tui.engine.api.attendance import Attendance
from ambertime_tui.engine.api.status import (
    Condition,
    Event,
    FetchStatus,
    JobStatus,
    Phase,
    ScanStatus,
    ScanStep,
)
from ambertime_tui.plain.listings import phone_words
from ambertime_tui.plain.scan_text import scan_progress
from ambertime_tui.qr import half_blocks
from ambertime_tui.units import about, plural, rate, size


def new_events(before: Sequence[Event], after: Sequence[Event]) -> Sequence[Event]:
    """The events of `after` that are not in `before`; both are the last few events of one sequence."""
    for shared in range(min(len(before), len(after)), 0, -1):
        if tuple(before[-shared:]) == tuple(after[:shared]):
            return after[shared:]
    return after


class Narrator:
    """Tells what happens in a job, each thing once."""

    def __init__(self, *, reminder: float | None) -> None:
        """
        Args:
            reminder: seconds between lines of progress; None where a progress line shows it.
        """
        self._reminder = reminder
        self._before: JobStatus | None = None
        self._told_at = 0.0

    def lines(self, status: JobStatus) -> Iterator[str]:
        """The lines that are new with this status."""
        before, self._before = self._before, status
        for event in new_events(before.events if before else (), status.events):
            yield f"{_clock(event.at)} {'' if event.level == 'info' else event.level + ': '}{event.text}"
        if status.phone is not None and (before is None or before.phone is None) and status.phone.ready:
            yield f"Connected to {phone_words(status.phone)}."
        if status.scan.step is ScanStep.DONE and (before is None or before.scan.step is not ScanStep.DONE):
            yield from _found(status.scan)
        if status.sentence and (before is None or status.sentence != before.sentence):
            yield status.sentence
        yield from self._about_icloud(status, before)
        if status.condition is Condition.PAUSED and before and before.condition is not Condition.PAUSED:
            yield "Paused."
        if self._reminder is not None and status.now - self._told_at >= self._reminder:
            self._told_at = status.now
            line = progress_line(status)
            if before is not None and line:
                yield f"{_clock(status.now)} {line}"

    def _about_icloud(self, status: JobStatus, before: JobStatus | None) -> Iterator[str]:
        """What to do on the phone; repeated when more than a number in it changes."""
        fetch = status.fetch
        said = before.fetch if before is not None else FetchStatus()
        if fetch.included and fetch.sentence and _shape(fetch.sentence) != _shape(said.sentence):
            yield fetch.sentence
        if fetch.included:
            yield from self._about_a_person(status, before)
        if fetch.code and fetch.code != said.code:
            yield from half_blocks(fetch.code, dark_is_drawn=False)
            yield fetch.code

    def _about_a_person(self, status: JobStatus, before: JobStatus | None) -> Iterator[str]:
        """Whether a hand is needed on the iPhone, when that changes, and how many nights it will take."""
        now, said = status.attendance, before.attendance if before is not None else Attendance()
        first_estimate = now.no_hand_for is not None and said.no_hand_for is None
        if now.sentence and (not said.sentence or now.hand_needed is not said.hand_needed or first_estimate):
            yield now.sentence
        nights = status.fetch.nights.sentence
        nights_said = "" if before is None else before.fetch.nights.sentence
        if nights and _shape(nights) != _shape(nights_said):
            yield nights


def _shape(sentence: str) -> str:
    return re.sub(r"[\d.,]+", "0", sentence)


def progress_line(status: JobStatus) -> str:
    """The progress of a job in one line."""
    if status.phase is Phase.SCANNING:
        line, copied = scan_progress(status.scan), status.write.written
        return f"{line} · {plural(copied.count, 'item')} already copied" if line and copied.count else line
    if status.phase not in (Phase.COPYING, Phase.FETCHING):
        return ""
    write, fetch = status.write, status.fetch
    parts = [f"{write.written.count:,} of {plural(write.planned.count, 'item')}"]
    parts.append(f"{size(write.written.bytes)} of {size(write.planned.bytes)}")
    if write.rate is not None:
        parts.append(rate(write.rate))
    if write.eta is not None:
        parts.append(f"{about(write.eta)} left")
    if fetch.included:
        waiting = fetch.waiting + fetch.asked + fetch.arriving
        parts.append(f"{waiting.count:,} still in iCloud")
        if status.attendance.hand_needed:
            parts.append("hand needed")
    if write.failed:
        parts.append(f"{write.failed:,} failed")
    if status.condition is Condition.PAUSED:
        parts.append("paused")
    if write.current_files:
        parts.append(write.current_files[0].name)
    return " · ".join(parts)


def _found(scan: ScanStatus) -> Iterator[str]:
    yield f"The library holds {plural(scan.own, 'item')} of your own; {scan.selected:,} selected."
    yield f"Originals on the phone: {scan.local.count:,}, {size(scan.local.bytes)}."
    if scan.icloud.count:
        yield f"Originals only in iCloud: {scan.icloud.count:,}, {size(scan.icloud.bytes)}."
    if scan.missing.count:
        yield f"Originals in neither place: {scan.missing.count:,}."
    for words, count in scan.left_out:
        yield f"Left out: {count:,} {words}."


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
