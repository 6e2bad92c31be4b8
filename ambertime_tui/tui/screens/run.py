"""Run: three live panes, the job in one line, the latest events."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical

from ambertime_tui.engine.api.client import Command, CommandName, EngineError, Pane
from ambertime_tui.engine.api.spec import FetchOrder
from ambertime_tui.engine.api.status import Condition, JobStatus, Phase
from ambertime_tui.engine.api.trial import TrialState
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.job_actions import at_rest, has_trial, is_offered, why_not
from ambertime_tui.tui.panes.events import event_lines
from ambertime_tui.tui.panes.fetch import fetch_lines, rows_wanted, to_come
from ambertime_tui.tui.panes.scan import scan_lines
from ambertime_tui.tui.panes.totals import pace_lines, state_line, title_line
from ambertime_tui.tui.panes.write import write_lines
from ambertime_tui.tui.screens.base import AmberScreen
from ambertime_tui.tui.screens.code import CodeScreen
from ambertime_tui.tui.screens.finishing import FinishingScreen
from ambertime_tui.tui.screens.listing import ListingScreen
from ambertime_tui.tui.screens.trial import Decision, TrialScreen
from ambertime_tui.tui.textual_internals import terminal_is_behind
from ambertime_tui.tui.widgets.graph import graph_lines
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, FocusPane
from ambertime_tui.tui.widgets.spans import Line, Style

PROCESS_ENDED = (
    "The backup process ended unexpectedly. All files copied so far are complete and recorded. Press n and "
    "start the backup again to continue."
)
ORDERS = ("trial", "pause", "stop", "retry", "order", "finish", "code", "open")
REPLY_SECONDS = 8.0
"""How long the reply to a key is shown."""
BORDERS = 2
TICK = 0.25
"""Seconds between updates of the screen; slow lines cannot take more."""


class RunScreen(AmberScreen):
    """A running job. The job itself runs in the engine's process; this screen shows it and sends commands."""

    CSS_PATH = "run.tcss"
    HELP_TITLE = "Backup"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New backup", id="job.new", tooltip="set up another backup"),
        Binding("p", "pause", "Pause", id="job.pause", tooltip="pause or resume"),
        Binding("s", "stop", "Stop", id="job.stop", tooltip="finish the current files, then end the backup"),
        Binding(
            "d", "detach", "Leave", id="job.detach", tooltip="close this screen; the backup keeps running"
        ),
        Binding("enter", "open", "List", id="job.open", tooltip="list all items of this pane"),
        Binding("c", "code", "Code", id="job.code", tooltip="show the code for the phone's camera again"),
        Binding("t", "trial", "Trial", id="job.trial", tooltip="skip the trial, or decide after it"),
        Binding("f", "finish", "Finish", id="job.finish", tooltip="stop waiting for iCloud; list the rest"),
        Binding("r", "retry", "Retry", id="job.retry", tooltip="try again what failed or was given up"),
        Binding(
            "o",
            "order",
            "Order",
            id="job.order",
            tooltip="what to ask for first: oldest, newest, smallest, favourites",
        ),
        Binding("tab", "app.focus_next", "Next pane", id="job.next-pane", show=False),
    ]

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.status: JobStatus | None = None
        self.gone = ""
        """Why no further status will come; empty while the job is connected."""
        self._pending: JobStatus | None = None
        self._graph_top = 0.0
        self._second = -1
        self._fetch_rows = 0
        self._wants_code = False
        self._job_notice = ""
        self._reply: tuple[str, Style] = ("", "good")
        self._reply_until = 0.0

    def compose(self) -> ComposeResult:
        """Three panes; the style sheet stacks them or puts them side by side."""
        yield Drawn(self._draw_title, id="title")
        with Container(id="panes"):
            for name, heading, draw in (
                ("scan", "Scan", self._draw_scan),
                ("fetch", "iCloud", self._draw_fetch),
                ("write", "Drive", self._draw_write),
            ):
                pane = FocusPane(draw, id=name, classes="pane")
                pane.border_title = heading
                yield pane
        with Horizontal(id="pace-row"):
            yield Drawn(self._draw_graph, id="graph")
            yield Drawn(self._draw_pace, id="pace")
        with Vertical(id="foot"):
            yield Drawn(self._draw_events, id="events")
            yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Follow the job."""
        self.query_one("#write").focus()
        self.set_interval(TICK, self.tick)
        self.follow()

    @work(group="status", exclusive=True)
    async def follow(self) -> None:
        """Store the newest status; the next tick shows it."""
        try:
            async for status in self.engine.statuses():
                self._pending = status
                if self.status is None:
                    self.tick()
        except EngineError as error:
            self._process_ended(PROCESS_ENDED if error.kind == "HostGone" else error.sentence)
            return
        last = self._pending or self.status  # a slow terminal may not have shown the last one yet
        if last is not None and last.outcome is not None:
            self.shell.job_ended(self.engine, last)

    def _process_ended(self, sentence: str) -> None:
        """Show that the job is no longer running."""
        if self._pending is not None:
            self.status, self._pending = self._pending, None
        ended_at = self.now
        self.gone = sentence
        self.shell.job_lost()
        if self.status is not None:
            self.status = at_rest(self.status, ended_at)
        while self.app.screen is not self and self in self.app.screen_stack:
            self.app.pop_screen()
        self.say_all(((sentence, "bad"),))
        self._show_all()

    def tick(self) -> None:
        """Show what changed, at most four times a second and only if the terminal keeps up."""
        if self.gone or terminal_is_behind(self.app):
            return
        pending, self._pending = self._pending, None
        second = int(self.context.clock())
        expired = bool(self._reply[0]) and self.context.clock() >= self._reply_until
        if expired:
            self.say("")
        if pending is None and (second == self._second or not (self._clock_runs() or expired)):
            return
        self._second = second
        if pending is not None:
            old, self.status = self.status, pending
            self._follow_code(old.fetch.code if old is not None else "", pending)
            self._follow_trial(old)
            if has_trial(old) is not has_trial(pending):
                self.refresh_bindings()
            if pending.sentence != self._job_notice:
                self._job_notice = pending.sentence
                self._notice()
        self._show_all()

    def say(self, sentence: str, style: Style = "warn") -> None:
        """Show the reply to a key for a while, above the job's own notice."""
        self._reply = (sentence, style)
        self._reply_until = self.context.clock() + REPLY_SECONDS
        self._notice()

    def _notice(self) -> None:
        reply = [self._reply] if self._reply[0] != self._job_notice else []
        self.say_all((*reply, (self._job_notice, "warn")))

    def say_all(self, said: tuple[tuple[str, Style], ...]) -> None:
        """Show the sentences; the job's own notice always stays, and the events give it room."""
        if self.gone:
            said = (
                (self.gone, "bad"),
                *((s, style) for s, style in said if s not in (self.gone, self._job_notice)),
            )
        super().say_all(said)
        for foot in self.query("#foot"):
            height = self.query_one("#notice").styles.height
            foot.styles.min_height = 1 + int(height.value if height is not None else 1)

    def _show_all(self) -> None:
        fetch = self.query_one("#fetch", LinesView)
        wanted = rows_wanted(self.status, fetch.content_size.width) if self.status else 0
        rows = wanted + BORDERS if self.has_class("-narrow") else 0
        if rows != self._fetch_rows:  # resetting a rule causes a new layout even if there was none
            self._fetch_rows = rows
            fetch.styles.min_height = rows or None
        for view in self.query(LinesView):
            if view.id != "notice":
                view.show_again()

    def _clock_runs(self) -> bool:
        status = self.status
        if status is None or self.gone:
            return False
        return status.outcome is None and status.condition is not Condition.PAUSED

    @property
    def now(self) -> float:
        """The time to count from; frozen while the job is paused, so that an idle screen sends nothing."""
        if self.status is None:
            return 0.0
        return max(self.status.now, self.context.clock()) if self._clock_runs() else self.status.now

    # Drawing

    def _draw_title(self, width: int, _height: int) -> tuple[Line, ...]:
        if self.status is None:
            return (state_line("Ended unexpectedly" if self.gone else "Connecting", width),)
        return (title_line(self.status, self.now, width, self.glyphs),)

    def _draw_scan(self, width: int, height: int) -> tuple[Line, ...]:
        return scan_lines(self.status, width, height, self.glyphs) if self.status else ()

    def _draw_fetch(self, width: int, height: int) -> tuple[Line, ...]:
        return fetch_lines(self.status, self.now, width, height, self.glyphs) if self.status else ()

    def _draw_write(self, width: int, height: int) -> tuple[Line, ...]:
        return write_lines(self.status, width, height, self.glyphs) if self.status else ()

    def _draw_graph(self, width: int, height: int) -> tuple[Line, ...]:
        rates = self.status.write.rates if self.status else ()
        lines, self._graph_top = graph_lines(rates, width, height, self.glyphs, self._graph_top)
        return lines

    def _draw_pace(self, width: int, height: int) -> tuple[Line, ...]:
        return pace_lines(self.status, self.now, width, height) if self.status else ()

    def _draw_events(self, width: int, height: int) -> tuple[Line, ...]:
        events = self.status.events if self.status else ()
        return event_lines(events, width, height, self.context.time_of_day, self.glyphs)

    # Keys

    def why_not(self, action: str) -> str:
        """Why a command is not possible now."""
        if self.gone:
            return self.gone if action in ORDERS else ""
        return why_not(action, self.status)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that mean something for this job, and a new backup once its process ended."""
        return is_offered(action, self.status, gone=bool(self.gone))

    def wording(self, action: str, usual: str) -> str:
        """The pause key becomes Resume while the job is paused."""
        paused = self.status is not None and self.status.condition is Condition.PAUSED
        return "Resume" if action == "pause" and paused else usual

    @work(group="orders")
    async def order(self, command: Command, done: str = "") -> None:
        """Send a command and show the result."""
        try:
            await self.engine.command(command)
        except EngineError as error:
            self.say(error.sentence)
        else:
            self.say(done, "good")  # also clears the reply to the last key

    def action_new(self) -> None:
        """Return to Setup."""
        self.shell.set_up_again()

    def action_pause(self) -> None:
        """Pause or resume."""
        if self.refuse("pause") or self.status is None:
            return
        paused = self.status.condition is Condition.PAUSED
        self.order(Command(CommandName.RESUME if paused else CommandName.PAUSE))

    def action_stop(self) -> None:
        """Stop after the current files."""
        if not self.refuse("stop"):
            self.order(
                Command(CommandName.STOP),
                "The backup will stop once the current files are complete. A new run resumes from there.",
            )

    def action_retry(self) -> None:
        """Retry what failed."""
        if not self.refuse("retry"):
            self.order(Command(CommandName.RETRY_FAILED), "Everything that failed will be retried.")

    def action_order(self) -> None:
        """The next order of the fetch queue."""
        if self.refuse("order") or self.status is None:
            return
        orders = list(FetchOrder)
        following = orders[(orders.index(self.status.fetch.order) + 1) % len(orders)]
        self.order(Command(CommandName.ORDER, following.value), f"Now {following.value} first.")

    def action_finish(self) -> None:
        """Ask, then stop waiting for iCloud."""
        if not self.refuse("finish") and self.status is not None:
            self.app.push_screen(FinishingScreen(to_come(self.status.fetch)), self._finish)

    def _finish(self, confirmed: bool | None) -> None:
        if confirmed and not self.refuse("finish"):
            self.order(
                Command(CommandName.FINISH),
                "The backup will end once what has arrived is written.",
            )

    @work(group="orders")
    async def action_code(self) -> None:
        """Show the code for the phone's camera; request it if the status no longer has it."""
        if self.refuse("code"):
            return
        if self.status is not None and self.status.fetch.code:
            self._show_code(self.status, kept=True)
            return
        self._wants_code = True
        try:
            await self.engine.command(Command(CommandName.SHOW_CODE))
        except EngineError as error:
            self._wants_code = False
            self.say(error.sentence)

    def _show_code(self, status: JobStatus, *, kept: bool) -> None:
        fetch = status.fetch
        screen = CodeScreen(fetch.code, fetch.code_sentence or fetch.sentence, self.glyphs, kept=kept)
        self.app.push_screen(screen)

    def _follow_code(self, old: str, status: JobStatus) -> None:
        """Show a new code automatically, and close one that is done unless the user opened it."""
        code, top = status.fetch.code, self.app.screen
        if isinstance(top, CodeScreen) and top.code != code and (code or not top.kept):
            top.dismiss(None)
        if code and code != old and (top is self or isinstance(top, CodeScreen)):
            self._show_code(status, kept=self._wants_code)
            self._wants_code = False

    def _follow_trial(self, old: JobStatus | None) -> None:
        """Ask when a trial ends, and close the question when it is answered elsewhere."""
        asks, asked = _asks(self.status), _asks(old)
        top = self.app.screen
        if asks and not asked and isinstance(top, (CodeScreen, RunScreen)):
            if isinstance(top, CodeScreen):
                top.dismiss(None)
            self._ask_about_trial()
        elif not asks and isinstance(top, TrialScreen):
            top.dismiss(None)

    def _ask_about_trial(self) -> None:
        if self.status is not None and self.status.fetch.trial is not None:
            screen = TrialScreen(self.status.fetch.trial, self.context.clock, self.glyphs)
            self.app.push_screen(screen, self._decided)

    def _decided(self, decision: Decision | None) -> None:
        if decision is not None:
            self.order(decision.command, decision.sentence)

    def action_trial(self) -> None:
        """Skip the trial, or decide after it."""
        if self.refuse("trial"):
            return
        if _asks(self.status):
            self._ask_about_trial()
        else:
            self.order(Command(CommandName.TRIAL), "Trial skipped; iOS is asked for everything.")

    def action_open(self) -> None:
        """Open the list of the focused pane."""
        if self.refuse("open"):
            return
        focused = self.focused.id if self.focused is not None else None
        pane = Pane(focused) if focused in ("scan", "fetch", "write") else Pane.WRITE
        self.app.push_screen(ListingScreen(self.engine, pane, orders=True))

    def action_detach(self) -> None:
        """Leave; the job keeps running."""
        self.shell.detach()

    @property
    def job_runs(self) -> bool:
        """True while there is a job to leave behind."""
        return not self.gone and (self.status is None or self.status.phase is not Phase.ENDED)


def _asks(status: JobStatus | None) -> bool:
    """True while a person decides how to continue after a trial."""
    if status is None or status.outcome is not None or status.fetch.trial is None:
        return False
    return status.fetch.trial.state is TrialState.ASKING
