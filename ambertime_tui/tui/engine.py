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
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, ScanStatus


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
