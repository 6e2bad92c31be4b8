"""At each moment a person knows whether a hand is needed, for how long not, and what may be unplugged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.status import Condition, Phase
from ambertime_tui.engine.job.attendance import Asking, attendance

SCAN = Asking("scan the code", 7_000_000_000)
ALONE = Asking("", 7_000_000_000)
HOURS = 5 * 3600.0


@pytest.mark.parametrize(
    ("phase", "asking", "seconds", "said"),
    [
        (
            Phase.FETCHING,
            ALONE,
            HOURS,
            "No hand needed for about 5 h. You may unplug the iPhone, but not the drive.",
        ),
        (
            Phase.COPYING,
            Asking(),
            HOURS,
            "No hand needed until the end, about 5 h. Leave the iPhone and the drive connected.",
        ),
        (
            Phase.COPYING,
            ALONE,
            None,
            "No hand needed now. Leave the iPhone and the drive connected.",
        ),
        (
            Phase.FETCHING,
            SCAN,
            HOURS,
            "Hand needed on the iPhone: scan the code. You may unplug the iPhone, but not the drive.",
        ),
        (
            Phase.FETCHING,
            ALONE,
            20.0,
            "No hand needed for under a minute. You may unplug the iPhone, but not the drive.",
        ),
        (Phase.ENDED, ALONE, None, "You may unplug the iPhone and eject the drive."),
    ],
)
def test_a_moment_in_words(phase: Phase, asking: Asking, seconds: float | None, said: str) -> None:
    found = attendance(phase, Condition.RUNNING, asking, awaits=True, seconds_left=seconds)
    assert found.sentence == said


def test_without_icloud_no_hand_is_needed_until_the_end() -> None:
    found = attendance(Phase.COPYING, Condition.RUNNING, SCAN, awaits=False, seconds_left=600.0)
    assert not found.hand_needed
    assert found.sentence.startswith("No hand needed until the end, about 10 min.")


@given(
    st.sampled_from(list(Phase)),
    st.sampled_from(list(Condition)),
    st.sampled_from([SCAN, ALONE, Asking()]),
    st.booleans(),
    st.none() | st.floats(0, 1e7),
)
def test_what_is_said_never_contradicts_itself(
    phase: Phase, condition: Condition, asking: Asking, awaits: bool, seconds: float | None
) -> None:
    found = attendance(phase, condition, asking, awaits=awaits, seconds_left=seconds)
    assert found.drive_may_go is (phase is Phase.ENDED), "a job in progress always uses its drive"
    if found.hand_needed:
        assert not found.no_hand_for
    if phase is Phase.COPYING and condition is not Condition.WAITING:
        assert not found.phone_may_go
    if found.sentence:
        assert found.hand_needed is found.sentence.startswith("Hand needed")
        assert found.phone_may_go is ("unplug the iPhone" in found.sentence)
