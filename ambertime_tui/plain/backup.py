"""`ambertime backup`: one job, told line by line."""

from __future__ import annotations

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.plain.follow import Follower
from ambertime_tui.plain.output import Output


async def backup(client: EngineClient, spec: JobSpec, out: Output, *, detach: bool) -> ExitCode:
    """Starts the job and follows it, or leaves it to itself.

    Raises:
        EngineError: it could not be started; nothing was written.
        BrokenPipeError: nobody reads the data.
    """
    drive = await client.drive(spec.target)
    if not drive.usable:
        raise EngineError("TargetUnusable", drive.sentence)
    if drive.sentence:
        out.say(f"Warning: {drive.sentence}")
    job_id = await client.start(spec)
    if not detach:
        return await Follower(client, out).run()
    if out.as_json:
        out.record("started", job_id=job_id, target=spec.target)
    else:
        out.line(job_id)
    out.flush()
    out.say(f"Job {job_id} runs in the background. `ambertime attach` shows it, `ambertime stop` ends it.")
    return ExitCode.COMPLETE
