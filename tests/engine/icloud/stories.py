"""What the stories about iCloud share: a patient host, a person with a phone, and who holds up the drive."""

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
    """A job that has iOS fetch what is only in iCloud."""
    return JobSpec(str(target), originals=OriginalsChoice.ICLOUD, way=way, patience=patience)


@asynccontextmanager
async def host(within: float = 100.0) -> AsyncIterator[EngineClient]:
    """A host of its own, which has ended when the block is left.

    Args:
        within: seconds after which the story has failed.
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
    """Somebody with the phone in hand, who sees the screen and does what it says."""

    def __init__(self, icloud: RunningICloud) -> None:
        self._icloud = icloud
        self._before = ""
        self.scanned: list[str] = []

    def look(self, status: JobStatus) -> None:
        """Scans a code that was not there before."""
        code = status.fetch.code
        if code and code != self._before:
            self.scanned.append(code)
            self._icloud.open_url(code)
        self._before = code


async def followed(client: EngineClient, look: Callable[[JobStatus], None]) -> Ended:
    """The end of the job, while somebody looks at each status."""
    last: JobStatus | None = None
    async for last in client.statuses():
        look(last)
    assert last is not None
    return Ended(last, await client.report())


def away(made: MadeLibrary) -> list[MadeAsset]:
    """The assets of the selection that have an original only in iCloud."""
    return [asset for asset in selected(made) if asset.availability in ("icloud", "partial")]


def not_whole(made: MadeLibrary, target: Path) -> dict[str, str]:
    """Names, by uuid, of the selection's assets that are not on the drive byte for byte as the library has
    them: recorded, and the files themselves read anew."""
    recorded = archived(target)
    missing = {}
    for asset in selected(made):
        files = {f.role.value: f for f in recorded[asset.uuid].files} if asset.uuid in recorded else {}
        for original in asset.originals:
            file = files.get(original.role)
            digest = made.content(asset, original).sha256()
            if file is None or digest != sha256((target / file.path).read_bytes()).hexdigest():
                missing[asset.uuid] = asset.original_filename
                break
    return missing


def has_all_originals(done: Ended) -> bool:
    """Whether nothing is left but edits: an edit may come later than its original."""
    left = {one.reason for one in done.report.left}
    return done.status.outcome is (Outcome.LEFT if left else Outcome.COMPLETE) and left <= {"edit_icloud"}
