"""When a task runs: at plug-in, again after its time, sooner while originals wait, later after failures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.watch.schedule import (
    DAY,
    EVERY,
    EVERY_FOR_ICLOUD,
    FIRST_RETRY,
    HOUR,
    PARTS,
    SETTLE,
    VERIFY_EVERY,
    Power,
    TaskState,
    Verified,
    due_at,
    next_due,
    reason_to_wait,
    wake_in,
)

PHONE = PhoneSummary("UDID", ready=True, battery_percent=80, on_power=True)
RAN = TaskState(together_since=100.0, began_at=100.0, ended_at=160.0)


def test_a_task_is_due_at_plug_in_and_never_without_phone_or_drive() -> None:
    assert due_at(TaskState()) is None
    assert due_at(TaskState().seen(50.0, together=True)) == 50.0
    assert due_at(RAN.seen(200.0, together=False)) is None
    again = RAN.seen(500.0, together=False).seen(900.0, together=True)
    assert due_at(again) == 900.0


def test_a_cable_that_slips_after_a_run_starts_no_other_at_once() -> None:
    slipped = RAN.seen(161.0, together=False).seen(162.0, together=True)
    assert due_at(slipped) == 160.0 + SETTLE


@pytest.mark.parametrize(
    ("state", "every", "after"),
    [
        (RAN, EVERY, DAY),
        (RAN, 6 * HOUR, 6 * HOUR),
        (replace(RAN, waits_for_icloud=True), EVERY, EVERY_FOR_ICLOUD),
        (replace(RAN, waits_for_icloud=True), HOUR / 2, HOUR / 2),
        (replace(RAN, failures=1), EVERY, FIRST_RETRY),
        (replace(RAN, failures=3), EVERY, 4 * FIRST_RETRY),
        (replace(RAN, failures=500), EVERY, DAY),
    ],
)
def test_while_both_stay_connected_it_runs_again_after_its_time(
    state: TaskState, every: float, after: float
) -> None:
    assert due_at(state, every) == RAN.ended_at + after


def test_of_several_tasks_the_one_that_ran_longest_ago_runs_next() -> None:
    states = {
        "new": TaskState(together_since=1000.0),
        "old": replace(RAN, together_since=900.0),
        "resting": replace(RAN, began_at=950.0, ended_at=960.0, together_since=900.0),
    }
    tasks = dict.fromkeys(states, EVERY)
    assert next_due(tasks, states, 1000.0) == "new"
    assert next_due({"old": EVERY, "resting": EVERY}, states, 1000.0) == "old"
    assert next_due({"resting": EVERY}, states, 1000.0) is None
    assert wake_in({"resting": EVERY}, states, 1000.0, 1e9) == 960.0 + DAY - 1000.0
    assert wake_in({"resting": EVERY}, states, 1000.0, 60.0) == 60.0


STEPS = st.lists(
    st.tuples(
        st.floats(0.0, 3 * DAY, allow_nan=False),
        st.booleans(),
        st.sampled_from(["complete", "icloud", "failed"]),
        st.floats(1.0, 6 * HOUR),
    ),
    max_size=40,
)


@given(STEPS, st.floats(600.0, 3 * DAY))
def test_whatever_happens_it_runs_only_when_connected_and_neither_too_often_nor_too_rarely(
    steps: list[tuple[float, bool, str, float]], every: float
) -> None:
    now, state = 0.0, TaskState()
    for passed, together, outcome, lasted in steps:
        now += passed
        before, state = state, state.seen(now, together=together)
        at = due_at(state, every)
        assert (at is None) == (not together)
        if at is None:
            continue
        assert at <= max(now, state.ended_at + every, state.ended_at + SETTLE), "it would wait too long"
        plugged_in = before.together_since is None
        if plugged_in:
            assert at <= max(now, state.ended_at + SETTLE)
        elif state.began_at is not None and state.began_at >= (state.together_since or 0.0):
            soonest = min(every, EVERY_FOR_ICLOUD if state.waits_for_icloud else every)
            assert at - state.ended_at >= min(soonest, FIRST_RETRY) - 1e-6, "it would run too often"
        if at <= now:
            began, now = now, now + lasted
            state = state.ran(began, now, failed=outcome == "failed", waits_for_icloud=outcome == "icloud")
            following = due_at(state, every)
            assert following is not None
            assert following > now, "a run never starts the next one at once"


@pytest.mark.parametrize(
    ("phone", "power", "reason"),
    [
        (PHONE, Power(), ""),
        (PHONE, Power(on_battery=True, percent=20), ""),
        (PHONE, Power(on_battery=True, percent=19), "This computer's battery is below 20%."),
        (PHONE, Power(on_battery=False, percent=5), ""),
        (PHONE, Power(on_battery=True, percent=None), ""),
        (replace(PHONE, battery_percent=19), Power(), ""),
        (
            replace(PHONE, battery_percent=19, on_power=False),
            Power(),
            "The iPhone's battery is below 20%, and it is not charging.",
        ),
        (replace(PHONE, battery_percent=None, on_power=None), Power(), ""),
        (replace(PHONE, ready=False, sentence="Unlock it."), Power(), "Unlock it."),
    ],
)
def test_a_run_waits_for_power_and_a_ready_phone(phone: PhoneSummary, power: Power, reason: str) -> None:
    assert reason_to_wait(phone, power) == reason


@given(st.lists(st.floats(0.0, 30 * DAY), min_size=1, max_size=60))
def test_every_part_of_an_archive_is_read_in_turn_a_week_apart(looks: list[float]) -> None:
    verified, now = Verified(last=1.0), 1.0
    read: list[tuple[int, float]] = []
    for passed in looks:
        now += passed
        if verified.is_due(now):
            assert not read or now - read[-1][1] >= VERIFY_EVERY
            read.append((verified.part, now))
            verified = verified.after(verified.part, now)
    assert [part for part, _ in read] == [n % PARTS for n in range(len(read))]
