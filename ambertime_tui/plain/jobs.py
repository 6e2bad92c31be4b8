"""`ambertime jobs`, `ambertime stop`, and finding the job that `attach` and `stop` mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError, RunningJob
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.plain.output import Output
from ambertime_tui.plain.table import table


def chosen_job(jobs: Sequence[RunningJob], job_id: str | None) -> RunningJob:
    """The job that is meant: by (the beginning of) its id, or the only one.

    Raises:
        EngineError: `NoJob`: none runs, none has this id; `WhichJob`: several could be meant.
    """
    if not jobs:
        raise EngineError("NoJob", "No job is running.")
    fitting = [job for job in jobs if job_id is None or job.job_id.startswith(job_id)]
    if not fitting:
        raise EngineError("NoJob", f"No job {job_id} is running; there is {_ids(jobs)}.")
    if len(fitting) > 1:
        raise EngineError("WhichJob", f"Several jobs are running, name one: {_ids(fitting)}.")
    return fitting[0]


def list_jobs(jobs: Sequence[RunningJob], out: Output) -> ExitCode:
    """Lists the jobs that run on this computer.

    Raises:
        BrokenPipeError: nobody reads the result.
    """
    if not jobs:
        out.say("No job is running.")
    if out.as_json:
        for job in jobs:
            out.record("job", **to_json(job))
    else:
        rows = [
            (
                job.job_id,
                f"since {datetime.fromtimestamp(job.started_at).astimezone():%Y-%m-%d %H:%M}",
                job.phone or job.udid,
                job.target,
                job.outcome.value if job.outcome else f"{job.phase.value}, {job.condition.value}",
            )
            for job in jobs
        ]
        for line in table(rows, "<<<<<"):
            out.line(line)
    out.flush()
    return ExitCode.COMPLETE


async def stop(client: EngineClient, out: Output, *, now: bool) -> ExitCode:
    """Has a job stop and waits until it has.

    Raises:
        EngineError: it cannot be stopped now, or ended in another way meanwhile.
    """
    await client.command(Command(CommandName.STOP_NOW if now else CommandName.STOP))
    out.say("Stopping now." if now else "Stopping after the file in hand.")
    async for status in client.statuses():
        out.progress(status.sentence)
    out.say("The job has stopped. What is written is safe; the next run goes on from there.")
    return ExitCode.COMPLETE


def _ids(jobs: Sequence[RunningJob]) -> str:
    return ", ".join(f"{job.job_id} ({job.target})" for job in jobs)
