"""Setup: phone, range and target on one screen, and what the backup would copy."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Label

from ambertime_tui.config import Task
from ambertime_tui.engine.api.doctor import DoctorRequest
from ambertime_tui.engine.api.spec import FetchOrder, OriginalsChoice
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.library.date_range import parse_date_range
from ambertime_tui.paths import PathsError
from ambertime_tui.tui.panes.choice import DEFAULT_PATIENCE, choice_lines
from ambertime_tui.tui.panes.phone import phone_lines
from ambertime_tui.tui.panes.summary import summary_lines, summary_rows
from ambertime_tui.tui.panes.target import drive_rows, target_lines
from ambertime_tui.tui.panes.tasks import tasks_heading
from ambertime_tui.tui.panes.ways import WayChoice
from ambertime_tui.tui.range_picker import Preset, presets
from ambertime_tui.tui.screens.base import title
from ambertime_tui.tui.screens.doctor import DoctorScreen
from ambertime_tui.tui.screens.setup_engine import LOOK_AGAIN, SetupEngineScreen
from ambertime_tui.tui.screens.setup_range import PRESET_KEYS, RangePane
from ambertime_tui.tui.screens.tasks import TasksScreen
from ambertime_tui.tui.screens.ways import WaysScreen
from ambertime_tui.tui.setup_state import NOT_A_PATH, SetupState
from ambertime_tui.tui.widgets.histogram import Histogram
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.pick_list import Drawn, PickList
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line
from ambertime_tui.tui.widgets.spans import width as cells_of
from ambertime_tui.tui.widgets.text_field import TextField
from ambertime_tui.units import plural

TICK = 0.25
"""Seconds between updates of the scan's progress."""


