"""The loop of `watch`: looks, waits, and runs what is due, one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace

from ambertime_tui.config import ConfigError, Task
from ambertime_tui.engine.api.client import DevicesChanged, EngineClient
from ambertime_tui.engine.api.hooks import archive_payload
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import NO_HOOKS, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.engine.api.unfinished import UnfinishedJob
from ambertime_tui.engine.api.watch_event import Kind, WatchEvent
from ambertime_tui.paths import PathsError
from ambertime_tui.watch.schedule import (
    EVERY,
    TaskState,
    due_at,
    next_due,
    power_reason,
    reason_to_wait,
    wake_in,
)
from ambertime_tui.watch.world import WatchedTask, World

LOOK_EVERY = 60.0
"""Seconds between looks while nothing changes: for folders that are no drives, and for changed settings."""
RESTART_AFTER = 10.0
"""Seconds after which devices are watched again when that has failed."""
BUSY = frozenset({"TargetInUse", "JobRunning"})
"""Errors of a start while another job has the drive."""
GONE = frozenset({"HostGone", "HostFailed", "HostSilent", "OtherVersion"})
NO_TASKS = (
    "No saved task names an iPhone and a folder, so there is nothing to watch for yet. Save one with s on "
    'the setup screen, or set "device" and "to" in config.toml.'
)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A task whose phone and drive are connected."""

    task: WatchedTask
    place: str
    """Where its archive is now."""


