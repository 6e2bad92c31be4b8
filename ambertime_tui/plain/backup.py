"""Runs a job and prints it line by line."""

from __future__ import annotations

import sys
from dataclasses import replace

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import NO_HOOKS, Hooks, JobSpec, TrialMode
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.plain.follow import Follower
from ambertime_tui.plain.printer import Printer


async def run_backup(
    client: EngineClient,
    spec: JobSpec,
    printer: Printer,
    *,
    hooks: Hooks = NO_HOOKS,
    detach: bool = False,
    locate: bool = False,
) -> ExitCode:
    """Start a job, and follow it to its end unless it is to run in the background.

    Args:
        client: the engine.
        spec: the job.
        printer: where to report.
        hooks: commands of the user to run at events of the job.
        detach: whether to run in the background.
        locate: whether to look for the archive at other mount points, if its drive is not where it was.

    Raises:
        EngineError: the job could not be started; nothing was written.
        BrokenPipeError: the reader of the data has closed the pipe.
    """
    spec = await usable_target(client, spec, printer, locate=locate)
    job_id = await client.start(spec, hooks)
    if not detach:
        answers = sys.stdin if spec.trial is TrialMode.ASK else None
        return await Follower(client, printer, answers=answers).run()
    printer.job_started(job_id, spec.target)
    printer.say(
        f"Backup {job_id} is running in the background. Use `ambertime attach` to show it "
        "and `ambertime stop` to stop it."
    )
    return ExitCode.COMPLETE


async def usable_target(client: EngineClient, spec: JobSpec, printer: Printer, *, locate: bool) -> JobSpec:
    """Return a job with the path where its archive is mounted now.

    Args:
        client: the engine.
        spec: the job.
        printer: where to report another path, or a drive that is not ideal.
        locate: whether to look for the archive at other mount points.

    Raises:
        EngineError: the drive is not there, or cannot be used.
    """
    if locate:
        found = await client.locate(spec.target)
        if found != spec.target:
            printer.say(f"The drive with the archive {spec.target} is mounted elsewhere: using {found}.")
            spec = replace(spec, target=found)
    drive = await client.drive(spec.target)
    if not drive.usable:
        raise EngineError("TargetUnusable", drive.sentence)
    if drive.sentence:
        printer.say(f"Warning: {drive.sentence}")
    return spec