class SetupScreen(SetupEngineScreen):
    """Everything that a job needs, updated live. Enter starts the job if nothing prevents it."""

    CSS_PATH = "setup.tcss"
    HELP_TITLE = "Setup"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "Start", id="setup.start", key_display="enter", tooltip="start the backup"),
        Binding(
            "n",
            "new_archive",
            "New archive",
            id="setup.new_archive",
            tooltip="start a new archive here, although another drive was used at this path",
        ),
        Binding("tab", "app.focus_next", "Next", id="setup.next", key_display="tab"),
        Binding("slash", "range_text", "Range", id="setup.range", key_display="/", tooltip="type a range"),
        Binding(
            "t", "target_text", "Folder", id="setup.folder", tooltip="type the path of the target folder"
        ),
        Binding(
            "i",
            "toggle_icloud",
            "iCloud",
            id="setup.icloud",
            tooltip="include or leave out iCloud originals",
        ),
        Binding(
            "e",
            "take('edits')",
            "Edits",
            id="setup.edits",
            show=False,
            tooltip="include or leave out edited versions",
        ),
        Binding(
            "h",
            "take('hidden')",
            "Hidden",
            id="setup.hidden",
            show=False,
            tooltip="include or leave out hidden items",
        ),
        Binding(
            "d",
            "take('trashed')",
            "Recently Deleted",
            id="setup.trashed",
            show=False,
            tooltip="include or leave out deleted items",
        ),
        Binding(
            "w",
            "way",
            "iCloud options",
            id="setup.way",
            show=False,
            tooltip="choose how iOS is asked for iCloud originals, the patience and the order",
        ),
        Binding("s", "tasks", "Tasks", id="setup.tasks", tooltip="load a saved task or save this one"),
        Binding(
            "c",
            "check",
            "Check the set-up",
            id="setup.check",
            show=False,
            tooltip="check the set-up: what is wrong with computer, drive or iPhone",
        ),
        Binding(
            "r",
            "rescan",
            "Read library again",
            id="setup.rescan",
            show=False,
            tooltip="read the library again; also restarts the engine if it has ended",
        ),
        *PRESET_KEYS,
    ]

    def compose(self) -> ComposeResult:
        """Phone and target in one box, the range in another; the style sheet arranges them."""
        yield Drawn(lambda w, _h: title("New backup", self._saved_tasks(w), w), id="title")
        with Container(id="setup"):
            with Container(id="ends"):
                with Vertical(id="phone", classes="pane") as pane:
                    pane.border_title = "Phone"
                    yield PickList(self._draw_phones, self._phone_row, id="phones")
                with Vertical(id="target", classes="pane") as pane:
                    pane.border_title = "Target"
                    yield PickList(self._draw_target, self._drive_row, id="drives")
                    with Horizontal(classes="field"):
                        yield Label("Folder ")
                        yield TextField(placeholder="t to type a path", leads_to="#drives", id="target-text")
            yield RangePane(lambda: self.state, self.choose, self._presets, self.context.today, self.glyphs)
        with Vertical(id="originals", classes="pane") as pane:
            pane.border_title = "Originals"
            yield PickList(self._draw_choice, self._choice_row, id="choice")
        yield Drawn(lambda w, h: summary_lines(self.state, w, h, self.glyphs), id="summary")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Start the engine and follow its reports."""
        last, defaults = self.context.state.last, self.context.defaults
        task = defaults.over(Task(originals=last.originals, fetch=last.fetch))
        self.set_state(
            self.state.with_task(task, parse_date_range(task.range or "all", self.context.today()))
        )
        self._range_pane.show_range(task.range or "")
        self.query_one(Histogram).focus()
        self.set_interval(TICK, self.tick)
        self.set_interval(LOOK_AGAIN, self.look_again)
        self._range_pane.show_library()
        self.follow_devices()

    def on_screen_resume(self) -> None:
        """Show changes made on another screen, such as saved tasks."""
        self.repaint()

    def say(self, sentence: str, style: Style = "warn") -> None:
        """Show a sentence in the summary until the next choice."""
        self.state = replace(self.state, notice=sentence)
        self.repaint()

    @property
    def _range_pane(self) -> RangePane:
        return self.query_one(RangePane)

    # State

    def choose(self, new: SetupState) -> None:
        """Store the user's choice and clear the last notice."""
        self.set_state(replace(new, notice=""))

    def set_state(self, new: SetupState) -> None:
        """Store a new state, request what it needs from the engine, and repaint what differs."""
        old = self.state
        if new.notice and new.notice == old.notice and new.has_changed_since(old):
            new = replace(new, notice="")
        self.state = new
        if new.library is not old.library:
            self._range_pane.show_library()
        phone = new.phone
        if phone is not None and new.library is None and new.scan is None:
            before = old.phone
            if before is None or before.udid != phone.udid or (phone.ready and not before.ready):
                self.read_library(phone.udid)
        if new.target != old.target:
            self.query_one("#target-text", TextField).show_text(new.target)
        engine = self.shell.engine_now
        ready = new.library is not None and new.spec is not None
        asks = new.spec != old.spec or new.library is not old.library or new.is_repaired_since(old)
        if engine is not None and ready and asks:
            self.work_out(engine)
        # The last advice stays until the new one arrives; otherwise each key would move the whole screen.
        self.set_class(bool(new.advice), "-advised")
        self.set_class(new.originals is OriginalsChoice.ICLOUD, "-from-icloud")
        if new.another_drive != old.another_drive:
            self.refresh_bindings()
        self._range_pane.show_frame()
        self.repaint()

    def repaint(self) -> None:
        """Give the sentence of the summary the rows it needs, and repaint what differs."""
        for summary in self.query("#summary"):
            rows = summary_rows(self.state, self.size.width - 4)
            if rows != self._summary_rows:  # resetting a rule causes a new layout even if there was none
                self._summary_rows = rows
                above = 0 if self.size.height < 32 else 1
                summary.styles.height = rows + above if rows > 2 else None
        super().repaint()

    _summary_rows = 2

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a new archive only on a different drive, and a preset only if there is a range for it."""
        if action == "preset":
            return parameters[0] in {preset.key for preset in self._presets()}
        return self.state.another_drive if action == "new_archive" else True

    # Drawing

    def _saved_tasks(self, width: int) -> Line:
        notices: Line = ()
        if self.shell.notices:
            problems = f"{plural(len(self.shell.notices), 'problem')} in settings: ?"
            notices = line(Span(f"  {self.glyphs.warning} {problems}", "warn"))
        return (
            *tasks_heading(tuple(self.shell.tasks), width - 24 - cells_of(notices), self.glyphs),
            *notices,
        )

    def _draw_phones(self, width: int, height: int) -> tuple[Line, ...]:
        return phone_lines(self.state, width, height, self.glyphs)

    def _phone_row(self) -> int | None:
        udids = [phone.udid for phone in self.state.phones]
        return udids.index(self.state.udid) if self.state.udid in udids else None

    def _draw_target(self, width: int, height: int) -> tuple[Line, ...]:
        return target_lines(self.state, width, height, self.glyphs)

    def _drive_row(self) -> int | None:
        paths = [drive.path for drive in drive_rows(self.state)]
        return paths.index(self.state.target) if self.state.target in paths else None

    def _draw_choice(self, width: int, height: int) -> tuple[Line, ...]:
        local, icloud = self._figures()
        return choice_lines(self.state, local, icloud, width, height, self.glyphs)

    def _choice_row(self) -> int | None:
        return 1 if self.state.originals is OriginalsChoice.ICLOUD else 0

    def _figures(self) -> tuple[Tally, Tally]:
        preview = self.state.last_preview
        if preview is not None:
            return preview.local, preview.icloud
        view = self._range_pane.view
        if view is None:
            return Tally(), Tally()
        sums = view.sums(self.state.range)
        return sums.local, sums.icloud

    def _presets(self) -> tuple[Preset, ...]:
        last = self.context.state.last_backup(self.state.udid, self.state.target)
        return presets(self.context.today(), last)

    # Keys

    def why_not(self, action: str) -> str:
        """Why the backup cannot start now; empty for all other actions."""
        return self.state.reason if action == "start" else ""

    def action_start(self) -> None:
        """Start the job; if that is not possible, the summary already says why."""
        self.say("")
        spec = self.state.spec
        if spec is not None and not self.state.reason:
            self.set_state(replace(self.state, starting=True))
            self.shell.start_job(spec)

    def not_started(self, sentence: str) -> None:
        """Show why the job did not start."""
        self.set_state(replace(self.state, starting=False, notice=sentence))

    def action_range_text(self) -> None:
        """Focus the range field."""
        self.query_one("#range-text").focus()

    def action_target_text(self) -> None:
        """Focus the folder field."""
        self.query_one("#target-text").focus()

    def action_toggle_icloud(self) -> None:
        """Include or leave out the iCloud originals."""
        included = self.state.originals is OriginalsChoice.ICLOUD
        self.choose(self.state.with_icloud(not included))

    def action_take(self, what: str) -> None:
        """Include or leave out edits, hidden or deleted items; the heading of the range pane shows it."""
        self.choose(self.state.with_other(what))

    def action_preset(self, key: str) -> None:
        """Choose the range of a preset."""
        self._range_pane.choose_preset(key)

    def action_way(self) -> None:
        """Open the iCloud options, with the advice in full."""
        state = self.state
        options = state.options
        choice = WayChoice(
            state.way, options.patience or DEFAULT_PATIENCE, options.order or FetchOrder.OLDEST
        )
        self.app.push_screen(WaysScreen(choice, state.advice, self._take_way))

    def _take_way(self, choice: WayChoice) -> None:
        options = replace(self.state.options, patience=choice.patience, order=choice.order)
        self.choose(replace(self.state, originals=OriginalsChoice.ICLOUD, way=choice.way, options=options))

    def action_check(self) -> None:
        """Check computer, drive and phone."""
        self.app.push_screen(DoctorScreen(DoctorRequest(self.state.udid, self.state.target or None)))

    def action_new_archive(self) -> None:
        """Confirm that the drive without an archive is the right one."""
        self.choose(replace(self.state, new_archive_at=self.state.target))

    def action_tasks(self) -> None:
        """Open the saved tasks."""
        self.app.push_screen(TasksScreen(self.state.as_task(self._range_pane.typed), self.apply_task))

    def apply_task(self, task: Task) -> None:
        """Set up a task as `ambertime backup --task` would; phone and target stay if it names none."""
        new = self.state.with_task(task, parse_date_range(task.range or "all", self.context.today()))
        path = self.expanded(task.to or "")
        if path:
            self.forget_typed_folder()
            new = new.with_target(path)
        self.choose(new)
        self._range_pane.show_range(task.range or "")
        engine = self.shell.engine_now
        if path and engine is not None and path not in {drive.path for drive in new.drives}:
            self.look_at(engine, path, of_task=True)

    def action_rescan(self) -> None:
        """Read the library again, or start another engine if the last one has ended."""
        if self.state.engine_problem:
            self.restart_engine()
        elif self.state.udid is not None:
            self.set_state(replace(self.state, library=None, notice=""))
            self.read_library(self.state.udid, refresh=True)

    @on(PickList.Stepped, "#phones")
    def another_phone(self, event: PickList.Stepped) -> None:
        """Select another phone."""
        udids = [phone.udid for phone in self.state.phones]
        if udids:
            row = (self._phone_row() or 0) + event.by
            chosen = self.state.with_phone(udids[min(max(0, row), len(udids) - 1)])
            self.choose(replace(chosen, options=replace(chosen.options, device=None)))

    @on(PickList.Stepped, "#drives")
    def another_drive(self, event: PickList.Stepped) -> None:
        """Select another drive."""
        paths = [drive.path for drive in drive_rows(self.state)]
        if paths:
            row = self._drive_row()
            row = 0 if row is None else min(max(0, row + event.by), len(paths) - 1)
            self.forget_typed_folder()
            self.choose(self.state.with_target(paths[row]))

    @on(PickList.Stepped, "#choice")
    def another_choice(self, event: PickList.Stepped) -> None:
        """Switch between the two choices."""
        self.choose(self.state.with_icloud(event.by > 0))

    @on(Input.Changed, "#target-text")
    def folder_typed(self, event: Input.Changed) -> None:
        """Choose the folder as it is typed."""
        path, engine = event.value.strip(), self.shell.engine_now
        if not path:
            self.choose(self.state.with_folder("", None))
        elif not path.startswith(("/", "~")):
            self.choose(self.state.with_folder(path, None, NOT_A_PATH))
        elif engine is not None:
            try:
                self.look_at(engine, self.context.expand(path))
            except PathsError as error:
                self.choose(self.state.with_folder(path, None, str(error)))

    @on(Input.Submitted)
    def field_done(self) -> None:
        """Enter in a field accepts the text; it starts the backup only outside the fields."""
        self.query_one(Histogram).focus()
