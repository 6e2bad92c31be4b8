"""`ambertime eject`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import CommandError, Context
from ambertime_tui.cli.launch import printer_for, with_engine
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.client import EngineClient, RunningJob
    from ambertime_tui.plain.printer import Printer


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "eject", run, "Say whether a drive can be unplugged, and unmount it")
    parser.add_argument(
        "where",
        nargs="?",
        metavar="WHERE",
        help="a folder on the drive, or a saved task (default: the only external drive with an archive)",
    )
    parser.add_argument(
        "--wait", action="store_true", help="wait until a running backup has ended (default: refuse)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Unmount the drive of an archive unless a backup is writing to it."""
    from ambertime_tui.engine.api.client import running_jobs
    from ambertime_tui.engine.api.ejecting import drive_at, eject

    printer = printer_for(context, as_json=arguments.json)
    folder = _folder(arguments.where, context)
    mount_point, name = drive_at(folder)
    for job in running_jobs(context.paths):
        if job.outcome is None and Path(job.target).is_relative_to(mount_point):
            _wait_for(job, name, context, printer, wait=arguments.wait)
    printer.ejected(eject(folder))
    return ExitCode.COMPLETE


def _folder(where: str | None, context: Context) -> Path:
    """The folder that is meant.

    Raises:
        EngineError: the drive of a task is not there.
        CommandError: nothing is named, and there is not exactly one drive to choose.
    """
    from ambertime_tui.cli.job_spec import load_tasks
    from ambertime_tui.paths import folder_named

    if where is not None:
        config, tasks = load_tasks(context)
        task = tasks.get(where)
        target = task.over(config.defaults).to if task is not None else None
        if target is None:
            return folder_named(where)
        found: list[str] = []

        async def locate(client: EngineClient) -> ExitCode:
            found.append(await client.locate(str(folder_named(target))))
            return ExitCode.COMPLETE

        with_engine(context, locate)
        return Path(found[0])
    drives: list[str] = []

    async def list_drives(client: EngineClient) -> ExitCode:
        drives.extend(d.path for d in await client.drives() if d.has_archive and not d.system)
        return ExitCode.COMPLETE

    with_engine(context, list_drives)
    if len(drives) == 1:
        return Path(drives[0])
    several = f"Name one of them: {', '.join(drives)}." if drives else "Name a folder on the drive."
    raise CommandError(f"{len(drives) or 'No'} external drives with an archive at their top. {several}")


def _wait_for(job: RunningJob, name: str, context: Context, printer: Printer, *, wait: bool) -> None:
    """Say how long a backup to the drive takes, and wait for its end.

    Raises:
        EngineError: `TargetInUse`, without `wait`.
    """
    from ambertime_tui.engine.api.protocol import EngineError
    from ambertime_tui.units import about

    async def follow(client: EngineClient) -> ExitCode:
        async for status in client.statuses():
            if not wait:
                left = f", about {about(status.write.eta)} left" if status.write.eta is not None else ""
                raise EngineError(
                    "TargetInUse",
                    f"Do not unplug {name}: a backup to {job.target} is running{left}. Use --wait, or stop "
                    f"it with `ambertime stop {job.job_id}`.",
                )
            printer.job_status(status)
        return ExitCode.COMPLETE

    with_engine(context, follow, Path(job.socket))
