"""Run single checks against real parts, and collect what they report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ambertime_tui.engine.api.doctor import Area, DoctorRequest, Finding, Level, Message, Scratch
from ambertime_tui.engine.api.protocol import RunningJob
from ambertime_tui.engine.doctor.computer import Folders
from ambertime_tui.engine.doctor.findings import Deadline, Effort, Reporter
from ambertime_tui.engine.doctor.phone import check_phone
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library

BRIEF = Effort(speed=0.1, stamps=0.1, long_stamps=0.1, idle=0.2, look_every=0.05)


@dataclass
class Found:
    """What checks reported."""

    messages: list[Message] = field(default_factory=list)

    def reporter(self, area: Area) -> Reporter:
        return Reporter(area, self.messages.append)

    @property
    def findings(self) -> list[Finding]:
        return [message for message in self.messages if isinstance(message, Finding)]

    @property
    def scratch(self) -> list[Path]:
        return [Path(message.path) for message in self.messages if isinstance(message, Scratch)]

    def of(self, check: str) -> Finding:
        """The finding of a check."""
        (finding,) = [one for one in self.findings if one.check == check]
        return finding

    @property
    def by_check(self) -> Mapping[str, Finding]:
        return {one.check: one for one in self.findings}

    @property
    def wrong(self) -> list[Finding]:
        return [one for one in self.findings if one.level is Level.WRONG]

    @property
    def only_wrong(self) -> Finding:
        """The only problem."""
        assert len(self.wrong) == 1, self.wrong
        return self.wrong[0]


@pytest.fixture
def found() -> Found:
    return Found()


@pytest.fixture(scope="session")
def doctor_library(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A small library; shared, so read it only."""
    return make_library(tmp_path_factory.mktemp("library"), LibraryRecipe(assets=80, seed=5))


CheckPhone = Callable[..., Found]


@pytest.fixture
def examine_phone(tmp_path: Path, found: Found) -> CheckPhone:
    """Check the simulated phone, with short measurements."""

    def check(
        request: DoctorRequest = DoctorRequest(),  # noqa: B008 - immutable
        jobs: tuple[RunningJob, ...] = (),
        seconds: float | None = None,
    ) -> Found:
        asyncio.run(
            check_phone(
                found.reporter(Area.PHONE),
                request,
                Folders(tmp_path / "run", tmp_path / "state", tmp_path / "data"),
                jobs,
                Deadline(seconds),
                Timing(),
                BRIEF,
            )
        )
        return found

    return check
