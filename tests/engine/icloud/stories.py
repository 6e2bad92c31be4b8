"""Helpers of the iCloud tests: a patient host, a user with a phone, and what is missing on the drive."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import MadeAsset, MadeLibrary
from tests.engine.backups import Ended, archived, gone, selected


def spec(target: Path, way: FetchWay = FetchWay.KEEP_ORIGINALS, patience: float = 20.0) -> JobSpec:
    """A job that includes originals in iCloud."""
    return JobSpec(str(target), originals=OriginalsChoice.ICLOUD, way=way, patience=patience)


@asynccontextmanager
async def host(within: float = 100.0) -> AsyncIterator[EngineClient]:
    """Start a separate host; it has ended when the block is left.

    Args:
        within: seconds after which the test fails.
    """
    client = await EngineClient.launch(paths_from(os.environ), os.environ)
    try:
        async with asyncio.timeout(within):
            yield client
    except BaseException:
        os.kill(client.hello.pid, signal.SIGKILL)
        raise
    await client.aclose()
    await gone(client.hello.pid)


class Person:
    """A user who watches the screen and scans each code with the phone."""

    def __init__(self, icloud: RunningICloud) -> None:
        self._icloud = icloud
        self._before = ""
        self.scanned: list[str] = []

    def look(self, status: JobStatus) -> None:
        """Scan a new code."""
        code = status.fetch.code
        if code and code != self._before:
            self.scanned.append(code)
            self._icloud.open_url(code)
        self._before = code


async def followed(client: EngineClient, look: Callable[[JobStatus], None]) -> Ended:
    """Wait for the end of the job, and pass each status to `look`."""
    last: JobStatus | None = None
    async for last in client.statuses():
        look(last)
    assert last is not None
    return Ended(last, await client.report())


def away(made: MadeLibrary) -> list[MadeAsset]:
    """The selected assets with an original that is only in iCloud."""
    return [asset for asset in selected(made) if asset.availability in ("icloud", "partial")]


def missing(made: MadeLibrary, asset: MadeAsset) -> set[str]:
    """The roles of the originals of an asset that are not on the phone."""
    return {r.role for r in asset.originals if not (made.media / r.path).exists()}


def reachable(made: MadeLibrary, asset: MadeAsset) -> set[str]:
    """The roles of the missing originals of an asset that the Shortcut can bring."""
    if asset.hidden or asset.undated or asset.edited:
        return set()
    return missing(made, asset) - ({"photo", "adjustment_data"} if asset.raw_pair else {"adjustment_data"})


def not_whole(made: MadeLibrary, target: Path) -> dict[str, str]:
    """Names, by uuid, of selected assets that are not recorded, or whose files differ from the library's."""
    recorded = archived(target)
    found = {}
    for asset in selected(made):
        files = {f.role.value: f for f in recorded[asset.uuid].files} if asset.uuid in recorded else {}
        for original in asset.originals:
            file = files.get(original.role)
            digest = made.content(asset, original).sha256()
            if file is None or digest != sha256((target / file.path).read_bytes()).hexdigest():
                found[asset.uuid] = asset.original_filename
                break
    return found


def has_all_originals(done: Ended) -> bool:
    """True if only edits are missing: an edit may arrive after its original."""
    left = {one.reason for one in done.report.left}
    return done.status.outcome is (Outcome.LEFT if left else Outcome.COMPLETE) and left <= {"edit_icloud"}
