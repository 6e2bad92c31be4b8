"""What `watch` needs of the world: devices, jobs, files and clocks. Tests replace parts of it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Protocol

from ambertime_tui.config import Task, all_tasks, load_config, load_state
from ambertime_tui.engine.api.client import (
    DevicesChanged,
    EngineClient,
    EngineError,
    RunningJob,
    running_jobs,
)
from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.hooks import run_hook
from ambertime_tui.engine.api.spec import Hooks, JobSpec
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.api.unfinished import UnfinishedJob, forget_unfinished, unfinished_jobs
from ambertime_tui.engine.api.verification import Verification, VerifyStatus, verify_archive
from ambertime_tui.library.date_range import is_relative, parse_date_range
from ambertime_tui.paths import Paths, folder_named, write_private
from ambertime_tui.safe_text import json_line
from ambertime_tui.watch.power import power_now
from ambertime_tui.watch.schedule import EVERY, PARTS, Power, Verified

VERIFIED = "verified.json"
"""In the state folder: when each part of each archive was last read."""


class Clock(Protocol):
    """The clock of `watch`."""

    def now(self) -> float:
        """Seconds since 1970."""

    async def wait(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this computer."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class WatchedTask:
    """A saved task that names a phone and a target."""

    name: str
    udid: str
    target: str
    """Absolute path as written; the drive may be mounted elsewhere."""
    every: float
    settings: Task

    def spec(self, target: str, today: date) -> JobSpec:
        """Return its job at the place where its drive is mounted, with a relative range as it is today."""
        text = self.settings.range or "all"
        job = self.settings.job(target, parse_date_range(text, today), relative_range=is_relative(text))
        return replace(job, udid=self.udid, task=self.name)


class World:
    """This computer."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], clock: Clock) -> None:
        self._paths = paths
        self._environ = environ
        self.clock = clock

    def tasks(self) -> tuple[tuple[WatchedTask, ...], Hooks]:
        """Read the tasks that can be watched, and the hooks. Blocks.

        Raises:
            ConfigError: the config file is wrong.
        """
        today = self.today()
        config = load_config(self._paths.config, today)
        saved = all_tasks(config.tasks, load_state(self._paths.state, today))
        found = []
        for name, task in saved.items():
            whole = task.over(config.defaults)
            if whole.device is not None and whole.to is not None:
                every = whole.every_seconds or EVERY
                found.append(WatchedTask(name, whole.device, str(folder_named(whole.to)), every, whole))
        return tuple(found), config.hooks.hooks()

    async def devices(self) -> AsyncGenerator[DevicesChanged, None]:
        """Yield phones and drives now and at each change, until the engine ends."""
        client = await EngineClient.launch(self._paths, self._environ)
        try:
            async for seen in client.devices():
                yield seen
        finally:
            await client.aclose()

    async def engine(self) -> EngineClient:
        """Start an engine for one job or a few questions."""
        return await EngineClient.launch(self._paths, self._environ)

    async def run(self, spec: JobSpec, hooks: Hooks, on_status: Callable[[JobStatus], None]) -> JobStatus:
        """Run a job to its end and return its last status.

        Raises:
            EngineError: it could not be started, or its process died.
        """
        client = await self.engine()
        try:
            await client.start(spec, hooks)
            last: JobStatus | None = None
            async for last in client.statuses():
                on_status(last)
            assert last is not None
            return last
        finally:
            await client.aclose()

    def today(self) -> date:
        """The local day of the clock, on which relative ranges are worked out."""
        return date.fromtimestamp(self.clock.now())

    def running_jobs(self) -> tuple[RunningJob, ...]:
        """List the running jobs. Blocks."""
        try:
            return tuple(job for job in running_jobs(self._paths) if job.outcome is None)
        except EngineError:
            return ()

    def power(self) -> Power:
        """Return how this computer is powered. Blocks."""
        return power_now()

    def unfinished(self) -> tuple[UnfinishedJob, ...]:
        """List the jobs that a reboot or a kill ended. Blocks."""
        running = {job.job_id for job in self.running_jobs()}
        return tuple(job for job in unfinished_jobs(self._paths.state) if job.job_id not in running)

    def forget_unfinished(self, job_id: str) -> None:
        """Remove the note of a job. Blocks."""
        forget_unfinished(self._paths.state, job_id)

    def verify(self, target: str, part: int, go_on: Callable[[], bool]) -> Verification | None:
        """Read a tenth of an archive; None if `go_on` said no in between. Blocks.

        Raises:
            EngineError: the archive cannot be read.
        """

        def progress(status: VerifyStatus) -> None:
            if not go_on():
                raise _Stopped

        try:
            return verify_archive(Path(target), progress, part=(part, PARTS))
        except _Stopped:
            return None

    def verified(self, key: str) -> Verified:
        """Return when the parts of an archive were last read. Blocks.

        Args:
            key: the task's target, as written.
        """
        try:
            return from_json(Verified, self._all_verified().get(key, {}))
        except WireError:
            return Verified()

    def remember_verified(self, key: str, verified: Verified) -> None:
        """Save it. Blocks."""
        known = {**self._all_verified(), key: to_json(verified)}
        write_private(self._paths.state / VERIFIED, json_line(known))

    def _all_verified(self) -> dict[str, dict[str, object]]:
        try:
            known = json.loads((self._paths.state / VERIFIED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def run_hook(self, command: tuple[str, ...], payload: str, seconds: float) -> str:
        """Run a hook. Blocks."""
        return run_hook(command, payload, seconds, os.environ)


class _Stopped(Exception):
    """The verification makes room for a backup."""
