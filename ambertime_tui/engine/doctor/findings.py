"""How the checks report: typed findings, and a time limit for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ambertime_tui.engine.api.doctor import Area, Ask, Fact, Finding, Level, Message, Scratch, Step

Say = Callable[[Message], None]
"""Takes each message. May be called from any thread."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Reports the findings of one area."""

    area: Area
    say: Say

    def step(self, sentence: str) -> None:
        """Say what is being checked now."""
        self.say(Step(self.area, sentence))

    def fine(self, check: str, sentence: str, **facts: Fact) -> None:
        """Report something that is as it should be."""
        self.say(Finding(self.area, check, Level.FINE, sentence, facts))

    def note(self, check: str, sentence: str, **facts: Fact) -> None:
        """Report something worth knowing."""
        self.say(Finding(self.area, check, Level.NOTE, sentence, facts))

    def wrong(self, check: str, sentence: str, **facts: Fact) -> None:
        """Report a problem. The sentence says what to do."""
        self.say(Finding(self.area, check, Level.WRONG, sentence, facts))

    def ask(self, sentence: str, code: str) -> None:
        """Say what the person has to do on the phone."""
        self.say(Ask(sentence, code))

    def scratch(self, path: str) -> None:
        """Announce the folder that is written to."""
        self.say(Scratch(path))


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure, in seconds."""

    speed: float = 4.0
    """The speed of the phone."""
    stamps: float = 2.0
    """Whether Photos writes to its library, in a quick check."""
    long_stamps: float = 30.0
    """The same while the phone is observed."""
    idle: float = 200.0
    """An idle connection. One report says that phones drop one after 147."""
    look_every: float = 60.0
    """Pause between two looks at a phone that is observed."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment at which the checks should end."""

    seconds: float | None
    """From the beginning; None: no limit."""
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", self.clock())

    def left(self, reserve: float = 0.0) -> float | None:
        """Seconds left, less a reserve for what follows; None: no limit."""
        if self.seconds is None:
            return None
        return max(0.0, self.began + self.seconds - self.clock() - reserve)
