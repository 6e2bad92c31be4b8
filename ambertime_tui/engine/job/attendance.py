"""Decide whether a person is needed at the iPhone, for how long not, and what may be unplugged. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ambertime_tui import units
from ambertime_tui.engine.api.attendance import Attendance
from ambertime_tui.engine.api.status import Condition, Phase

BEFORE_PLAN = (Phase.CONNECTING, Phase.SCANNING, Phase.PLANNING)
LEAVE_BOTH = "Leave the iPhone and the drive connected."
PHONE_MAY_GO = "You may unplug the iPhone, but not the drive."
BOTH_MAY_GO = "You may unplug the iPhone and eject the drive."


@dataclass(frozen=True, slots=True)
class Asking:
    """What the way of asking iOS waits for."""

    hand: str = ""
    """What a person has to do on the iPhone now, as a phrase in the imperative; empty: nothing."""
    bytes_left: int | None = None
    """Bytes that iOS can still download before the next hand is needed; None: everything that is awaited."""


def attendance(
    phase: Phase, condition: Condition, asking: Asking, *, awaits: bool, seconds_left: float | None
) -> Attendance:
    """Describe a moment of a job.

    Args:
        phase: of the job.
        condition: of the job; WAITING: it cannot reach the iPhone or the drive.
        asking: what the way of asking waits for.
        awaits: whether originals from iCloud are awaited.
        seconds_left: until the next hand is needed or, if `asking.bytes_left` is None or nothing is awaited,
            until the end of the job; None: not measured.
    """
    if phase is Phase.ENDED:
        return Attendance(drive_may_go=True, sentence=BOTH_MAY_GO)
    if phase in BEFORE_PLAN:
        return Attendance(hand_needed=condition is Condition.WAITING, phone_may_go=False)
    phone_may_go = phase is Phase.FETCHING or condition is Condition.WAITING
    stay = PHONE_MAY_GO if phone_may_go else LEAVE_BOTH
    if condition is Condition.WAITING:
        return Attendance(hand_needed=True, no_hand_for=0.0, sentence=f"Hand needed. {stay}")
    if awaits and asking.hand:
        return Attendance(
            hand_needed=True,
            no_hand_for=0.0,
            phone_may_go=phone_may_go,
            sentence=f"Hand needed on the iPhone: {asking.hand}. {stay}",
        )
    return Attendance(
        no_hand_for=seconds_left,
        phone_may_go=phone_may_go,
        sentence=f"{_for_how_long(seconds_left, to_the_end=not awaits or asking.bytes_left is None)} {stay}",
    )


def _for_how_long(seconds: float | None, *, to_the_end: bool) -> str:
    if seconds is None:
        return "No hand needed now."
    words = units.about(seconds)
    if to_the_end:
        return f"No hand needed until the end, {'in ' if words.startswith('under') else 'about '}{words}."
    return f"No hand needed for {'' if words.startswith('under') else 'about '}{words}."
