"""A simulated phone with one of the switches of `simulator/behaviour.py`, and a backup of it to the end.

The job runs in this process, over the wire. Its clocks run faster than real ones, so that patience, pauses
and second looks take little time.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.engine.api.protocol import Report
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.job.job import Job, open_job
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Role
from ambertime_tui.paths import paths_from
from ambertime_tui.phone.session import PhoneTimeouts
from ambertime_tui.simulator.behaviour import Behaviour, Switch
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, MadeAsset, MadeLibrary, Mix, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.backups import PATIENCE, Ended, archived, selected, strangers

FASTER = 20
"""How much faster than real clocks those of the job and of iCloud run."""
LONG, SHORT = 800.0, 60.0
"""Patience, in seconds of the job's clock: for jobs that end by themselves, and for those that give up."""
MIX = Mix(live=0.2, raw_pair=0.12, portrait=0.12, video=0.1, edited=0.0, trashed=0.0, shared_album=0.0)
"""Every kind of file, in a library of some twenty items."""
USUAL = PhoneTimeouts()
IMPATIENT = PhoneTimeouts(step_within=2.0, stall_after=0.5, ask_again_every=0.05, keep_alive_every=0.1)
"""Real seconds."""


def compressed(timeouts: PhoneTimeouts = USUAL) -> Timing:
    """Clocks that run faster, and pauses that are as much shorter."""
    began_at, began = time.time(), time.monotonic()
    return Timing(
        wall=lambda: began_at + (time.monotonic() - began) * FASTER,
        steady=lambda: time.monotonic() * FASTER,
        pause=lambda seconds: asyncio.sleep(seconds / FASTER),
        phone=timeouts,
    )


@dataclass(slots=True)
class DifferentPhone:
    """A phone that behaves differently, with its library, its iCloud and a target."""

    made: MadeLibrary
    phone: SimulatedPhone
    icloud: RunningICloud
    target: Path
    folder: Path

    def back_up(
        self,
        *,
        icloud: bool = False,
        way: FetchWay = FetchWay.KEEP_ORIGINALS,
        patience: float = LONG,
        timeouts: PhoneTimeouts = USUAL,
        look: Callable[[Job, JobStatus], None] = lambda job, status: None,
    ) -> Ended:
        """Run a backup to its end.

        Args:
            icloud: whether originals in iCloud are included.
            way: how they are requested.
            patience: in seconds of the job's clock.
            timeouts: for the phone, in real seconds.
            look: called every few milliseconds with the job and its status.
        """
        choice = OriginalsChoice.ICLOUD if icloud else OriginalsChoice.LOCAL
        spec = JobSpec(str(self.target), originals=choice, way=way, patience=patience)
        return asyncio.run(self._back_up(spec, compressed(timeouts), look))

    async def _back_up(self, spec: JobSpec, timing: Timing, look: Callable[[Job, JobStatus], None]) -> Ended:
        records = paths_from(os.environ).data / "pair-records"
        surveyor = Surveyor(records, self.folder / "scratch", timing)
        reports = self.folder / "reports"
        job = await open_job(spec, surveyor=surveyor, pair_records=records, reports=reports, timing=timing)
        async with asyncio.timeout(PATIENCE):
            running = asyncio.create_task(job.run())
            while not running.done():
                look(job, job.progress.snapshot())
                await asyncio.wait([running], timeout=0.01)
            await running
        page = job.report(0, len(self.made.assets))
        ended = Ended(job.progress.snapshot(), Report(page.census, page.left))
        assert ended.report.census is not None
        assert ended.report.census.holds, "every item of the library is in exactly one bucket"
        assert strangers(self.target) == set(), "no file on the drive is torn or unrecorded"
        return ended

    def missing(self) -> set[str]:
        """The uuids of the selected items that are not completely on the drive."""
        there = archived(self.target)
        return {
            asset.uuid for asset in selected(self.made) if not self._is_whole(asset, there.get(asset.uuid))
        }

    def _is_whole(self, asset: MadeAsset, recorded: RecordedAsset | None) -> bool:
        """True if the newest file of each original on the drive has the bytes of the library."""
        for original in asset.originals:
            file = None if recorded is None else recorded.current(Role(original.role))
            wanted = self.made.content(asset, original).sha256()
            if file is None or file.sha256 != wanted:
                return False
            if sha256((self.target / file.path).read_bytes()).hexdigest() != wanted:
                return False
        return True

    def wrong(self) -> list[str]:
        """The names of originals on the drive whose newest file has not the bytes of the library."""
        found = []
        for asset in selected(self.made):
            recorded = archived(self.target).get(asset.uuid)
            for original in () if recorded is None else asset.originals:
                file = recorded and recorded.current(Role(original.role))
                if file and file.sha256 != self.made.content(asset, original).sha256():
                    found.append(file.path)
        return found

    def local(self) -> set[str]:
        """The uuids of the items with all originals on the phone."""
        return self.uuids(lambda asset: asset.availability == "local")

    def away(self) -> set[str]:
        """The uuids of the items with an original that is only in iCloud."""
        return self.uuids(lambda asset: asset.availability in ("icloud", "partial"))

    def uuids(self, wanted: Callable[[MadeAsset], bool]) -> set[str]:
        """The uuids of the selected items that meet a condition."""
        return {asset.uuid for asset in selected(self.made) if wanted(asset)}

    def change_faults(self, **faults: Any) -> None:
        """Change some of the phone's faults."""
        self.phone.faults = replace(self.phone.faults, **faults)


class DifferentPhones:
    """Makes phones."""

    def __init__(self, folder: Path, factory: PhoneFactory, stack: ExitStack) -> None:
        self._folder = folder
        self._factory = factory
        self._stack = stack

    def __call__(
        self,
        *switches: Switch,
        settings: ICloudSettings | None = None,
        faults: Faults | None = None,
        tls: bool = False,
        **recipe: Any,
    ) -> DifferentPhone:
        """Make a phone and plug it in.

        Args:
            switches: what it does differently.
            settings: of its iCloud, before the switches apply.
            faults: instead of those of the switches.
            tls: whether its connections are encrypted.
            recipe: fields of its library's recipe.
        """
        behaviour = Behaviour(switches)
        values: dict[str, Any] = {
            "assets": 22,
            "seed": 5,
            "icloud_share": 0.4,
            "oddities": False,
            "mix": MIX,
        } | recipe
        made = make_library(self._folder / "phone", behaviour.applied_to(LibraryRecipe(**values)))
        phone = self._factory(made.media, tls=tls)
        phone.faults = faults or behaviour.faults(made)
        icloud = self._stack.enter_context(
            RunningICloud(phone, made, behaviour.icloud(settings), clock=lambda: time.monotonic() * FASTER)
        )
        target = self._folder / "drive"
        target.mkdir()
        return DifferentPhone(made, phone, icloud, target, self._folder / "state")


def reasons(done: Ended) -> dict[str, str]:
    """Why items are left, by uuid."""
    return {left.uuid: left.reason for left in done.report.left}


def said(done: Ended) -> str:
    """Everything that the job said about the phone and its items."""
    status = done.status
    events = (event.text for event in status.events)
    return " ".join((*status.scan.notices, *events, *(left.sentence for left in done.report.left)))


def keep_originals_when_asked(phone: DifferentPhone) -> Callable[[Job, JobStatus], None]:
    """A user who switches on Download and Keep Originals when the job asks for it."""

    def look(_: Job, status: JobStatus) -> None:
        if "Keep Originals" in status.fetch.sentence and not phone.icloud.do(lambda now: now.keep_originals):
            phone.icloud.set_keep_originals(True)

    return look
