"""Setup and the engine: phones, drives, libraries and previews arrive, each as a new state."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import work

from ambertime_tui.engine.api.client import EngineError, Preview
from ambertime_tui.engine.api.status import ScanStatus
from ambertime_tui.paths import PathsError
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.screens.base import AmberScreen
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.textual_internals import terminal_is_behind
from ambertime_tui.tui.widgets.histogram import Histogram
from ambertime_tui.tui.widgets.lines import LinesView

LOOK_AGAIN = 3.0
"""Seconds between checks of what prevents the start."""
LOOK_AGAIN_AT_MOST = 60.0
"""Seconds between attempts to read a library that could not be read; each failure doubles the time."""
DEBOUNCE = 0.12
"""Seconds that a choice must be unchanged before a preview is requested."""


ENGINE_ENDED = "The engine ended unexpectedly. Files already backed up are safe. Press r to restart it."


def engine_trouble(error: EngineError) -> str:
    """Why there is no engine, and which key tries again."""
    match error.kind:
        case "HostGone":
            return ENGINE_ENDED
        case "OtherVersion":  # only a restart of the app helps, as the sentence says
            return error.sentence
        case _:
            return f"{error.sentence.rstrip('.')}. Press r to try again."


class SetupEngineScreen(AmberScreen):
    """Holds the state and requests what it needs from the engine; the subclass draws it."""

    def __init__(self) -> None:
        super().__init__()
        self.state = SetupState()
        self._scan_moved = False
        self._failed_reads = 0
        """How often reading the library failed in a row."""
        self._reads_again_at = 0.0
        self.found_at: dict[str, str] = {}
        """Where the archives of tasks are now, by the path in the task."""

    def set_state(self, new: SetupState) -> None:
        """Store a new state; subclasses request what it needs."""
        self.state = new

    def forget_typed_folder(self) -> None:
        """Cancel the check of a typed folder, which would otherwise undo a later choice."""
        self.workers.cancel_group(self, "drive")

    def restart_engine(self) -> None:
        """Start another engine in place of one that has ended, and keep all choices."""
        for group in ("survey", "preview", "drive"):
            self.workers.cancel_group(self, group)
        self.set_state(self.state.without_engine())
        self.follow_devices(restart=True)

    @work(group="devices", exclusive=True)
    async def follow_devices(self, *, restart: bool = False) -> None:
        """Follow phones and drives as they come and go."""
        try:
            engine = await (self.shell.another_engine() if restart else self.shell.engine())
            wanted = self.state.target or self.expanded(
                self.context.target or self.context.state.last.to or ""
            )
            async for devices in engine.devices():
                first = self.state.devices is None
                self.set_state(self.state.with_devices(devices, wanted))
                if first and wanted and self.state.target != wanted:
                    self.look_at(engine, wanted)
        except EngineError as error:
            self.set_state(replace(self.state, engine_problem=engine_trouble(error)))

    @work(group="survey", exclusive=True)
    async def read_library(self, udid: str, *, refresh: bool = False) -> None:
        """Read the library of a phone; with `refresh`, even if the engine has just read it."""
        self.set_state(replace(self.state, scan=ScanStatus(), scan_problem=""))
        try:
            engine = await self.shell.engine()
            library = await engine.survey(udid, self._scanning, refresh=refresh)
        except EngineError as error:
            if self.state.udid == udid:
                self._failed_reads += 1
                wait = min(LOOK_AGAIN * 2**self._failed_reads, LOOK_AGAIN_AT_MOST)
                self._reads_again_at = self.context.clock() + wait
                self.set_state(replace(self.state, scan=None, scan_problem=error.sentence))
            return
        self._failed_reads = 0
        if self.state.udid == udid:
            self.set_state(replace(self.state, library=library, scan=None))

    def _scanning(self, scan: ScanStatus) -> None:
        self.state = replace(self.state, scan=scan)
        self._scan_moved = True

    def tick(self) -> None:
        """Show the scan's progress, if the terminal keeps up."""
        if self._scan_moved and not terminal_is_behind(self.app):
            self._scan_moved = False
            self.repaint()

    @work(group="preview", exclusive=True)
    async def work_out(self, engine: Engine) -> None:
        """Request a preview once the choice has been unchanged for a moment."""
        await asyncio.sleep(DEBOUNCE)
        spec = self.state.spec
        if spec is None:
            return
        preview: Preview | None
        try:
            preview = await engine.preview(spec)
        except EngineError as error:
            preview, problem, trouble = None, error.sentence, error.kind
        else:
            problem = trouble = ""
        self.set_state(
            replace(
                self.state,
                preview=preview,
                preview_of=spec,
                preview_problem=problem,
                preview_trouble=trouble,
            )
        )

    @work(group="drive", exclusive=True)
    async def look_at(self, engine: Engine, path: str, *, of_task: bool = False) -> None:
        """Check a typed folder, or that of a task, whose drive may be mounted elsewhere now."""
        await asyncio.sleep(DEBOUNCE)
        try:
            written = path
            if of_task:
                self.found_at[written] = written
                path = self.found_at[written] = await engine.locate(written)
            drive = await engine.drive(path)
        except EngineError as error:
            self.set_state(self.state.with_folder(path, None, error.sentence))
            return
        self.set_state(self.state.with_folder(path, drive))

    def look_again(self) -> None:
        """Check again what prevents the start, unless it is being checked: it may have changed meanwhile."""
        state, engine = self.state, self.shell.engine_now
        if engine is None or state.starting or self._checks_run():
            return
        phone = state.phone
        due = self.context.clock() >= self._reads_again_at
        if state.scan_problem and phone is not None and phone.ready and due:
            self.read_library(phone.udid)
        if state.target_may_change:
            if state.target not in {drive.path for drive in state.drives}:
                self.look_at(engine, state.target, of_task=state.target in self.found_at)
            if state.spec is not None and state.library is not None and not state.target_problem:
                self.work_out(engine)

    def _checks_run(self) -> bool:
        groups = ("survey", "preview", "drive")
        return any(worker.group in groups and not worker.is_finished for worker in self.workers)

    def repaint(self) -> None:
        """Repaint what differs; the histogram has its own updates."""
        for view in self.query(LinesView):
            if not isinstance(view, Histogram):
                view.show_again()

    def expanded(self, path: str) -> str:
        """A path with ~ expanded; if that fails, the path as typed, for the engine to refuse."""
        try:
            return self.context.expand(path) if path else ""
        except PathsError:
            return path
