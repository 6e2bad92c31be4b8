"""When a task runs, and what keeps it from running now. Pure: times are passed in, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ambertime_tui.engine.api.status import PhoneSummary

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
EVERY = DAY
"""Time between two runs while phone and drive stay connected."""
EVERY_FOR_ICLOUD = HOUR
"""The same while originals that the task waits for are still in iCloud."""
SETTLE = MINUTE
"""Time after a run in which reconnecting starts no other: a cable may slip."""
FIRST_RETRY = 5 * MINUTE
"""Time after a run that failed; doubled by each further failure, up to the usual time."""
VERIFY_EVERY = 7 * DAY
PARTS = 10
"""Parts of an archive, one of which is verified at a time."""
LOWEST_BATTERY = 20
"""Percent below which nothing runs on a battery."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known of a task since `watch` started."""

    together_since: float | None = None
    """When phone and drive came to be connected both; None: they are not."""
    began_at: float | None = None
    """Start of the last run; None: it has not run."""
    ended_at: float = float("-inf")
    failures: int = 0
    """Failed runs since the last one that did not fail."""
    waits_for_icloud: bool = False
    """Whether the last run left originals in iCloud that the task waits for."""

    def seen(self, now: float, *, together: bool) -> TaskState:
        """Return the state after a look at phone and drive."""
        if not together:
            return replace(self, together_since=None)
        return self if self.together_since is not None else replace(self, together_since=now)

    def ran(self, began_at: float, ended_at: float, *, failed: bool, waits_for_icloud: bool) -> TaskState:
        """Return the state after a run."""
        return replace(
            self,
            began_at=began_at,
            ended_at=ended_at,
            failures=self.failures + 1 if failed else 0,
            waits_for_icloud=waits_for_icloud,
        )


def due_at(state: TaskState, every: float = EVERY) -> float | None:
    """Return when a task should run next; a time in the past means now. None: not before it is connected.

    Args:
        state: what is known of the task.
        every: its setting, in seconds.
    """
    if state.together_since is None:
        return None
    if state.began_at is None or state.began_at < state.together_since:
        return max(state.together_since, state.ended_at + SETTLE)
    usual = min(every, EVERY_FOR_ICLOUD) if state.waits_for_icloud else every
    if state.failures:
        usual = min(usual, FIRST_RETRY * 2.0 ** min(state.failures - 1, 20))
    return state.ended_at + usual


def next_due(tasks: Mapping[str, float], states: Mapping[str, TaskState], now: float) -> str | None:
    """Return the task to run now: of those that are due, the one that ran longest ago.

    Args:
        tasks: `every` in seconds, by name.
        states: by name.
        now: the time.
    """
    due = []
    for name, every in tasks.items():
        state = states.get(name, TaskState())
        at = due_at(state, every)
        if at is not None and at <= now:
            due.append((state.ended_at, at, name))
    return min(due)[2] if due else None


def wake_in(tasks: Mapping[str, float], states: Mapping[str, TaskState], now: float, longest: float) -> float:
    """Return how long nothing is due, in seconds; at most `longest`."""
    times = (due_at(states.get(name, TaskState()), every) for name, every in tasks.items())
    later = [at - now for at in times if at is not None and at > now]
    return min([longest, *later])


@dataclass(frozen=True, slots=True)
class Power:
    """The power supply of this computer."""

    on_battery: bool = False
    percent: int | None = None


def reason_to_wait(phone: PhoneSummary, power: Power) -> str:
    """Return why a connected phone is not backed up now, as a sentence; empty: it can be."""
    if not phone.ready:
        return phone.sentence or "The iPhone is not ready."
    low = phone.battery_percent is not None and phone.battery_percent < LOWEST_BATTERY
    if low and phone.on_power is False:
        return f"The iPhone's battery is below {LOWEST_BATTERY}%, and it is not charging."
    return power_reason(power)


def power_reason(power: Power) -> str:
    """Return why nothing runs on this computer's battery now; empty: it can."""
    if power.on_battery and power.percent is not None and power.percent < LOWEST_BATTERY:
        return f"This computer's battery is below {LOWEST_BATTERY}%."
    return ""


@dataclass(frozen=True, slots=True)
class Verified:
    """When each tenth of an archive was last read, and when `watch` last did that."""

    parts: tuple[float, ...] = (0.0,) * PARTS
    last: float = 0.0

    @property
    def part(self) -> int:
        """The part that was read longest ago."""
        return self.parts.index(min(self.parts))

    def __post_init__(self) -> None:
        if len(self.parts) != PARTS:
            raise ValueError(f"{len(self.parts)} parts")

    def is_due(self, now: float) -> bool:
        """Whether a part should be read now."""
        return now - self.last >= VERIFY_EVERY

    def after(self, part: int, now: float) -> Verified:
        """Return what is known after a part was read."""
        return Verified((*self.parts[:part], now, *self.parts[part + 1 :]), now)
