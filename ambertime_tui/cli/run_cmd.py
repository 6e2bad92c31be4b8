"""`ambertime run`."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import printer_for, with_engine
from ambertime_tui.cli.options import add_command, add_dry_run, add_json, check_dry_run
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.client import EngineClient
    from ambertime_tui.engine.api.spec import JobSpec
    from ambertime_tui.plain.printer import Printer

    Work = Callable[[EngineClient, JobSpec], Awaitable[ExitCode]]


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "run", run, "Run saved tasks")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the task to run")
    parser.add_argument(
        "--all", action="store_true", help="run all saved tasks, one after the other (default: the named one)"
    )
    add_dry_run(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Run one saved task, or all of them, and print each line by line."""
    from ambertime_tui.cli.job_spec import load_tasks, named_task, spec_of_task
    from ambertime_tui.plain.backup import run_backup
    from ambertime_tui.plain.dry_run import dry_run

    check_dry_run(arguments)
    if (arguments.name is None) != arguments.all:
        raise UsageError("Name one task, or use --all. See `ambertime run --help`.")
    config, tasks = load_tasks(context)
    if not arguments.all:
        tasks = {arguments.name: named_task(arguments.name, tasks, "run: ")}
    if not tasks:
        raise UsageError("There are no saved tasks. Save one with s on the setup screen, or in config.toml.")
    specs = [spec_of_task(task.over(config.defaults), name) for name, task in tasks.items()]
    printer = printer_for(context, as_json=arguments.json)
    work: Work = partial(run_backup, printer=printer, hooks=config.hooks.hooks(), locate=True)
    if arguments.dry_run:
        work = partial(dry_run, printer=printer, names=arguments.names, locate=True)
    if not arguments.all:
        return _run_task(context, specs[0], work)
    return _run_all(context, specs, work, printer)


def _run_all(context: Context, specs: list[JobSpec], work: Work, printer: Printer) -> ExitCode:
    """Run tasks one after the other. A task that cannot start does not stop the others; Ctrl+C does."""
    from ambertime_tui.engine.api.protocol import EngineError
    from ambertime_tui.exit_codes import worst

    codes: dict[str, ExitCode] = {}
    for spec in specs:
        printer.task_begins(spec)
        try:
            codes[spec.task] = _run_task(context, spec, work)
        except EngineError as error:
            printer.task_failed(spec, error.kind, error.sentence)
            codes[spec.task] = ExitCode.FAILED
        if codes[spec.task] is ExitCode.INTERRUPTED:
            break
    code = worst(codes.values())
    printer.tasks_ended(codes, code)
    return code


def _run_task(context: Context, spec: JobSpec, work: Work) -> ExitCode:
    return with_engine(context, lambda client: work(client, spec))
