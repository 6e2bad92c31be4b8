"""Sees originals arrive from iCloud: lists the folders in which something is expected, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from ambertime_tui.engine.api.status import FetchState
from ambertime_tui.engine.job.fetch_queue import FetchQueue, expected
from ambertime_tui.engine.job.fetch_requests import FetchRequests
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import PlannedAsset, bytes_of
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.folder_names import NO_NAMES, FolderNames
from ambertime_tui.library.model import Availability, Resource
from ambertime_tui.library.presence import checked_against_files
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import MediaError, MediaNotFound, PhoneError

QUICKEST = 1.0
SLOWEST = 15.0
"""Seconds between looks: quick while things arrive, slow when it is quiet."""
SOON = 0.3
"""Seconds after which what has just appeared is looked at again."""
SHORTEST = 0.05
WEIGHED_AT_ONCE = 16
"""Assets whose files are looked at together."""
SHARE_OF_THE_LINK = 0.05
"""Of the time that looking may take."""
STANDS_STILL_FOR = 5.0
"""Seconds for which a file has to keep its size where the library does not know it."""


@dataclass(slots=True)
class _Sighting:
    """The sizes an asset's files had at the last look, and since when."""

    sizes: tuple[int, ...]
    since: float
    """By the steady clock."""


class ArrivalWatch:
    """Looks until cancelled, or until nothing came for longer than the patience."""

    def __init__(
        self,
        *,
        queue: FetchQueue,
        asking: FetchRequests,
        link: PhoneLink,
        progress: Progress,
        timing: Timing,
        patience: float | None,
        main_names: Mapping[str, Container[str]],
        may_give_up: Callable[[], bool],
        on_arrived: Callable[[PlannedAsset], None],
    ) -> None:
        """
        Args:
            queue: what is pending.
            asking: has iOS asked for it.
            link: the way to the phone.
            progress: where arrivals and sentences are shown.
            timing: the engine's time.
            patience: seconds without any arrival after which `run` returns; None: never.
            main_names: the library's, see `presence.checked_against_files`.
            may_give_up: False as long as the patience does not count (there is other work, or a pause).
            on_arrived: told each asset whose originals are all there, with their names as found.
        """
        self._queue = queue
        self._asking = asking
        self._link = link
        self._progress = progress
        self._timing = timing
        self._patience = patience
        self._main_names = main_names
        self._may_give_up = may_give_up
        self._on_arrived = on_arrived
        self._names: dict[str, FolderNames] = {}
        self._seen: dict[str, _Sighting] = {}
        self._unsettled: set[str] = set()
        self._last_arrival = timing.steady()

    async def run(self) -> None:
        """Looks again and again; returns when the patience is at its end."""
        pace = QUICKEST
        list_at = quiet_since = self._timing.steady()
        came = 0
        while True:
            began = self._timing.steady()
            lists, arrived = began >= list_at, 0
            if self._queue.pending:
                media = await self._link.media()
                began = self._timing.steady()
                try:
                    if lists:
                        await self._list(media)
                    arrived = await self._settle(media)
                    await self._asking.review(media)
                except PhoneError as error:
                    self._link.lost(media, error)
            now = self._timing.steady()
            rest = (now - began) / SHARE_OF_THE_LINK
            if arrived or not self._may_give_up() or not self._queue.pending:
                quiet_since = now
            quiet_since = max(quiet_since, self._link.connected_at)
            if self._patience is not None and now - quiet_since > self._patience:
                return
            self._asking.tell(now - max(self._last_arrival, self._link.connected_at))
            came += arrived
            if lists:
                pace = QUICKEST if came or self._unsettled else min(pace * 1.5, SLOWEST)
                list_at, came = now + max(pace, rest), 0
                rest = 0.0  # what has just appeared is looked at again soon: that costs next to nothing
            soon = SOON if self._unsettled else list_at - now
            await self._timing.pause(max(min(soon, list_at - now), rest, SHORTEST))

    async def _list(self, media: MediaFolder) -> None:
        """Lists the folders in which something is expected, and notes what appeared or went there."""
        for folder in self._queue.stirred():
            self._names.pop(folder, None)
        async with aclosing(media.list_many(self._queue.folders())) as lists:
            async for folder, names in lists:
                if isinstance(names, MediaNotFound):
                    self._listed(folder, ())
                elif not isinstance(names, MediaError):
                    self._listed(folder, names)

    def _listed(self, folder: str, names: Iterable[str]) -> None:
        before = self._names.get(folder, NO_NAMES)
        changed = set(names).symmetric_difference(before)
        self._unsettled |= {p.asset.uuid for p in self._queue.pending_at(folder, changed)}
        if changed or folder not in self._names:
            self._names[folder] = FolderNames(names)

    async def _settle(self, media: MediaFolder) -> int:
        """Looks at the files of what has appeared; how many assets have arrived wholly."""
        self._unsettled = {uuid for uuid in self._unsettled if self._queue.is_pending(uuid)}
        found = [self._as_found(self._queue.planned(uuid)) for uuid in self._unsettled]
        arrived = 0
        for batch in range(0, len(found), WEIGHED_AT_ONCE):
            some = found[batch : batch + WEIGHED_AT_ONCE]
            arrived += sum(await asyncio.gather(*(self._weigh(planned, media) for planned in some)))
        return arrived

    def _as_found(self, planned: PlannedAsset) -> PlannedAsset:
        """The asset with the names and whereabouts that the folders show now."""
        found = checked_against_files(planned.asset, self._names, self._main_names)
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
            self._unsettled.discard(uuid)
            self._move(uuid, FetchState.ARRIVING if there else self._queue.resting_state(uuid))
            return 0
        try:
            sizes = tuple([(await media.stat(resource.path)).size for resource in there])
        except MediaError:
            self._seen.pop(uuid, None)
            return 0
        sighting, now = self._seen.get(uuid), self._timing.steady()
        if sighting is None or sighting.sizes != sizes:
            self._seen[uuid] = _Sighting(sizes, now)
            self._move(uuid, FetchState.ARRIVING)
            return 0
        if not _is_whole(there, sizes, now - sighting.since):
            return 0
        if not self._queue.is_pending(uuid):
            return 0
        del self._seen[uuid]
        self._unsettled.discard(uuid)
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


def _is_whole(resources: Iterable[Resource], sizes: Iterable[int], still_for: float) -> bool:
    """Whether files have the sizes that the library says, `still_for` seconds after they were first seen so.

    One that is smaller may stand still half-way, for as long as the phone has no network; only where no size
    is known does standing still have to do.
    """
    return all(
        still_for >= STANDS_STILL_FOR if r.size is None else r.size == size
        for r, size in zip(resources, sizes, strict=True)
    )
