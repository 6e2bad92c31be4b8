"""Make a job's plan from the scan and the drive's record, and check that it fits on the drive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from ambertime_tui.drive.errors import DriveFull
from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.drive.record.updates import LibraryFacts
from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writing.naming import place_key
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.api.status import ScanStatus
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.smaller_files import SmallerFiles
from ambertime_tui.engine.plan.plan import Decision, Plan, Share
from ambertime_tui.engine.plan.recorded_state import FileFacts
from ambertime_tui.engine.plan.rules import LibraryFact, PlanBuilder, nothing_recorded, room_needed
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.scan.survey import Scan, ScanCounts
from ambertime_tui.library.gc_pause import gc_paused
from ambertime_tui.library.model import Resource
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import MediaError, PhoneError

Broken = Mapping[str, tuple[RecordedFile, ...]]
"""Recorded files that are damaged or missing on the drive, by uuid."""
LOOKED_AT_ONCE = 256
"""Assets whose files are looked at together."""
STATS_AT_ONCE = 64
FACTS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what was found while making it."""

    plan: Plan
    counted: ScanStatus
    """The scan's status with the counts of the selection."""
    differing: tuple[int, ...]
    """Positions of recorded assets that turned out to differ from Apple's fingerprint."""


class Planner:
    """Plans one job. Originals and edits that may have changed are looked at on the phone."""

    def __init__(
        self,
        scan: Scan,
        selection: Selection,
        target: Target,
        udid: str,
        broken: Broken,
        smaller: SmallerFiles,
        *,
        is_first: bool,
    ) -> None:
        """
        Args:
            scan: the library.
            selection: what to back up.
            target: where to.
            udid: the phone's.
            broken: recorded files to copy again.
            smaller: judges originals with fewer bytes than the library says.
            is_first: the drive had nothing from the phone when the job started, so its record is ignored.
        """
        self._scan = scan
        self._target = target
        self._udid = udid
        self._counts = ScanCounts(selection)
        self._facts: list[LibraryFacts] = []
        self._builder = PlanBuilder(
            selection,
            nothing_recorded if is_first else partial(target.record.known_files, udid),
            target.traits.max_file_bytes,
            broken,
            partial(place_key, traits=target.traits),
            smaller.is_complete,
            self._add_fact,
        )

    async def plan(self, threads: Threads, link: PhoneLink) -> Planned:
        """Make the plan.

        Raises:
            DriveError: the record cannot be read or written.
            PhoneError: the phone is disconnected for longer than the job waits.
        """
        await threads.run(self._collect)
        unsure, assets = self._builder.unsure, self._scan.library.assets
        for first in range(0, len(unsure), LOOKED_AT_ONCE):
            numbers = unsure[first : first + LOOKED_AT_ONCE]
            files = await threads.run(self._to_look_at, numbers)
            facts = await _facts_of(files, link)
            await threads.run(self._builder.settle, numbers, assets, facts)
        return await threads.run(self._finish)

    def _collect(self) -> None:
        with gc_paused():
            for asset in self._scan.library.assets:
                self._counts.add(asset)
                self._builder.add(asset)
            self._builder.flush()

    def _to_look_at(self, numbers: Iterable[int]) -> list[Resource]:
        looks = self._builder.to_look_at(tuple(numbers), self._scan.library.assets)
        return [resource for _, files in looks for resource in files]

    def _finish(self) -> Planned:
        self._store_facts()
        plan = self._builder.plan(self._scan.library.assets)
        self._target.set_library(self._udid, lambda uuid: plan.number_of(uuid) is not None)
        counted = self._counts.status(self._scan.status, self._scan.library.notices)
        return Planned(plan, counted, tuple(self._builder.differing))

    def _add_fact(self, fact: LibraryFact) -> None:
        self._facts.append(LibraryFacts(fact.uuid, fact.role, fact.generation, fact.fingerprint, fact.size))
        if len(self._facts) >= FACTS_AT_ONCE:
            self._store_facts()

    def _store_facts(self) -> None:
        facts, self._facts = self._facts, []
        if facts:
            self._target.record.set_library_facts(self._udid, facts)


async def _facts_of(files: Iterable[Resource], link: PhoneLink) -> Mapping[str, FileFacts]:
    """Size and time of some files on the phone, by path; a file that cannot be looked at is left out."""
    left, found = [resource.path for resource in files], dict[str, FileFacts]()
    while left:
        media = await link.media()
        try:
            for first in range(0, len(left), STATS_AT_ONCE):
                paths = left[first : first + STATS_AT_ONCE]
                for path, facts in zip(paths, await _stats(paths, media), strict=True):
                    if facts is not None:
                        found[path] = facts
        except PhoneError as error:
            link.lost(media, error)
            continue
        link.worked()
        return found
    return found


async def _stats(paths: Iterable[str], media: MediaFolder) -> list[FileFacts | None]:
    async def look(path: str) -> FileFacts | None:
        try:
            stat = await media.stat(path)
        except MediaError:
            return None
        return FileFacts(stat.size, stat.modified_at)

    return await asyncio.gather(*map(look, paths))


def check_room(plan: Plan, target: Target, udid: str, *, icloud: bool) -> int | None:
    """Check that the plan fits on the target, and return the target's free bytes. Blocks.

    A target that does not tell its free space is not checked; the drive reports when it is full.

    Files that are probably on the drive already are not counted.

    Args:
        plan: what to copy.
        target: where to.
        udid: the phone's.
        icloud: whether to count originals in iCloud as well.

    Raises:
        DriveFull: the plan does not fit.
        DriveError: the drive is not responding.
    """
    share, free = plan.share(Decision.COPY), target.free_bytes()
    if icloud:
        share += plan.awaited
    needed, new = room_needed(share), share.bytes
    if free is None:
        return None
    if needed > free:
        files, size = target.count_existing(udid, _sizes(plan, icloud=icloud))
        rest = Share(share.count, share.bytes - size, share.files - files)
        needed, new = (room_needed(rest), rest.bytes) if rest.bytes else (0, 0)
    if needed > free:
        raise DriveFull(target.path, needed, free, new)
    return free


def _sizes(plan: Plan, *, icloud: bool) -> Iterator[int]:
    """Known sizes of the files to copy."""
    for planned in plan.with_decision(Decision.COPY, Decision.FETCH):
        if planned.decision is Decision.COPY or icloud:
            yield from (r.size or 0 for r in planned.resources)
        if icloud:
            yield from (r.size or 0 for r in planned.awaits)
