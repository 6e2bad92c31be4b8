"""Helpers of the engine's tests: run a backup through a real host, and check the result."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, Report
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import JobStatus, Phase
from ambertime_tui.engine.job.job import open_job
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.library import MadeAsset, MadeLibrary
from tests.drive.archive_helpers import recorded_in

PATIENCE = 60.0
"""Seconds after which a test fails; each takes a few."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended."""

    status: JobStatus
    report: Report


@asynccontextmanager
async def engine(patience: float = PATIENCE) -> AsyncIterator[EngineClient]:
    """Start a separate host; it has ended when the block is left, within `patience` seconds."""
    client = await EngineClient.launch(paths_from(os.environ), os.environ)
    try:
        async with asyncio.timeout(patience):
            yield client
    except BaseException:
        os.kill(client.hello.pid, signal.SIGKILL)
        raise
    else:
        await client.aclose()
        await gone(client.hello.pid)


async def gone(pid: int) -> None:
    """Wait for a host to end; if it does not end by itself, kill it and fail the test."""
    try:
        async with asyncio.timeout(PATIENCE):
            while alive(pid):  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise


def alive(pid: int) -> bool:
    """True if a process exists and is not a zombie."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


async def backup(spec: JobSpec) -> Ended:
    """Run a complete job with a new host."""
    async with engine() as client:
        await client.start(spec)
        return await ended(client)


async def ended(client: EngineClient) -> Ended:
    """Wait for the end of the running job."""
    status = await until(client, lambda status: status.outcome is not None)
    return Ended(status, await client.report())


async def until(client: EngineClient, wanted: Callable[[JobStatus], bool]) -> JobStatus:
    """Wait for the first status that meets a condition."""
    async with aclosing(client.statuses()) as statuses:
        async for status in statuses:
            if wanted(status):
                return status
    raise AssertionError("the job ended without it")


def warnings_of(status: JobStatus) -> list[str]:
    """The texts of a job's warnings."""
    return [event.text for event in status.events if event.level == "warning"]


def archived(target: Path) -> dict[str, RecordedAsset]:
    """The assets in the record of a target, by uuid."""
    return {asset.uuid: asset for asset in recorded_in(target)}


def selected(made: MadeLibrary) -> list[MadeAsset]:
    """The assets that a backup of everything includes: own assets that are not in Recently Deleted."""
    return [asset for asset in made.own() if not asset.trashed]


def whole(made: MadeLibrary, target: Path, asset: MadeAsset) -> bool:
    """True if every original of an asset is on the target byte for byte, and recorded."""
    recorded = archived(target).get(asset.uuid)
    if recorded is None:
        return False
    for original in asset.originals:
        file = next((file for file in recorded.files if file.role.value == original.role), None)
        if file is None or file.sha256 != made.content(asset, original).sha256():
            return False
        if sha256((target / file.path).read_bytes()).hexdigest() != file.sha256:
            return False
    return True


def in_part(made: MadeLibrary, target: Path) -> set[str]:
    """The uuids of assets of which some files are on the target, but not every original."""
    there = archived(target)
    return {asset.uuid for asset in selected(made) if asset.uuid in there and not whole(made, target, asset)}


def strangers(target: Path) -> set[str]:
    """Files under Photos/ that are not in the record: leftovers of a killed job, torn files."""
    known = {file.path for asset in archived(target).values() for file in asset.files}
    there = {str(path.relative_to(target)) for path in (target / "Photos").rglob("*") if path.is_file()}
    return there - known


async def start_paused(client: EngineClient, spec: JobSpec) -> None:
    """Start a job and pause it before the first file."""
    await client.start(spec)
    await client.command(Command(CommandName.PAUSE))
    await until(client, lambda status: status.phase is Phase.COPYING)


async def resume(client: EngineClient) -> None:
    """Resume a paused job."""
    await client.command(Command(CommandName.RESUME))


def incomplete(made: MadeLibrary, target: Path) -> list[str]:
    """Names of the assets whose originals were all on the phone and are not all on the target."""
    local = [asset for asset in selected(made) if asset.availability == "local"]
    return [asset.original_filename for asset in local if not whole(made, target, asset)]


async def run_here(spec: JobSpec, timing: Timing, folder: Path) -> JobStatus:
    """Run a job in this process, with its own clocks."""
    paths = paths_from(os.environ)
    records = paths.data / "pair-records"
    surveyor = Surveyor(records, folder / "scratch", timing)
    job = await open_job(
        spec, surveyor=surveyor, pair_records=records, reports=folder / "reports", timing=timing
    )
    async with asyncio.timeout(PATIENCE):
        await job.run()
    return job.progress.snapshot()


def offload(made: MadeLibrary, asset: MadeAsset) -> None:
    """Remove the files of an asset's originals, as iOS does when it offloads them."""
    for original in asset.originals:
        (made.media / original.path).unlink()


def bring_down(made: MadeLibrary, asset: MadeAsset, roles: Sequence[str] = ()) -> None:
    """Create the files of an asset's originals in one step each, as iOS does after a download.

    Args:
        made: the library.
        asset: whose originals.
        roles: which; empty: all.
    """
    for original in asset.originals:
        if not roles or original.role in roles:
            path = made.media / original.path
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = made.folder / f"{asset.uuid}.{original.role}"
            made.content(asset, original).write_to(scratch, asset.added)
            scratch.replace(path)