class Watch:
    """Runs tasks when their phone and drive are connected."""

    def __init__(self, world: World, report: Callable[[WatchEvent], None]) -> None:
        self._world = world
        self._clock = world.clock
        self._report = report
        self._devices = DevicesChanged()
        self._changed = asyncio.Event()
        self._states: dict[str, TaskState] = {}
        self._lost: dict[str, UnfinishedJob] = {}
        """Jobs that a reboot ended, to be resumed once, by the name under which they are scheduled."""
        self._said: dict[str, str] = {}
        """The last sentence about each task, so that it is reported once."""
        self._asking: EngineClient | None = None
        self._reasons: dict[str, str] = {}
        """Why each task that is due could not run at the last look."""
        self._tasks: tuple[WatchedTask, ...] = ()
        self._hooks = NO_HOOKS

    async def run(self) -> None:
        """Watch until cancelled. A running job then continues without it."""
        following = asyncio.create_task(self._follow_devices(), name="devices")
        try:
            await self._read_settings()
            await self._find_lost_jobs()
            while True:
                self._changed.clear()
                await self._turn()
        finally:
            following.cancel()
            self._changed.set()  # ends a verification
            await asyncio.gather(following, return_exceptions=True)
            if self._asking is not None:
                await self._asking.aclose()

    async def _turn(self) -> None:
        """Look, then run one job, read one part of an archive, or wait."""
        await self._read_settings()
        connected, ready = await self._look()
        every = {name: one.task.every for name, one in ready.items()}
        name = next_due(every, self._states, self._clock.now())
        if name is not None:
            await self._run(ready[name])
        elif not await self._verify_a_part():
            await self._wait(wake_in(every, self._states, self._clock.now(), LOOK_EVERY))
        self._forget_old_sentences(connected)

    async def _wait(self, seconds: float) -> None:
        """Wait until something changes, but not longer than this."""
        waits = [asyncio.create_task(self._changed.wait()), asyncio.create_task(self._clock.wait(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    # Looking

    async def _follow_devices(self) -> None:
        while True:
            try:
                async with aclosing(self._world.devices()) as changes:
                    async for self._devices in changes:
                        self._changed.set()
            except EngineError as error:
                self._say("trouble", "", error.sentence)
            self._devices = DevicesChanged()
            self._changed.set()
            await self._clock.wait(RESTART_AFTER)

    async def _read_settings(self) -> None:
        try:
            self._tasks, self._hooks = await asyncio.to_thread(self._world.tasks)
        except (ConfigError, PathsError) as error:
            self._say("trouble", "", str(error))  # the settings as they were before stay in use
            return
        names = ", ".join(task.name for task in self._tasks)
        self._say("watching", "", f"Watching for {names}." if names else NO_TASKS)

    def _all_tasks(self) -> Iterator[WatchedTask]:
        yield from self._tasks
        for name, job in self._lost.items():
            yield WatchedTask(name, job.spec.udid or "", job.spec.target, EVERY, Task())

    async def _look(self) -> tuple[set[str], dict[str, _Ready]]:
        """Note which tasks have their phone and drive. Return these, and those that nothing keeps waiting."""
        tasks = {task.name: task for task in self._all_tasks()}
        self._states = {name: self._states.get(name, TaskState()) for name in tasks}
        power = await asyncio.to_thread(self._world.power)
        jobs = await asyncio.to_thread(self._world.running_jobs)
        phones = {phone.udid: phone for phone in self._devices.phones}
        connected, ready, reasons = set[str](), dict[str, _Ready](), dict[str, str]()
        for name, task in tasks.items():
            phone = phones.get(task.udid)
            place = await self._place_of(task) if phone is not None else None
            now = self._clock.now()
            self._states[name] = self._states[name].seen(now, together=place is not None)
            if phone is None or place is None:
                continue
            connected.add(name)
            busy = any(job.target == place or job.udid == task.udid for job in jobs)
            wait = "Another backup is running." if busy else reason_to_wait(phone, power)
            at = due_at(self._states[name], task.every)
            if not wait:
                ready[name] = _Ready(task, place)
            elif at is not None and at <= now:
                reasons[name] = wait
        for name in reasons.keys() & self._reasons.keys():  # not what is over in a moment
            self._say("waiting", name, reasons[name])
        self._reasons = reasons
        return connected, ready

    async def _place_of(self, task: WatchedTask) -> str | None:
        """Where the archive of a task is now; None: its drive is not there."""
        try:
            if self._asking is None:
                self._asking = await self._world.engine()
            return await self._asking.locate(task.target)
        except EngineError as error:
            if error.kind in GONE:
                self._asking = None
            self._say("waiting", task.name, error.sentence)
            return None

    # Running

    async def _run(self, ready: _Ready) -> None:
        task, lost = ready.task, self._lost.get(ready.task.name)
        spec = (
            replace(lost.spec, target=ready.place)
            if lost is not None
            else task.spec(ready.place, self._world.today())
        )
        began = self._clock.now()
        self._emit("started", task.name, f"Backing up to {ready.place}.")
        outcome, waits = Outcome.FAILED, False
        try:
            status = await self._world.run(spec, self._hooks, lambda status: self._tell(task.name, status))
        except EngineError as error:
            sentence = error.sentence
            if error.kind in BUSY:
                self._emit("waiting", task.name, sentence)
                await self._wait(LOOK_EVERY)
                return
        else:
            outcome, sentence = status.outcome or Outcome.FAILED, status.sentence
            in_icloud = status.census.count("icloud") if status.census is not None else 0
            waits = spec.originals is OriginalsChoice.ICLOUD and in_icloud > 0
        self._states[task.name] = self._states[task.name].ran(
            began, self._clock.now(), failed=outcome is Outcome.FAILED, waits_for_icloud=waits
        )
        self._emit("ended", task.name, sentence, outcome)
        if lost is not None and outcome is not Outcome.FAILED:
            del self._lost[task.name]
            await asyncio.to_thread(self._world.forget_unfinished, lost.job_id)

    def _tell(self, name: str, status: JobStatus) -> None:
        """Report what a person has to do now, once."""
        if status.attendance.hand_needed and status.sentence and status.outcome is None:
            self._say("waiting", name, status.sentence)

    async def _find_lost_jobs(self) -> None:
        """Schedule the jobs that a reboot or a kill ended. Those of a watched task run with it anyway."""
        watched = {task.name for task in self._tasks}
        for job in await asyncio.to_thread(self._world.unfinished):
            if job.spec.task in watched or job.spec.udid is None:
                await asyncio.to_thread(self._world.forget_unfinished, job.job_id)
            else:
                self._lost[f"unfinished {job.job_id}"] = job

    # Verifying

    async def _verify_a_part(self) -> bool:
        """Read the part of an archive that was read longest ago, once a week. False: none is due."""
        if power_reason(await asyncio.to_thread(self._world.power)):
            return False
        for task in self._tasks:
            known = await asyncio.to_thread(self._world.verified, task.target)
            now = self._clock.now()
            if not known.last:  # what was just copied was just read back: begin in a week
                await asyncio.to_thread(self._world.remember_verified, task.target, replace(known, last=now))
            if not known.last or not known.is_due(now):
                continue
            place = await self._archive_of(task)
            if place is None:
                continue
            part = known.part
            try:
                found = await asyncio.to_thread(self._world.verify, place, part, self._may_go_on)
            except EngineError as error:
                self._say("trouble", task.name, error.sentence)
                continue
            if found is None:  # a phone or drive came or went: that first
                return True
            after = known.after(part, self._clock.now())
            await asyncio.to_thread(self._world.remember_verified, task.target, after)
            self._emit("verified", task.name, found.proof)
            if not found.sound and self._hooks.hand_needed:
                payload = archive_payload(task.name, place, found.proof, self._clock.now())
                hook = self._hooks.hand_needed
                await asyncio.to_thread(self._world.run_hook, hook, payload, self._hooks.seconds)
            return True
        return False

    async def _archive_of(self, task: WatchedTask) -> str | None:
        """Where the archive of a task is, if its drive is connected and nothing is being written to it."""
        try:
            if self._asking is None:
                self._asking = await self._world.engine()
            place = await self._asking.locate(task.target)
            drive = await self._asking.drive(place)
        except EngineError as error:
            if error.kind in GONE:
                self._asking = None
            return None
        jobs = await asyncio.to_thread(self._world.running_jobs)
        return place if drive.has_archive and all(job.target != place for job in jobs) else None

    def _may_go_on(self) -> bool:
        return not self._changed.is_set()

    # Reporting

    def _say(self, kind: Kind, task: str, sentence: str) -> None:
        """Report a sentence unless it is the last one about this task."""
        key = task or kind
        if self._said.get(key) != sentence:
            self._said[key] = sentence
            self._report(WatchEvent(kind, self._clock.now(), sentence, task))

    def _emit(self, kind: Kind, task: str, sentence: str, outcome: Outcome | None = None) -> None:
        """Report a sentence, and whatever was said about the task may be said again."""
        self._said.pop(task, None)
        self._report(WatchEvent(kind, self._clock.now(), sentence, task, outcome))

    def _forget_old_sentences(self, connected: set[str]) -> None:
        """Let a task say again what it waits for once its phone and drive have been there."""
        for name in connected & self._said.keys():
            if self._states.get(name, TaskState()).began_at is not None:
                del self._said[name]
