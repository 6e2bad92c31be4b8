"""Everything that the app gets from outside: engines, clocks, settings, folders. Tests supply their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ambertime_tui.config import State, Task
from ambertime_tui.engine.api.client import RunningJob
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.glyphs import Glyphs


@dataclass(frozen=True, slots=True)
class AppContext:
    """What the app is given of the context around it."""

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
