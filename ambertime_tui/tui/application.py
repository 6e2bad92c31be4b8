"""The full-screen app: which screen is shown, which engine it uses, and how the app ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from ambertime_tui.config import State, Task, all_tasks, backup_key
from ambertime_tui.engine.api.client import Command, CommandName, EngineError
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.exit_codes import ExitCode, exit_code_of
from ambertime_tui.tui.context import AppContext
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.job_actions import finished_to_the_end, task_of
from ambertime_tui.tui.keymap import KeyScope, usable_keys
from ambertime_tui.tui.panes.tasks import task_words
from ambertime_tui.tui.screens.base import AmberScreen
from ambertime_tui.tui.screens.code import CodeScreen
from ambertime_tui.tui.screens.doctor import DoctorScreen
from ambertime_tui.tui.screens.end import EndScreen
from ambertime_tui.tui.screens.finishing import FinishingScreen
from ambertime_tui.tui.screens.help import HelpScreen
from ambertime_tui.tui.screens.history import HistoryScreen, PastReportScreen
from ambertime_tui.tui.screens.jobs import JobsScreen
from ambertime_tui.tui.screens.leaving import Leaving, LeavingScreen
from ambertime_tui.tui.screens.listing import ListingScreen
from ambertime_tui.tui.screens.preview import PreviewScreen
from ambertime_tui.tui.screens.run import RunScreen
from ambertime_tui.tui.screens.setup import SetupScreen
from ambertime_tui.tui.screens.tasks import TasksScreen
from ambertime_tui.tui.screens.trial import TrialScreen
from ambertime_tui.tui.screens.ways import WaysScreen
from ambertime_tui.tui.terminal import Colors, Terminal
from ambertime_tui.tui.textual_internals import QuietApp, tell_terminal, unmarked
from ambertime_tui.tui.themes import (
    DEFAULT,
    MONOCHROME,
    SIXTEEN_COLORS,
    bundled_folder,
    load_themes,
    meaning_defaults,
)
from ambertime_tui.tui.widgets.histogram import Histogram
from ambertime_tui.tui.widgets.pick_list import PickList
from ambertime_tui.tui.widgets.row_list import RowList
from ambertime_tui.tui.widgets.spans import visible
from ambertime_tui.tui.widgets.text_field import TextField

STILL_RUNNING = "The backup keeps running. `ambertime` shows it again, `ambertime stop` ends it."

STILL_STARTING = "The backup is starting and keeps running. `ambertime` shows it, `ambertime stop` ends it."


class AmberApp(QuietApp):
    """The full-screen app. It has one engine connection at a time."""

    TITLE = "AmberTime"
    CSS_PATH = "application.tcss"
    HELP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
        Binding("q", "quit", "Quit", id="app.quit"),
        Binding("ctrl+q,ctrl+c", "quit", "Quit", id="app.quit-anywhere", show=False, priority=True),
        Binding(
            "ctrl+z", "suspend_process", "Suspend", id="app.suspend", show=False, tooltip="return with fg"
        ),
    ]

    def __init__(
        self,
        context: AppContext,
        terminal: Terminal,
        *,
        attach_to: Path | None = None,
        theme: str | None = None,
    ) -> None:
        super().__init__(ansi_color=True if terminal.native_palette else None)
        self.context = context
        self.terminal = terminal
        self.attach_to = attach_to
        self.engine_now: Engine | None = None
        self._starting = asyncio.Lock()
        self._job_starts = False
        self._notice_shown = False
        self.outcome: Outcome | None = None
        self.notices = (*context.notices, *self._load_themes(theme))
        """Problems in the user's settings, one sentence each; the help lists them all."""
        if terminal.ascii:
            self.add_class("-ascii")

    # Themes

    def _load_themes(self, wanted: str | None) -> Iterator[str]:
        themes, failures = load_themes((bundled_folder(), self.context.theme_folder))
        yield from failures
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in themes:
            self.register_theme(theme)
        limited = {Colors.C16: SIXTEEN_COLORS, Colors.NONE: MONOCHROME}.get(self.terminal.colors)
        if limited is not None and (wanted is None or not self._is_native(wanted)):
            wanted = limited
        names = {theme.name for theme in themes}
        for asked in dict.fromkeys((self.context.theme, wanted)):
            if asked and asked not in names:
                yield f"Unknown theme {asked}. Choose one of: {', '.join(sorted(names))}."
        chosen = next((name for name in (wanted, DEFAULT) if name in names), None)
        if chosen is not None:
            self.theme = chosen

    def _is_native(self, name: str) -> bool:
        theme = self.available_themes.get(name)
        return theme is not None and theme.ansi

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Defaults for our own colour variables."""
        return meaning_defaults(self.current_theme)

    # Screens

    def on_mount(self) -> None:
        """Apply the changed keys and open the first screen."""
        if self.context.keys:
            keys, wrong = usable_keys(self.context.keys, KEY_SCOPES)
            self.notices = (*self.notices, *wrong)
            self.set_keymap(keys)
        self.open_first()

    @work(group="open", exclusive=True)
    async def open_first(self) -> None:
        """Open the running job, the list of running jobs, or Setup."""
        if self.attach_to is not None:
            self.attach(self.attach_to)
            return
        jobs = await asyncio.to_thread(self.context.running_jobs)
        running = tuple(job for job in jobs if job.outcome is None)
        if len(running) == 1:
            self.attach(Path(running[0].socket))
        elif running:
            self._show(JobsScreen(running))
        else:
            self._show(SetupScreen())

    def _show(self, screen: Screen[None]) -> None:
        while len(self.screen_stack) > 2:  # such as options opened over Setup while the job was starting
            self.pop_screen()
        if len(self.screen_stack) > 1:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)
        if self.notices and not self._notice_shown:
            self._notice_shown = True
            self._show_notice(screen, self.notices[0])

    def _show_notice(self, screen: Screen[None], sentence: str) -> None:
        if isinstance(screen, AmberScreen):
            screen.call_after_refresh(screen.say, sentence)

    async def engine(self) -> Engine:
        """Return the engine in use; start it when it is first needed.

        Raises:
            EngineError: it cannot be started.
        """
        async with self._starting:
            if self.engine_now is None:
                self.engine_now = await self.context.launch()
            return self.engine_now

    async def another_engine(self) -> Engine:
        """Start a new engine in place of one that has ended.

        Raises:
            EngineError: it cannot be started.
        """
        async with self._starting:
            await self._close_engine()
        return await self.engine()

    @work(group="open", exclusive=True)
    async def attach(self, socket: Path) -> None:
        """Connect to a running job and show it."""
        try:
            engine = await self.context.attach(socket)
        except EngineError as error:
            setup = SetupScreen()
            self._show(setup)
            self._show_notice(setup, error.sentence)
            return
        await self._close_engine()
        self.engine_now = engine
        self._show(RunScreen(engine))

    def start_job(self, spec: JobSpec) -> None:
        """Start a job and show it. Do nothing while one is starting: Enter may be pressed twice."""
        if not self._job_starts:
            self._job_starts = True
            named = task_of(spec, self.tasks, self.context.today(), self._target_of)
            self._start_job(replace(spec, task=named))

    def _target_of(self, text: str) -> str:
        """Where the archive of a task is now, by the path that is written in it."""
        path = self.context.expand(text)
        for screen in self.screen_stack:
            if isinstance(screen, SetupScreen):
                return screen.found_at.get(path, path)
        return path

    @work(group="start")
    async def _start_job(self, spec: JobSpec) -> None:
        try:
            engine = await self.engine()
            await engine.start(spec, self.context.hooks)
        except EngineError as error:
            for screen in self.screen_stack:
                if isinstance(screen, SetupScreen):
                    screen.not_started(error.sentence)
            if isinstance(self.screen, AmberScreen):
                self.screen.say(error.sentence, "bad")
            return
        finally:
            self._job_starts = False
        chosen = Task(
            device=spec.udid,
            range=str(spec.selection.range),
            to=spec.target,
            originals=spec.originals,
            fetch=spec.way,
        )
        self.remember(replace(self.context.state, last=chosen))
        self._show(RunScreen(engine))

    def job_ended(self, engine: Engine, status: JobStatus) -> None:
        """Show the result, and notify the terminal, which may be in the background."""
        self.outcome = status.outcome
        if finished_to_the_end(status) and status.spec.udid is not None:
            pair = backup_key(status.spec.udid, status.spec.target)
            day = self.context.day_of(status.started_at).isoformat()
            state = self.context.state
            self.remember(replace(state, finished={**state.finished, pair: day}))
        self.bell()
        tell_terminal(
            self, f"\x1b]9;AmberTime: {status.outcome}\x07\x1b]777;notify;AmberTime;{status.outcome}\x07"
        )
        self._show(EndScreen(engine, status))

    def job_lost(self) -> None:
        """Note that the job's process died: leaving now has the exit code of a failed job."""
        self.outcome = Outcome.FAILED

    @work(group="open", exclusive=True)
    async def set_up_again(self) -> None:
        """Return to Setup. A running job keeps its engine; Setup starts another."""
        await self._close_engine()
        self._show(SetupScreen())

    async def _close_engine(self) -> None:
        if self.engine_now is not None:
            engine, self.engine_now = self.engine_now, None
            await engine.aclose()

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The saved tasks by name, completed with the defaults of the config file."""
        tasks = all_tasks(self.context.tasks, self.context.state)
        return {name: task.over(self.context.defaults) for name, task in tasks.items()}

    def remember(self, state: State) -> None:
        """Save choices for the next run."""
        self.context = replace(self.context, state=state)
        self.context.remember(state)

    # Leaving

    def action_help(self) -> None:
        """List all keys of this screen."""
        if not isinstance(self.screen, (HelpScreen, LeavingScreen, FinishingScreen)):
            self.push_screen(HelpScreen(dict(self.screen.active_bindings), self.notices))

    async def action_quit(self) -> None:
        """Leave the app. While a job runs, ask first."""
        run = next((screen for screen in self.screen_stack if isinstance(screen, RunScreen)), None)
        if isinstance(self.screen, LeavingScreen):
            self.pop_screen()
        elif run is not None and run.job_runs:
            self.push_screen(LeavingScreen(), self._left)
        elif self._job_starts:
            self.exit(ExitCode.COMPLETE, message=STILL_STARTING)
        else:
            self.leave(exit_code_of(self.outcome) if self.outcome is not None else ExitCode.COMPLETE)

    def _left(self, answer: Leaving | None) -> None:
        if answer is Leaving.KEEP_GOING:
            self.detach()
        elif answer is Leaving.STOP:
            self._send_stop(CommandName.STOP)
        elif answer is Leaving.STOP_NOW:
            self._send_stop(CommandName.STOP_NOW)

    @work(group="orders")
    async def _send_stop(self, how: CommandName) -> None:
        """Send a stop command. The result is shown when the job ends; q leaves from there."""
        if self.engine_now is None:
            return
        try:
            await self.engine_now.command(Command(how))
        except EngineError as error:
            if isinstance(self.screen, AmberScreen):
                self.screen.say(error.sentence)

    def detach(self) -> None:
        """Leave the app; the job keeps running."""
        self.exit(ExitCode.COMPLETE, message=STILL_RUNNING)

    def leave(self, code: int) -> None:
        """End the app with an exit code."""
        self.exit(code)

    def leave_soon(self, code: int) -> None:
        """End the app from a signal handler."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self.leave, code)

    async def on_unmount(self) -> None:
        """Close the connection to the engine."""
        await self._close_engine()

    # Palette

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """List the commands of this screen's keys, then those of every screen."""
        if isinstance(screen, SetupScreen):
            for name, task in self.tasks.items():
                apply = partial(screen.apply_task, task)
                words = task_words(task, self.context.glyphs)
                yield SystemCommand(unmarked(visible(f"Task: {name}")), unmarked(visible(words)), apply)
        for active in screen.active_bindings.values():
            binding = active.binding
            listed = binding.show or binding.tooltip
            if listed and not binding.system and binding.action not in ("quit", "help"):
                reason = screen.why_not(binding.action) if isinstance(screen, AmberScreen) else ""
                yield SystemCommand(
                    binding.description,
                    unmarked(reason or binding.tooltip or f"key: {binding.key}"),
                    partial(self._run_binding, active.node, active.binding.action),
                )
        yield SystemCommand("Theme", "choose another theme", self.search_themes)
        yield SystemCommand("Keys and help", "list all keys of this screen", self.action_help)
        yield SystemCommand("Quit", "leave the app; asks first while a backup runs", self.action_quit)

    def _run_binding(self, node: DOMNode, action: str) -> None:
        self.call_later(self.run_action, action, node)

    def watch_theme(self, theme: str) -> None:
        """Save a theme chosen in the palette."""
        if self.is_running and theme != self.context.state.theme:
            self.remember(replace(self.context.state, theme=theme))


KEY_SCOPES: tuple[KeyScope, ...] = (
    (AmberApp, SetupScreen, Histogram, TextField),
    (AmberApp, SetupScreen, PickList, TextField),
    (AmberApp, TasksScreen, PickList, TextField),
    (AmberApp, HistoryScreen, PickList),
    (AmberApp, WaysScreen, PickList),
    (AmberApp, JobsScreen, PickList),
    (AmberApp, ListingScreen, RowList),
    *((AmberApp, screen) for screen in (RunScreen, EndScreen, PastReportScreen, HelpScreen, DoctorScreen)),
    *((screen,) for screen in (CodeScreen, LeavingScreen, FinishingScreen, PreviewScreen, TrialScreen)),
)
"""Each screen with the parts that can have the focus; their keys must not clash."""
