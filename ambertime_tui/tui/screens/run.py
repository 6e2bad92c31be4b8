"""Run: the three live panes, the whole in a line, the last events."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal

from ambertime_tui.engine.client import Command, CommandName, EngineError, Pane
from ambertime_tui.engine.spec import FetchOrder
from ambertime_tui.engine.status import Condition, JobStatus, Phase
from ambertime_tui.tui.glyphs import ASCII
from ambertime_tui.tui.panes.events import event_lines
from ambertime_tui.tui.panes.fetch import fetch_lines
from ambertime_tui.tui.panes.scan import scan_lines
from ambertime_tui.tui.panes.totals import pace_lines, state_line, title_line
from ambertime_tui.tui.panes.write import write_lines
from ambertime_tui.tui.port import Engine
from ambertime_tui.tui.run_rules import why_not
from ambertime_tui.tui.screens.base import AmberScreen
from ambertime_tui.tui.screens.code import CodeScreen
from ambertime_tui.tui.screens.listing import ListingScreen
from ambertime_tui.tui.textual_internals import terminal_is_behind
from ambertime_tui.tui.widgets.graph import graph_lines
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, FocusPane
from ambertime_tui.tui.widgets.spans import Line

TICK = 0.25
"""Seconds between two pictures; the engine may know better, the line may not."""


class RunScreen(AmberScreen):
    """A job, live. It only looks and gives orders: the job lives in the engine's process."""

    CSS_PATH = "run.tcss"
    HELP_TITLE = "Backup"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", id="job.pause", tooltip="and go on again"),
        Binding("s", "stop", "Stop", id="job.stop", tooltip="the files in hand are finished first"),
        Binding("r", "retry", "Retry", id="job.retry", tooltip="everything that failed or was given up"),
        Binding(
            "o", "order", "Order", id="job.order", tooltip="oldest, newest or smallest first from iCloud"
        ),
        Binding("f", "finish", "Finish", id="job.finish", tooltip="wait for iCloud no longer; list the rest"),
        Binding(
            "c", "code", "Code", id="job.code", show=False, tooltip="the code for the phone's camera, again"
        ),
        Binding("enter", "open", "List", id="job.open", tooltip="the whole list of the pane in focus"),
        Binding("d", "detach", "Leave", id="job.detach", tooltip="the job goes on without this screen"),
        Binding("tab", "app.focus_next", "Next pane", id="job.next-pane", show=False),
    ]

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.status: JobStatus | None = None
        self._pending: JobStatus | None = None
        self._graph_top = 0.0
        self._second = -1

    def compose(self) -> ComposeResult:
        """Three panes, stacked or side by side by the style sheet."""
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
        yield Drawn(self._draw_events, id="events")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Follows the job."""
        self.query_one("#write").focus()
        self.set_interval(TICK, self.tick)
        self.follow()

    @work(group="status", exclusive=True)
    async def follow(self) -> None:
        """Takes the newest status; the tick shows it."""
        try:
            async for status in self.engine.statuses():
                self._pending = status
                if self.status is None:
                    self.tick()
        except EngineError as error:
            self.say(error.sentence, "bad")
            return
        self.tick()
        if self.status is not None and self.status.outcome is not None:
            self.amber.job_ended(self.engine, self.status)

    def tick(self) -> None:
        """Shows what changed, at most four times a second and only as fast as the terminal reads."""
        if terminal_is_behind(self.app):
            return
        pending, self._pending = self._pending, None
        second = int(self.world.clock())
        if pending is None and (second == self._second or not self._clock_runs()):
            return
        self._second = second
        if pending is not None:
            old, self.status = self.status, pending
            self._follow_code(old.fetch.code if old is not None else "", pending)
            if old is None or pending.sentence != old.sentence:
                self.say(pending.sentence)
        for view in self.query(LinesView):
            if view.id != "notice":
                view.show_again()

    def _clock_runs(self) -> bool:
        status = self.status
        return status is not None and status.outcome is None and status.condition is not Condition.PAUSED

    @property
    def now(self) -> float:
        """The time to count from; it stands while the job is paused, so that an idle screen sends nothing."""
        if self.status is None:
            return 0.0
        return max(self.status.now, self.world.clock()) if self._clock_runs() else self.status.now

    # Drawing

    def _draw_title(self, width: int, _height: int) -> tuple[Line, ...]:
        if self.status is None:
            return (state_line("Connecting", width),)
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
        return pace_lines(self.status, width, height) if self.status else ()

    def _draw_events(self, width: int, height: int) -> tuple[Line, ...]:
        events = self.status.events if self.status else ()
        return event_lines(events, width, height, self.world.time_of_day, self.glyphs)

    # Keys

    def why_not(self, action: str) -> str:
        """The reason why an order makes no sense now."""
        return why_not(action, self.status)

    def wording(self, action: str, usual: str) -> str:
        """The pause key says what it would do."""
        paused = self.status is not None and self.status.condition is Condition.PAUSED
        return "Go on" if action == "pause" and paused else usual

    @work(group="orders")
    async def order(self, command: Command, done: str = "") -> None:
        """Gives an order, and says what came of it."""
        try:
            await self.engine.command(command)
        except EngineError as error:
            self.say(error.sentence)
        else:
            self.say(done, "good")

    def action_pause(self) -> None:
        """Pauses, or goes on."""
        if self.refuse("pause") or self.status is None:
            return
        paused = self.status.condition is Condition.PAUSED
        self.order(Command(CommandName.RESUME if paused else CommandName.PAUSE))

    def action_stop(self) -> None:
        """Stops after the files in hand."""
        if not self.refuse("stop"):
            self.order(
                Command(CommandName.STOP), "Stops as soon as the files in hand are whole on the drive."
            )

    def action_retry(self) -> None:
        """Tries again what failed."""
        if not self.refuse("retry"):
            self.order(Command(CommandName.RETRY_FAILED), "Everything that failed is tried again.")

    def action_order(self) -> None:
        """The next order of the fetch queue."""
        if self.refuse("order") or self.status is None:
            return
        orders = list(FetchOrder)
        following = orders[(orders.index(self.status.fetch.order) + 1) % len(orders)]
        self.order(
            Command(CommandName.ORDER, following.value), f"{following.value.capitalize()} first from now on."
        )

    def action_finish(self) -> None:
        """Waits for iCloud no longer."""
        if not self.refuse("finish"):
            self.order(Command(CommandName.FINISH), "Writes what is here, then ends with the rest listed.")

    @work(group="orders")
    async def action_code(self) -> None:
        """Shows the code for the phone's camera; asks the engine for it where it was put away."""
        if self.status is None or not self.status.fetch.code:
            try:
                await self.engine.command(Command(CommandName.SHOW_CODE))
            except EngineError as error:
                self.say(error.sentence)
            return
        self._show_code(self.status)

    def _show_code(self, status: JobStatus) -> None:
        screen = CodeScreen(status.fetch.code, status.fetch.sentence, ascii_only=self.glyphs is ASCII)
        self.app.push_screen(screen)

    def _follow_code(self, old: str, status: JobStatus) -> None:
        """A new code is shown by itself, and one that has done its work goes away."""
        code, top = status.fetch.code, self.app.screen
        if isinstance(top, CodeScreen) and top.code != code:
            top.dismiss(None)
        if code and code != old and (top is self or isinstance(top, CodeScreen)):
            self._show_code(status)

    def action_open(self) -> None:
        """The whole list of the pane in focus."""
        if self.refuse("open"):
            return
        focused = self.focused.id if self.focused is not None else None
        pane = Pane(focused) if focused in ("scan", "fetch", "write") else Pane.WRITE
        self.app.push_screen(ListingScreen(self.engine, pane, orders=True))

    def action_detach(self) -> None:
        """Leaves; the job goes on."""
        self.amber.detach()

    @property
    def job_runs(self) -> bool:
        """True as long as leaving leaves something behind."""
        return self.status is None or self.status.phase is not Phase.ENDED
