"""What a screen may ask of the app. Screens import this protocol instead of the app, which imports them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ambertime_tui.config import State, Task
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.tui.context import AppContext
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.terminal import Terminal


class Shell(Protocol):
    """The app as its screens see it. Screens are pushed and popped through Textual's own methods."""

    context: AppContext
    terminal: Terminal
    notices: tuple[str, ...]
    """Problems in the user's settings, one sentence each."""
    engine_now: Engine | None
    """The engine in use, if it has been started."""

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The saved tasks by name, completed with the defaults of the config file."""

    async def engine(self) -> Engine:
        """Return the engine in use; start one if necessary.

        Raises:
            EngineError: it cannot be started.
        """

    async def another_engine(self) -> Engine:
        """Start an engine in place of the one in use, which has ended.

        Raises:
            EngineError: it cannot be started.
        """

    def remember(self, state: State) -> None:
        """Save choices for the next run."""

    def start_job(self, spec: JobSpec) -> object:
        """Start a job and show it. While one is starting, nothing happens."""

    def attach(self, socket: Path) -> object:
        """Connect to a running job and show it."""

    def set_up_again(self) -> object:
        """Return to Setup. A running job keeps its own engine."""

    def job_ended(self, engine: Engine, status: JobStatus) -> None:
        """Show the result of a job."""

    def job_lost(self) -> None:
        """Note that the job's process died; the app will exit with the code for a failed job."""

    def detach(self) -> None:
        """Leave the app while the job keeps running."""
