"""The commands. Each imports what it needs when it runs, so that a backup never loads the full-screen app."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.surroundings import Surroundings, UsageError
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.engine.api.client import EngineClient
    from ambertime_tui.plain.output import Output
    from ambertime_tui.plain.scan import Look


def _output(as_json: bool, surroundings: Surroundings) -> Output:
    from ambertime_tui.plain.output import for_process

    return for_process(sys.stdout, sys.stderr, surroundings.environ, as_json=as_json)


def _look(ascii_only: bool) -> Look:
    from ambertime_tui.plain.histogram import glyphs_for
    from ambertime_tui.plain.scan import Look

    return Look(shutil.get_terminal_size().columns, glyphs_for(sys.stdout.encoding, ascii_only=ascii_only))


def _with_engine(
    surroundings: Surroundings,
    action: Callable[[EngineClient], Awaitable[ExitCode]],
    socket: Path | None = None,
) -> ExitCode:
    from ambertime_tui.engine.api.client import EngineClient

    async def run() -> ExitCode:
        if socket is None:
            client = await EngineClient.launch(surroundings.paths, surroundings.environ)
        else:
            client = await EngineClient.attach(socket)
        try:
            return await action(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def _at_a_terminal() -> bool:
    """Textual reads stdin and draws on stderr; what it shows belongs where stdout goes."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def full_screen(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """No command: the full-screen app."""
    if not _at_a_terminal():
        raise UsageError(
            "The full-screen app needs a terminal; for pipes and cron there is `ambertime backup`."
        )
    return _run_app(arguments, surroundings)


def _run_app(
    arguments: argparse.Namespace,
    surroundings: Surroundings,
    *,
    attach: Path | None = None,
    target: Path | None = None,
) -> ExitCode:
    from ambertime_tui.tui.app import run

    code = run(
        surroundings.paths,
        surroundings.environ,
        attach=attach,
        color=arguments.color,
        ascii_only=arguments.ascii,
        theme=arguments.theme,
        target=target,
    )
    return ExitCode(code)


DEMO_PATIENCE = 20.0
"""Seconds: the simulated iCloud is never quiet for as long."""


def demo(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """The app, or one scan and one backup, on a simulated iPhone."""
    from ambertime_tui.config import State, Task, save_state
    from ambertime_tui.demo import demo_session
    from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
    from ambertime_tui.plain.backup import backup
    from ambertime_tui.plain.scan import scan_phone

    if not arguments.plain and not _at_a_terminal():
        raise UsageError("The demo needs a terminal; without one there is `ambertime demo --plain`.")
    print("Making a simulated iPhone…", file=sys.stderr)
    with demo_session(
        surroundings.environ, assets=arguments.assets, seed=arguments.seed, scratch=arguments.scratch
    ) as demo:
        inside = Surroundings(demo.environ)
        if not arguments.plain:
            # The whole story: what a Shortcut brings down, with a code for the person to scan.
            wish = Task(originals=OriginalsChoice.ICLOUD, fetch=FetchWay(arguments.fetch or "shortcut"))
            save_state(inside.paths.state, State(last=wish))
            return _run_app(arguments, inside, target=demo.target)
        spec = JobSpec(str(demo.target))
        if arguments.fetch is not None:
            way = FetchWay(arguments.fetch)
            spec = replace(spec, originals=OriginalsChoice.ICLOUD, way=way, patience=DEMO_PATIENCE)
        out = _output(False, inside)

        async def scan_and_back_up(client: EngineClient) -> ExitCode:
            await scan_phone(client, None, spec.selection, out, _look(ascii_only=False))
            return await backup(client, spec, out, detach=False)

        return _with_engine(inside, scan_and_back_up)


def devices(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """The iPhones that are attached."""
    from ambertime_tui.plain.devices import list_phones

    out = _output(arguments.json, surroundings)
    return _with_engine(surroundings, lambda client: list_phones(client, out))


def drives(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """The drives an archive could be on."""
    from ambertime_tui.plain.devices import list_drives

    out = _output(arguments.json, surroundings)
    return _with_engine(surroundings, lambda client: list_drives(client, out))


def scan(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """What a library holds, and where its originals are."""
    from ambertime_tui.cli.asked import selection_of, task_of
    from ambertime_tui.plain.scan import scan_database, scan_phone

    selection = selection_of(task_of(arguments))
    out, look = _output(arguments.json, surroundings), _look(arguments.ascii)
    if arguments.database is None:
        if arguments.media is not None:
            raise UsageError("--media goes with --database; an attached iPhone has its own media.")
        return _with_engine(
            surroundings, lambda client: scan_phone(client, arguments.device, selection, out, look)
        )
    if arguments.device is not None:
        raise UsageError("--database reads a file, --device a phone; choose one.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # the private copy is removed on the way out
    return scan_database(arguments.database, arguments.media, selection, out, look, now=time.time())


def backup(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """One job, told line by line."""
    from ambertime_tui.cli.asked import spec_of
    from ambertime_tui.plain import backup as job

    spec = spec_of(arguments, surroundings)
    out = _output(arguments.json, surroundings)
    return _with_engine(surroundings, lambda client: job.backup(client, spec, out, detach=arguments.detach))


def attach(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """A running job, in full screen or as lines."""
    from ambertime_tui.engine.api.client import running_jobs
    from ambertime_tui.plain.follow import Follower
    from ambertime_tui.plain.jobs import chosen_job

    job = chosen_job(running_jobs(surroundings.paths), arguments.job)
    if not (arguments.plain or arguments.json) and _at_a_terminal():
        return _run_app(arguments, surroundings, attach=Path(job.socket))
    out = _output(arguments.json, surroundings)
    return _with_engine(surroundings, lambda client: Follower(client, out).run(), Path(job.socket))


def jobs(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """The jobs that run."""
    from ambertime_tui.engine.api.client import running_jobs
    from ambertime_tui.plain.jobs import list_jobs

    return list_jobs(running_jobs(surroundings.paths), _output(arguments.json, surroundings))


def stop(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """Stops a job."""
    from ambertime_tui.engine.api.client import running_jobs
    from ambertime_tui.plain.jobs import chosen_job, stop

    job = chosen_job(running_jobs(surroundings.paths), arguments.job)
    out = _output(False, surroundings)
    return _with_engine(surroundings, lambda client: stop(client, out, now=arguments.now), Path(job.socket))


def verify(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """Reads an archive back."""
    from ambertime_tui.cli.part import parse_sample, parse_since
    from ambertime_tui.plain.verify import verify

    since, sample = parse_since(arguments.since), parse_sample(arguments.sample)
    out = _output(arguments.json, surroundings)
    return verify(arguments.target.absolute(), out, since=since, sample=sample)


def simulate(arguments: argparse.Namespace, surroundings: Surroundings) -> ExitCode:
    """Serves a simulated iPhone."""
    from ambertime_tui.simulator.command import run

    return ExitCode(run(arguments))
