"""Prints what a backup would do."""

from __future__ import annotations

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.planned_run import PlannedItem
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.exit_codes import ExitCode, exit_code_of
from ambertime_tui.plain.backup import usable_target
from ambertime_tui.plain.printer import Printer
from ambertime_tui.plain.scan import narrated_survey


async def dry_run(
    client: EngineClient, spec: JobSpec, printer: Printer, *, names: bool = False, locate: bool = False
) -> ExitCode:
    """Print the plan of a job, and return the exit code of a run. Writes nothing to the drive.

    Args:
        client: the engine.
        spec: the job.
        printer: where to report.
        names: whether to list the items that are not on the drive yet.
        locate: whether to look for the archive at other mount points.

    Raises:
        EngineError: the job could not be started either.
        BrokenPipeError: the reader of the data has closed the pipe.
    """
    spec = await usable_target(client, spec, printer, locate=locate)
    await narrated_survey(client, spec.udid, printer)
    items: list[PlannedItem] = []
    run = await client.plan(spec, items.extend if names else None)
    printer.planned(run)
    for item in items:
        printer.planned_item(item)
    return exit_code_of(run.outcome)
