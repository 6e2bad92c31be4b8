"""Saved tasks: choose one, save the current setup under a name, delete one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label

from ambertime_tui.config import Task
from ambertime_tui.engine.api.history import TaskHistory, by_task
from ambertime_tui.tui.panes.history import last_lines
from ambertime_tui.tui.panes.tasks import task_rows
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.screens.history import HistoryScreen
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, PickList
from ambertime_tui.tui.widgets.spans import Line
from ambertime_tui.tui.widgets.text_field import TextField


class TasksScreen(AmberScreen):
    """The tasks of the config file, and those saved here."""

    CSS_PATH = "tasks.tcss"
    HELP_TITLE = "Saved tasks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose", id="tasks.choose", key_display="enter"),
        Binding("s", "save", "Save", id="tasks.save", tooltip="save this setup under a name"),
        Binding("x", "forget", "Delete", id="tasks.forget", tooltip="delete a task saved here"),
        Binding("h", "history", "History", id="tasks.history", tooltip="list past backups and their reports"),
        Binding("escape", "back", "Back", id="tasks.back", key_display="esc"),
        *(
            Binding(str(n), f"choose({n - 1})", f"Task {n}", id=f"tasks.choose-{n}", show=False)
            for n in range(1, 10)
        ),
    ]

    def __init__(self, set_up_now: Task, choose: Callable[[Task], None]) -> None:
        super().__init__()
        self._set_up_now = set_up_now
        self._choose = choose
        self.chosen = 0
        self._past: Mapping[str, TaskHistory] | None = None
        """What is known of each task; None until it is read."""

    def compose(self) -> ComposeResult:
        """The list, and a field for the name of a new task."""
        yield Drawn(lambda w, _h: title("Saved tasks", (), w), id="title")
        yield PickList(self._draw, lambda: self.chosen, id="tasks")
        yield Drawn(self._draw_last, id="last")
        with Horizontal(classes="field", id="name-row"):
            yield Label("Name ")
            yield TextField(placeholder="press s to name this setup", leads_to="#tasks", id="name")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(PickList).focus()
        self.read_history()

    @work(group="history", exclusive=True)
    async def read_history(self) -> None:
        """Read how the tasks ended last."""
        self._past = by_task(await asyncio.to_thread(self.context.history))
        self._show_again()

    def _draw_last(self, width: int, height: int) -> tuple[Line, ...]:
        if self._past is None or self._chosen_name is None:
            return ()
        return last_lines(self._past.get(self._chosen_name), self.context.clock(), width, height)

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        in_config = self.context.tasks
        return task_rows(self.shell.tasks, in_config, self.chosen, width, height, self.glyphs)

    @property
    def _chosen_name(self) -> str | None:
        names = list(self.shell.tasks)
        return names[self.chosen] if self.chosen < len(names) else None

    def why_not(self, action: str) -> str:
        """Why the task at the cursor cannot be chosen or deleted; empty if it can."""
        if action == "choose" and self._chosen_name is None:
            return "No saved tasks yet."
        if action == "forget":
            if self._chosen_name is None:
                return "No saved tasks yet."
            if self._chosen_name in self.context.tasks:
                return f"{self._chosen_name} is defined in config.toml. Remove it there."
        return ""

    @on(PickList.Stepped)
    def step(self, event: PickList.Stepped) -> None:
        """Move the cursor."""
        self.chosen = min(max(0, self.chosen + event.by), max(0, len(self.shell.tasks) - 1))
        self._show_again()

    def _show_again(self) -> None:
        self.query_one(PickList).show_again()
        self.query_one("#last", Drawn).show_again()
        self.query_one(KeyLine).show_again()

    def action_history(self) -> None:
        """List past backups."""
        self.app.push_screen(HistoryScreen())

    def action_choose(self, row: int | None = None) -> None:
        """Set up the task."""
        if row is not None:
            if row >= len(self.shell.tasks):
                return
            self.chosen = row
        if not self.refuse("choose") and self._chosen_name is not None:
            self.app.pop_screen()
            self._choose(self.shell.tasks[self._chosen_name])

    def action_save(self) -> None:
        """Focus the field for the name."""
        self.query_one("#name").focus()

    @on(Input.Submitted, "#name")
    def named(self, event: Input.Submitted) -> None:
        """Save the current setup."""
        name = "".join(c for c in event.value if c.isprintable()).strip()
        if not name:
            self.say("Type a name for the task.")
            return
        if name in self.context.tasks:
            self.say(f"{name} is already used in config.toml. Choose another name.")
            return
        state = self.context.state
        self.shell.remember(replace(state, tasks={**state.tasks, name: self._set_up_now}))
        event.input.clear()
        self.chosen = list(self.shell.tasks).index(name)
        self.query_one(PickList).focus()
        self.say(f"Saved as {name}.", "good")
        self._show_again()

    def action_forget(self) -> None:
        """Delete the task at the cursor."""
        name = self._chosen_name
        if self.refuse("forget") or name is None:
            return
        state = self.context.state
        self.shell.remember(replace(state, tasks={n: t for n, t in state.tasks.items() if n != name}))
        self.chosen = min(self.chosen, max(0, len(self.shell.tasks) - 1))
        self.say(f"Task {name} deleted. The files it backed up are untouched.", "good")
        self._show_again()

    def action_back(self) -> None:
        """Return to Setup."""
        self.app.pop_screen()
