"""What a command line asks for, with what it leaves unsaid taken from the config file."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from ambertime_tui.cli.surroundings import Surroundings, UsageError
from ambertime_tui.config import Task, all_tasks, load_config, load_state
from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice, Selection
from ambertime_tui.library.date_range import DateRangeError, parse_date_range
from ambertime_tui.paths import PathsError, folder_named


def selection_of(task: Task) -> Selection:
    """What of a library is meant.

    Raises:
        UsageError: the range is none.
    """
    try:
        days = parse_date_range("all" if task.range is None else task.range, date.today())
    except DateRangeError as error:
        raise UsageError(str(error)) from error
    return task.selection(days)


def task_of(arguments: argparse.Namespace) -> Task:
    """What the command line says; None where it says nothing."""
    said = vars(arguments)
    originals, to = said.get("originals"), said.get("to")
    return Task(
        device=arguments.device,
        range=arguments.range,
        to=None if to is None else str(to),
        originals=None if originals is None else OriginalsChoice(originals),
        patience=said.get("patience"),
        order=None if (order := said.get("order")) is None else FetchOrder(order),
        fetch=None if (fetch := said.get("fetch")) is None else FetchWay(fetch),
        hidden=False if arguments.no_hidden else None,
        trashed=True if arguments.trashed else None,
        edits=False if said.get("no_edits") else None,
    )


def spec_of(arguments: argparse.Namespace, surroundings: Surroundings) -> JobSpec:
    """The job that `backup` asks for.

    Raises:
        UsageError: no target, or something is not understood.
        ConfigError: the config file is not understood.
    """
    said = task_of(arguments)
    paths, today = surroundings.paths, date.today()
    config = load_config(paths.config, today)
    named = Task()
    if arguments.task is not None:
        tasks = all_tasks(config.tasks, load_state(paths.state, today))
        if arguments.task not in tasks:
            raise UsageError(_no_task(arguments.task, tasks))
        named = tasks[arguments.task]
    task = said.over(named).over(config.defaults)
    if task.to is None:
        raise UsageError("Where to? Name a folder on your drive with --to DIR.")
    try:
        target = folder_named(task.to)
    except PathsError as error:
        raise UsageError(f"--to: {error}") from error
    for option, value in (("fetch", said.fetch), ("order", said.order)):
        if value is not None and task.originals is not OriginalsChoice.ICLOUD:
            raise UsageError(f"--{option} is for --originals icloud; local originals need none.")
    days = selection_of(task).range
    try:
        return task.job(str(target), days, new_archive=arguments.new_archive)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _no_task(name: str, tasks: Iterable[str]) -> str:
    known = list(tasks)
    if not known:
        return f"--task: no task is saved, so none is called {name}."
    near = get_close_matches(name, known, 1)
    return f"--task: no task is called {name}; " + (
        f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    )
