"""The simulated user of the demo, who does on the phone what the job asks for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ambertime_tui.engine.api.client import EngineClient, EngineError, Pane, running_jobs
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import FetchState, JobStatus, Phase
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.control import ControlClient, ControlError

POLL_SECONDS = 0.5
"""Time between two checks for a new job."""
REACTION_SECONDS = 3.0
"""Time from the request on the screen to the action on the phone."""
ITEMS_READ = 500
"""Items of the list that are read to find those of a trial."""
ITEMS_PER_VISIT = 8
"""Items opened in Photos before the list is read again."""


class SimulatedUser:
    """A user who responds to every job of the demo, in a thread that runs within a `with` block."""

    def __init__(self, environ: Mapping[str, str], control: Path) -> None:
        """
        Args:
            environ: the demo's environment.
            control: the simulated phone's control socket.
        """
        self._paths = paths_from(environ)
        self._control = control
        self._loop = asyncio.new_event_loop()
        self._life: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="simulated user", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._leave)
        self._thread.join()

    def _run(self) -> None:
        self._life = self._loop.create_task(self._live())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._life)
        self._loop.close()

    def _leave(self) -> None:
        if self._life is not None:
            self._life.cancel()

    async def _live(self) -> None:
        """Find running jobs and respond to each."""
        while True:
            for job in await asyncio.to_thread(running_jobs, self._paths):
                if job.outcome is None:
                    # A job or a phone that has ended needs no response.
                    with suppress(EngineError, ControlError, OSError):
                        await self._watch(Path(job.socket))
            await asyncio.sleep(POLL_SECONDS)

    async def _watch(self, socket: Path) -> None:
        client = await EngineClient.attach(socket)
        try:
            done = ""
            async for status in client.statuses():
                wanted = _wanted(status)
                if wanted and wanted != done:
                    await asyncio.sleep(REACTION_SECONDS)
                    await self._do(client, status)
                done = wanted
            await asyncio.to_thread(self._tell, "keep_originals", on=False)
        finally:
            await client.aclose()

    async def _do(self, client: EngineClient, status: JobStatus) -> None:
        """Do what the fetch pane asks for."""
        match status.spec.way:
            case FetchWay.KEEP_ORIGINALS:
                await asyncio.to_thread(self._tell, "keep_originals", on=True)
            case FetchWay.SHORTCUT if status.fetch.code:
                await asyncio.to_thread(self._tell, "open_url", url=status.fetch.code)
            case FetchWay.SHORTCUT | FetchWay.BY_HAND:
                rows = (await client.rows(Pane.FETCH, 0, ITEMS_READ)).rows
                requested = [row.uuid for row in rows if row.state == FetchState.ASKED]
                uuids = requested or [row.uuid for row in rows[:ITEMS_PER_VISIT]]
                await asyncio.to_thread(self._tell, "open_in_photos", uuids=uuids)

    def _tell(self, command: str, **arguments: object) -> None:
        with ControlClient(self._control) as phone:
            phone.do(command, **arguments)


def _wanted(status: JobStatus) -> str:
    """Return a text that identifies what the job asks of the user now; empty if nothing."""
    if not status.fetch.included or status.phase not in (Phase.COPYING, Phase.FETCHING):
        return ""
    match status.spec.way:
        case FetchWay.KEEP_ORIGINALS:
            return "switch"
        case FetchWay.SHORTCUT if status.fetch.code or status.fetch.asked.count:
            return status.fetch.code
        case FetchWay.SHORTCUT | FetchWay.BY_HAND:
            return " ".join(item.uuid for item in status.fetch.head)
