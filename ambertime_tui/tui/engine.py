"""The engine as the screens use it: a protocol, so that tests can supply their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from ambertime_tui.engine.api.client import (
    Command,
    DevicesChanged,
    Pane,
    Preview,
    Report,
    Rows,
    SurveyedLibrary,
)
from ambertime_tui.engine.api.spec import Hooks, JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, ScanStatus


class Engine(Protocol):
    """The methods of `engine.api.client.EngineClient` that screens use; errors are documented there."""

    def devices(self) -> AsyncIterator[DevicesChanged]:
        """Follow connected phones and drives."""

    async def drive(self, path: str) -> DriveSummary:
        """Check a folder as a target."""

    async def locate(self, path: str) -> str:
        """Find the archive that was at a path, where its drive is mounted now."""

    async def survey(
        self,
        udid: str | None = None,
        on_scan: Callable[[ScanStatus], None] | None = None,
        *,
        refresh: bool = False,
    ) -> SurveyedLibrary:
        """Read the library of a phone; with `refresh`, even if it was read a moment ago."""

    async def preview(self, spec: JobSpec) -> Preview:
        """Calculate what a job would copy."""

    async def start(self, spec: JobSpec, hooks: Hooks) -> str:
        """Start a job with the user's hooks; returns its id."""

    def statuses(self) -> AsyncIterator[JobStatus]:
        """Follow the job."""

    async def command(self, command: Command) -> None:
        """Send a command to the job."""

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """Get a page of a list."""

    async def thumbnail(self, uuid: str) -> bytes:
        """Get the thumbnail of an asset as JPEG."""

    async def report(self) -> Report:
        """Get the report of the job."""

    async def aclose(self) -> None:
        """Close the connection; the job keeps running."""
