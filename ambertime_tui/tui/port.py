"""What the full-screen front end needs of an engine, and of the world: handed in, so that tests can play
them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from ambertime_tui.config import State, Task
from ambertime_tui.engine.api.client import (
    Command,
    DevicesChanged,
    Pane,
    Preview,
    Report,
    Rows,
    RunningJob,
    SurveyedLibrary,
)
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, ScanStatus
from ambertime_tui.tui.glyphs import Glyphs


class Engine(Protocol):
    """The part of `engine.client.EngineClient` that the screens use; what it raises is said there."""

    def devices(self) -> AsyncIterator[DevicesChanged]:
        """Phones and drives, live."""

    async def drive(self, path: str) -> DriveSummary:
        """A folder as a target."""

    async def survey(
        self, udid: str | None = None, on_scan: Callable[[ScanStatus], None] | None = None
    ) -> SurveyedLibrary:
        """The library of a phone."""

    async def preview(self, spec: JobSpec) -> Preview:
        """What a start would do."""

    async def start(self, spec: JobSpec) -> str:
        """Starts the job."""

    def statuses(self) -> AsyncIterator[JobStatus]:
        """The job, live."""

    async def command(self, command: Command) -> None:
        """An order to the job."""

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of a list."""

    async def thumbnail(self, uuid: str) -> bytes:
        """A small picture of an asset."""

    async def report(self) -> Report:
        """The accounting."""

    async def aclose(self) -> None:
        """Lets go; the job goes on."""


@dataclass(frozen=True, slots=True)
class World:
    """What the app is given of the world around it."""

    launch: Callable[[], Awaitable[Engine]]
    """Starts an engine process of our own."""
    attach: Callable[[Path], Awaitable[Engine]]
    """Connects to a running one."""
    running_jobs: Callable[[], tuple[RunningJob, ...]]
    clock: Callable[[], float]
    """Seconds since 1970."""
    today: Callable[[], date]
    glyphs: Glyphs
    state: State
    """What was remembered from the last run."""
    remember: Callable[[State], None]
    tasks: Mapping[str, Task]
    """The tasks of the config file, by name."""
    keys: Mapping[str, str]
    """Key bindings that the person changed, by id."""
    reports: Path
    """Folder for exported reports."""
    theme_folder: Path
    """The person's own themes."""
    time_of_day: Callable[[float], str]
    """A moment as the person's clock shows it: 14:05:09."""
    day_of: Callable[[float], date]
    """The person's calendar day of a moment."""
    expand: Callable[[str], str]
    """A typed path with ~ written out."""
    defaults: Task = Task()
    """What the config file says of every task that does not say otherwise."""
    notices: tuple[str, ...] = ()
    """What is wrong in the config file, each as a sentence."""
    theme: str = ""
    """The theme that the config file names."""
    target: str = ""
    """The target to begin with, where one was asked for."""
    preview: bool = True
    """Whether small pictures may be asked for."""
