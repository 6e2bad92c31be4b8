"""A job as lines for people."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.attendance import Attendance, NightsStatus
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import (
    Condition,
    CurrentFile,
    Event,
    FetchStatus,
    JobStatus,
    Phase,
    PhoneSummary,
    ScanStatus,
    ScanStep,
    Tally,
    WriteStatus,
)
from ambertime_tui.plain.narrator import Narrator, new_events, progress_line

BEGIN = JobStatus("4f1c", 1, JobSpec("/mnt/a"), started_at=0.0, now=0.0)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 10))
def test_each_event_is_reported_once_if_the_window_moves_by_less_than_its_length(
    first: int, moved: int, window: int
) -> None:
    history = [Event(float(i), "info", f"event {i}") for i in range(100)]
    shown = min(moved, window)
    before = history[first : first + window]
    after = history[first + shown : first + shown + window]
    assert list(new_events(before, after)) == history[first + window : first + shown + window]


def test_an_event_with_the_same_words_is_reported_again() -> None:
    once = Event(1.0, "warning", "The iPhone is locked.")
    again = Event(9.0, "warning", "The iPhone is locked.")
    assert list(new_events((once,), (once, again))) == [again]


def test_a_job_is_narrated_without_repetition() -> None:
    narrator = Narrator(reminder=None)
    phone = PhoneSummary("00008130", "Anna's iPhone", "iPhone 15 Pro", "18.1", ready=True)
    scan = ScanStatus(ScanStep.DONE, own=12_000, selected=2_341, local=Tally(2_400, 18_400_000_000))
    story = [
        BEGIN,
        replace(BEGIN, sentence="Tap Trust on the iPhone."),
        replace(BEGIN, sentence="Tap Trust on the iPhone.", now=1.0),
        replace(BEGIN, phone=phone),
        replace(BEGIN, phone=phone, scan=scan, phase=Phase.COPYING),
        replace(BEGIN, phone=phone, scan=scan, phase=Phase.COPYING, condition=Condition.PAUSED),
    ]
    lines = [line for status in story for line in narrator.lines(status)]
    assert lines == [
        "Tap Trust on the iPhone.",
        "Connected to Anna's iPhone (iPhone 15 Pro, iOS 18.1).",
        "The library holds 12,000 items of your own; 2,341 selected.",
        "Originals on the phone: 2,400, 18.4 GB.",
        "Paused.",
    ]


def test_without_a_progress_line_progress_is_reported_regularly() -> None:
    narrator = Narrator(reminder=60.0)
    copying = replace(
        BEGIN, phase=Phase.COPYING, write=WriteStatus(planned=Tally(10, 100), written=Tally(4, 40))
    )
    seconds = [second for second in range(300) if list(narrator.lines(replace(copying, now=1000.0 + second)))]
    assert seconds == [60, 120, 180, 240]


def test_the_progress_line_shows_amounts_and_speed() -> None:
    status = replace(
        BEGIN,
        phase=Phase.COPYING,
        write=WriteStatus(
            planned=Tally(2_341, 18_400_000_000),
            written=Tally(1_200, 9_000_000_000),
            rate=32_000_000.0,
            eta=300.0,
            failed=2,
            current_files=(CurrentFile("IMG_4821.HEIC", 1, 2),),
        ),
        fetch=FetchStatus(included=True, waiting=Tally(600, 1), arriving=Tally(84, 1)),
    )
    assert progress_line(status) == (
        "1,200 of 2,341 items · 9.0 GB of 18.4 GB · 32.0 MB/s · 5 min left · 684 still in iCloud"
        " · 2 failed · IMG_4821.HEIC"
    )


def test_the_progress_line_of_a_scan_counts_what_is_already_copied() -> None:
    reading = replace(
        BEGIN,
        phase=Phase.SCANNING,
        scan=ScanStatus(step=ScanStep.READING, assets=64_000),
        write=WriteStatus(),
    )
    assert progress_line(reading) == "Read 64,000 assets"
    begun = replace(reading, write=WriteStatus(planned=Tally(400, 4_000), written=Tally(1, 40)))
    assert progress_line(begun) == "Read 64,000 assets · 1 item already copied"


def test_a_hand_that_is_needed_and_the_nights_are_told_once() -> None:
    nights = NightsStatus(sentence="120 of 850 from iCloud, 6 nights so far, about 21 left.")
    waiting = replace(BEGIN, phase=Phase.FETCHING, fetch=FetchStatus(included=True, nights=nights))
    needed = replace(waiting, attendance=Attendance(hand_needed=True, sentence="Hand needed."))
    alone = replace(waiting, attendance=Attendance(no_hand_for=7200.0, sentence="No hand needed for 2 h."))
    later = replace(
        alone,
        attendance=Attendance(no_hand_for=3600.0, phone_may_go=False, sentence="No hand needed for 1 h."),
        fetch=replace(alone.fetch, nights=replace(nights, sentence=nights.sentence.replace("120", "121"))),
    )
    narrator = Narrator(reminder=None)
    told = [list(narrator.lines(status)) for status in (needed, alone, later, needed)]
    assert told == [["Hand needed.", nights.sentence], ["No hand needed for 2 h."], [], ["Hand needed."]]
    assert "hand needed" in progress_line(needed)
    assert "hand needed" not in progress_line(alone)
