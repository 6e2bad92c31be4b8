"""Sees originals arrive from iCloud: lists the folders in which something is expected, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace

from ambertime_tui.engine.fetch_queue import FetchQueue, expected
from ambertime_tui.engine.phone_link import PhoneLink
from ambertime_tui.engine.plan import PlannedAsset, bytes_of
from ambertime_tui.engine.progress import Progress
from ambertime_tui.engine.status import FetchState
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Availability, Library, Resource
from ambertime_tui.library.presence import with_files
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import MediaError, MediaNotFound, PhoneError

QUICKEST = 1.0
SLOWEST = 15.0
"""Seconds between looks: quick while things arrive, slow when it is quiet."""
SHARE_OF_THE_LINK = 0.05
"""Of the time that looking may take."""
LOOKS_AT_ANOTHER_SIZE = 5
"""After so many looks at which a file had the same size, though not the library's, the file is right."""
QUIET_AFTER = 120.0
"""Seconds without an arrival after which a person is told what to check."""


@dataclass(slots=True)
class _Sighting:
    """The sizes an asset's files had at the last look, and at how many looks they were so."""

    sizes: tuple[int, ...]
    looks: int = 1


class ArrivalWatch:
    """Looks until cancelled, or until nothing came for longer than the patience."""

    def __init__(
        self,
        *,
        queue: FetchQueue,
        link: PhoneLink,
        progress: Progress,
        timing: Timing,
        patience: float | None,
        may_give_up: Callable[[], bool],
        on_arrived: Callable[[PlannedAsset], None],
    ) -> None:
        """
        Args:
            queue: what is pending.
            link: the way to the phone.
            progress: where arrivals and sentences are shown.
            timing: the engine's time.
            patience: seconds without any arrival after which `run` returns; None: never.
            may_give_up: False as long as the patience does not count (there is other work, or a pause).
            on_arrived: told each asset whose originals are all there, with their names as found.
        """
        self._queue = queue
        self._link = link
        self._progress = progress
        self._timing = timing
        self._patience = patience
        self._may_give_up = may_give_up
        self._on_arrived = on_arrived
        self._names: dict[str, frozenset[str]] = {}
        self._seen: dict[str, _Sighting] = {}
        self._last_arrival = timing.steady()
        self._generation = queue.generation

    async def run(self) -> None:
        """Looks again and again; returns when the patience is at its end."""
        pace = QUICKEST
        quiet_since = self._timing.steady()
        while True:
            arrived, took = 0, 0.0
            if self._queue.pending:
                media = await self._link.media()
                began = self._timing.steady()
                try:
                    arrived = await self._look(media)
                except MediaError:
                    pass  # one folder; the next look shows
                except PhoneError as error:
                    self._link.lost(media, error)
                took = self._timing.steady() - began
            now = self._timing.steady()
            if arrived or not self._may_give_up() or not self._queue.pending:
                quiet_since = now
            quiet_since = max(quiet_since, self._link.came_back_at)
            if self._patience is not None and now - quiet_since > self._patience:
                return
            self._tell(now - max(self._last_arrival, self._link.came_back_at))
            pace = QUICKEST if arrived or self._seen else min(pace * 1.5, SLOWEST)
            await self._timing.pause(max(pace, took / SHARE_OF_THE_LINK))

    async def _look(self, media: MediaFolder) -> int:
        """Looks once; how many assets have arrived wholly."""
        if self._queue.generation != self._generation:
            self._generation = self._queue.generation
            self._names.clear()
        fresh: dict[str, frozenset[str]] = {}
        async with aclosing(media.list_many(self._queue.folders())) as lists:
            async for folder, names in lists:
                if isinstance(names, MediaNotFound):
                    fresh[folder] = frozenset()
                elif not isinstance(names, MediaError):
                    fresh[folder] = frozenset(names)
        changed = [folder for folder, names in fresh.items() if names != self._names.get(folder)]
        self._names.update(fresh)
        uuids = {p.asset.uuid: p for folder in changed for p in self._queue.pending_in(folder)}
        uuids |= {uuid: self._queue.planned(uuid) for uuid in self._seen if self._queue.is_pending(uuid)}
        arrived = 0
        for planned in [self._as_found(planned) for planned in uuids.values()]:
            arrived += await self._weigh(planned, media)
        return arrived

    def _as_found(self, planned: PlannedAsset) -> PlannedAsset:
        """The asset with the names and whereabouts that the folders show now."""
        asset = planned.asset
        folders = {resource.directory: self._names.get(resource.directory) for resource in asset.resources}
        found = with_files(Library((asset,), None), folders).assets[0]
        of_role = {resource.role: resource for resource in found.resources}
        resources = tuple(of_role.get(resource.role, resource) for resource in planned.resources)
        return replace(planned, asset=found, resources=resources)

    async def _weigh(self, planned: PlannedAsset, media: MediaFolder) -> int:
        """1 where the asset has arrived: all its originals there, of the right size, at two looks."""
        uuid = planned.asset.uuid
        originals = expected(planned)
        there = [r for r in originals if r.availability is Availability.LOCAL]
        if len(there) < len(originals):
            self._seen.pop(uuid, None)
            self._move(uuid, FetchState.ARRIVING if there else FetchState.WAITING)
            return 0
        try:
            sizes = tuple([(await media.stat(resource.path)).size for resource in there])
        except MediaNotFound:
            self._seen.pop(uuid, None)
            return 0
        sighting = self._seen.get(uuid)
        if sighting is None or sighting.sizes != sizes:
            self._seen[uuid] = _Sighting(sizes)
            self._move(uuid, FetchState.ARRIVING)
            return 0
        sighting.looks += 1
        if not _as_large_as_expected(there, sizes) and sighting.looks < LOOKS_AT_ANOTHER_SIZE:
            return 0
        del self._seen[uuid]
        self._last_arrival = self._timing.steady()
        self._queue.move(uuid, FetchState.ARRIVED)
        self._progress.has_arrived(sum(sizes))
        local = tuple(r for r in planned.resources if r.availability is Availability.LOCAL)
        self._on_arrived(replace(planned, resources=local, bytes=bytes_of(local)))
        return 1

    def _move(self, uuid: str, state: FetchState) -> None:
        if self._queue.state_of(uuid) is not state:
            self._queue.move(uuid, state)
            self._progress.touch()

    def _tell(self, quiet: float) -> None:
        count = self._queue.pending
        if not count:
            self._progress.set_fetch_sentence("")
        elif quiet < QUIET_AFTER:
            self._progress.set_fetch_sentence(WAITING.format(count=f"{count:,}"))
        else:
            self._progress.set_fetch_sentence(QUIET.format(minutes=int(quiet // 60)))


WAITING = (
    "Waiting for iOS to download {count} originals. "
    "On the iPhone: Settings, Photos, Download and Keep Originals."
)
QUIET = (
    "Nothing has come for {minutes} min. On the iPhone, check Wi-Fi, power, Low Power Mode, free storage, "
    "and that Download and Keep Originals is on."
)


def _as_large_as_expected(resources: Iterable[Resource], sizes: Iterable[int]) -> bool:
    return all(r.size is None or r.size == size for r, size in zip(resources, sizes, strict=True))
