"""Everything that the app gets from outside: engines, clocks, settings, folders. Tests supply their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ambertime_tui.config import State, Task
from ambertime_tui.engine.api.client import Report, RunningJob
from ambertime_tui.engine.api.doctor import DoctorRequest, Message
from ambertime_tui.engine.api.history import PastRun
from ambertime_tui.engine.api.spec import Hooks
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.glyphs import Glyphs


@dataclass(frozen=True, slots=True)
class AppContext:
    """What the app gets from outside."""

    launch: Callable[[], Awaitable[Engine]]
    """Starts an engine process."""
    attach: Callable[[Path], Awaitable[Engine]]
    """Connects to a running engine."""
    running_jobs: Callable[[], tuple[RunningJob, ...]]
    examine: Callable[[DoctorRequest], AsyncGenerator[Message, None]]
    """Checks computer, drive and phone. Raises EngineError."""
    clock: Callable[[], float]
    """Seconds since 1970."""
    today: Callable[[], date]
    glyphs: Glyphs
    state: State
    """Choices saved by the last run."""
    remember: Callable[[State], None]
    tasks: Mapping[str, Task]
    """The tasks of the config file, by name."""
    keys: Mapping[str, str]
    """Key bindings changed by the user, by id."""
    reports: Path
    """Folder for exported reports."""
    theme_folder: Path
    """Folder of the user's own themes."""
    time_of_day: Callable[[float], str]
    """Formats a time in seconds since 1970 as local time: 14:05:09."""
    day_of: Callable[[float], date]
    """The local calendar day of a time in seconds since 1970."""
    expand: Callable[[str], str]
    """Expands ~ in a typed path. Raises PathsError."""
    history: Callable[[], tuple[PastRun, ...]] = tuple
    """Reads the past backups, oldest first. Blocks."""
    past_report: Callable[[PastRun], tuple[JobStatus, Report]] | None = None
    """Reads the report of a past backup. Raises EngineError; blocks."""
    hooks: Hooks = Hooks()
    """Commands of the user to run at events of a job."""
    defaults: Task = Task()
    """The defaults of the config file for all tasks."""
    notices: tuple[str, ...] = ()
    """Problems in the config file, one sentence each."""
    theme: str = ""
    """The theme named in the config file."""
    target: str = ""
    """The target selected first; empty for none."""
    preview: bool = True
    """Whether thumbnails may be requested."""
