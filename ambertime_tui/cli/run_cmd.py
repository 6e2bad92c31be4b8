"""`ambertime run`."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import printer_for, with_engine
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.spec import Hooks, JobSpec
    from ambertime_tui.plain.printer import Printer


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "run", run, "Run saved tasks")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the task to run")
    parser.add_argument(
        "--all", action="store_true", help="run all saved tasks, one after the other (default: the named one)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Run one saved task, or all of them, and print each line by line."""
    from ambertime_tui.cli.job_spec import load_tasks, named_task, spec_of_task

    if (arguments.name is None) != arguments.all:
        raise UsageError("Name one task, or use --all. See `ambertime run --help`.")
    config, tasks = load_tasks(context)
    if not arguments.all:
        tasks = {arguments.name: named_task(arguments.name, tasks, "run: ")}
    if not tasks:
        raise UsageError("There are no saved tasks. Save one with s on the setup screen, or in config.toml.")
    specs = [spec_of_task(task.over(config.defaults), name) for name, task in tasks.items()]
    printer = printer_for(context, as_json=arguments.json)
    if not arguments.all:
        return _run_task(context, specs[0], config.hooks.hooks(), printer)
    return _run_all(context, specs, config.hooks.hooks(), printer)


def _run_all(context: Context, specs: list[JobSpec], hooks: Hooks, printer: Printer) -> ExitCode:
    """Run tasks one after the other. A task that cannot start does not stop the others; Ctrl+C does."""
    from ambertime_tui.engine.api.protocol import EngineError
    from ambertime_tui.exit_codes import worst

    codes: dict[str, ExitCode] = {}
    for spec in specs:
        printer.task_begins(spec)
        try:
            codes[spec.task] = _run_task(context, spec, hooks, printer)
        except EngineError as error:
            printer.task_failed(spec, error.kind, error.sentence)
            codes[spec.task] = ExitCode.FAILED
        if codes[spec.task] is ExitCode.INTERRUPTED:
            break
    code = worst(codes.values())
    printer.tasks_ended(codes, code)
    return code


def _run_task(context: Context, spec: JobSpec, hooks: Hooks, printer: Printer) -> ExitCode:
    from ambertime_tui.plain.backup import run_backup

    action = partial(run_backup, spec=spec, printer=printer, hooks=hooks, locate=True)
    return with_engine(context, action)
