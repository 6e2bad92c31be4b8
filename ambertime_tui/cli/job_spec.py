"""The job that a command line asks for. What it leaves open comes from a saved task and the config file."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.config import Config, Task, all_tasks, load_config, load_state
from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice, Selection
from ambertime_tui.library.date_range import DateRangeError, is_relative, parse_date_range
from ambertime_tui.paths import PathsError, folder_named

E = TypeVar("E", bound=StrEnum)


def selection_of(task: Task) -> Selection:
    """Return the selection of a task; without a range, the whole library.

    Raises:
        UsageError: the range is not understood.
    """
    try:
        days = parse_date_range("all" if task.range is None else task.range, date.today())
    except DateRangeError as error:
        raise UsageError(str(error)) from error
    return task.selection(days)


def task_of(arguments: argparse.Namespace) -> Task:
    """Return the options of `scan` or `backup` as a task; None where an option is not given."""
    given = vars(arguments)
    return Task(
        device=arguments.device,
        range=arguments.range,
        to=given.get("to"),
        originals=_choice(OriginalsChoice, given.get("originals")),
        patience=given.get("patience"),
        order=_choice(FetchOrder, given.get("order")),
        fetch=_choice(FetchWay, given.get("fetch")),
        hidden=arguments.hidden,
        trashed=arguments.trashed,
        edits=given.get("edits"),
        trial=given.get("trial"),
    )


def _choice(kind: type[E], text: str | None) -> E | None:
    return None if text is None else kind(text)


def spec_of(arguments: argparse.Namespace, context: Context, *, attended: bool = False) -> JobSpec:
    """Return the job that `backup` asks for; `attended`: whether a person can answer questions.

    Raises:
        UsageError: there is no target, or an option cannot be used.
        ConfigError: the config file cannot be used.
    """
    given = task_of(arguments)
    config, tasks = load_tasks(context)
    named = Task() if arguments.task is None else named_task(arguments.task, tasks, "--task: ")
    task = given.over(named).over(config.defaults)
    for option, value in (("fetch", given.fetch), ("order", given.order)):
        if value is not None and task.originals is not OriginalsChoice.ICLOUD:
            raise UsageError(f"--{option} needs --originals icloud: local originals are not downloaded.")
    name = arguments.task or "" if given == Task() else ""  # with another option, it is another backup
    return spec_of_task(task, name, new_archive=arguments.new_archive, attended=attended)


def load_tasks(context: Context) -> tuple[Config, dict[str, Task]]:
    """Return the configuration, and all saved tasks as they are written.

    Raises:
        ConfigError: the config file cannot be used.
    """
    paths, today = context.paths, date.today()
    config = load_config(paths.config, today)
    return config, all_tasks(config.tasks, load_state(paths.state, today))


def named_task(name: str, tasks: Mapping[str, Task], prefix: str = "") -> Task:
    """Return a saved task.

    Raises:
        UsageError: there is no such task; the message starts with `prefix` and suggests one.
    """
    if name not in tasks:
        raise UsageError(prefix + _no_task(name, tasks))
    return tasks[name]


def spec_of_task(task: Task, name: str, *, new_archive: bool = False, attended: bool = False) -> JobSpec:
    """Return the job of a task, with a relative range as it is today.

    Args:
        task: completed with the defaults of the config file.
        name: its name; empty: it is not saved.
        new_archive: whether to start an archive, although another drive was used at its path.
        attended: whether a person can answer questions.

    Raises:
        UsageError: it has no target, or a setting cannot be used.
    """
    if task.to is None:
        raise UsageError(
            f'The task {name} has no target folder. Set "to" in it, or in [defaults].'
            if name
            else "No target folder. Name a folder on your drive with --to DIR."
        )
    try:
        target = folder_named(task.to)
    except PathsError as error:
        raise UsageError(f"--to: {error}") from error
    days = selection_of(task).range
    try:
        relative = task.range is not None and is_relative(task.range)
        job = task.job(str(target), days, relative_range=relative, new_archive=new_archive, attended=attended)
        return replace(job, task=name)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _no_task(name: str, tasks: Iterable[str]) -> str:
    known = list(tasks)
    if not known:
        return f"there is no task {name}, and no other saved task."
    near = get_close_matches(name, known, 1)
    return f"there is no task {name}" + (
        f"; did you mean {near[0]}?" if near else f". Saved tasks: {', '.join(known)}."
    )
