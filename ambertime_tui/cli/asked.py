"""What a command line asks for, with what it leaves unsaid taken from the config file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date

from ambertime_tui.cli.surroundings import Surroundings, UsageError
from ambertime_tui.config import Task, load_config, parse_patience
from ambertime_tui.engine.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice, Selection
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
    return Selection(
        days,
        hidden=task.hidden is not False,
        trashed=task.trashed is True,
        edits=task.edits is not False,
    )


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
    task = said.over(load_config(surroundings.paths.config, date.today()).defaults)
    if task.to is None:
        raise UsageError("Where to? Name a folder on your drive with --to DIR.")
    try:
        target = folder_named(task.to)
    except PathsError as error:
        raise UsageError(f"--to: {error}") from error
    originals = task.originals or OriginalsChoice.LOCAL
    for option, value in (("fetch", said.fetch), ("order", said.order)):
        if value is not None and originals is OriginalsChoice.LOCAL:
            raise UsageError(f"--{option} is for --originals icloud; local originals need none.")
    spec = JobSpec(
        str(target),
        task.device,
        selection_of(task),
        originals,
        order=task.order or FetchOrder.OLDEST,
        way=task.fetch or FetchWay.KEEP_ORIGINALS,
        new_archive=arguments.new_archive,
    )
    if task.patience is None:
        return spec
    try:
        return replace(spec, patience=parse_patience(task.patience))
    except ValueError as error:
        raise UsageError(str(error)) from error
