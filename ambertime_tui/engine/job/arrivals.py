"""Detect originals that arrive from iCloud, by listing only the folders in which originals are expected."""

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

SHORTEST_INTERVAL = 1.0
LONGEST_INTERVAL = 15.0
"""Seconds between two listings: short while originals arrive, longer when none do."""
CHECK_AGAIN_AFTER = 0.3
"""Seconds until a new file is checked again."""
SHORTEST_PAUSE = 0.05
CHECKED_AT_ONCE = 16
"""Assets whose files are checked together."""
SHARE_OF_TIME = 0.05
"""The share of time that listing and checking may take."""
UNCHANGED_FOR = 5.0
"""Seconds for which a file must keep its size if the library does not know its size."""


@dataclass(slots=True)
class _LastCheck:
    """The sizes of an asset's files at the last check, and since when they have them."""

    sizes: tuple[int, ...]
    since: float
    """By the steady clock."""


class ArrivalWatch:
    """Runs until cancelled, or until nothing has arrived for longer than the patience."""

    def __init__(
        self,
        *,
        queue: FetchQueue,
        requests: FetchRequests,
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
            requests: asks iOS to download it.
            link: the connection to the phone.
            progress: shows arrivals and sentences.
            timing: clocks and pauses.
            patience: seconds without any arrival after which `run` returns; None: never.
            main_names: the library's, see `presence.checked_against_files`.
            may_give_up: False while the patience is suspended: during other work or a pause.
            on_arrived: called with each asset whose originals have all arrived, with their actual names.
        """
        self._queue = queue
        self._requests = requests
        self._link = link
        self._progress = progress
        self._timing = timing
        self._patience = patience
        self._main_names = main_names
        self._may_give_up = may_give_up
        self._on_arrived = on_arrived
        self._names: dict[str, FolderNames] = {}
        self._last_checks: dict[str, _LastCheck] = {}
        self._unfinished: set[str] = set()
        self._last_arrival = timing.steady()

    async def run(self) -> None:
        """List folders and check files until the patience is over."""
        interval = SHORTEST_INTERVAL
        list_at = quiet_since = self._timing.steady()
        came = 0
        while True:
            started = self._timing.steady()
            lists, arrived = started >= list_at, 0
            if self._queue.pending:
                media = await self._link.media()
                started = self._timing.steady()
                try:
                    if lists:
                        await self._list(media)
                    arrived = await self._check_new(media)
                    await self._requests.review(media)
                except PhoneError as error:
                    self._link.lost(media, error)
            now = self._timing.steady()
            rest = (now - started) / SHARE_OF_TIME
            if arrived or not self._may_give_up() or not self._queue.pending:
                quiet_since = now
            quiet_since = max(quiet_since, self._link.connected_at)
            if self._patience is not None and now - quiet_since > self._patience:
                return
            self._requests.update_sentence(now - max(self._last_arrival, self._link.connected_at))
            came += arrived
            if lists:
                busy = came or self._unfinished
                interval = SHORTEST_INTERVAL if busy else min(interval * 1.5, LONGEST_INTERVAL)
                list_at, came = now + max(interval, rest), 0
                rest = 0.0  # checking new files again soon costs very little
            soon = CHECK_AGAIN_AFTER if self._unfinished else list_at - now
            await self._timing.pause(max(min(soon, list_at - now), rest, SHORTEST_PAUSE))

    async def _list(self, media: MediaFolder) -> None:
        """List the folders in which originals are expected, and note which files appeared or disappeared."""
        for folder in self._queue.take_changed_folders():
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
        self._unfinished |= {p.asset.uuid for p in self._queue.pending_at(folder, changed)}
        if changed or folder not in self._names:
            self._names[folder] = FolderNames(names)

    async def _check_new(self, media: MediaFolder) -> int:
        """Check the files of assets that are arriving; return how many assets are complete."""
        self._unfinished = {uuid for uuid in self._unfinished if self._queue.is_pending(uuid)}
        found = [self._located(self._queue.planned(uuid)) for uuid in self._unfinished]
        arrived = 0
        for batch in range(0, len(found), CHECKED_AT_ONCE):
            some = found[batch : batch + CHECKED_AT_ONCE]
            arrived += sum(await asyncio.gather(*(self._check(planned, media) for planned in some)))
        return arrived

    def _located(self, planned: PlannedAsset) -> PlannedAsset:
        """The asset with the current names and availability of its files, from the folders."""
        found = checked_against_files(planned.asset, self._names, self._main_names)
        of_role = {resource.role: resource for resource in found.resources}
        resources = tuple(of_role.get(resource.role, resource) for resource in planned.resources)
        return replace(planned, asset=found, resources=resources)

    async def _check(self, planned: PlannedAsset, media: MediaFolder) -> int:
        """1 if the asset is complete: all originals are there, with the right size, in two checks."""
        uuid = planned.asset.uuid
        originals = expected(planned)
        there = [r for r in originals if r.availability is Availability.LOCAL]
        if len(there) < len(originals):
            self._last_checks.pop(uuid, None)
            self._unfinished.discard(uuid)
            self._move(uuid, FetchState.ARRIVING if there else self._queue.idle_state(uuid))
            return 0
        try:
            sizes = tuple([(await media.stat(resource.path)).size for resource in there])
        except MediaError:
            self._last_checks.pop(uuid, None)
            return 0
        last, now = self._last_checks.get(uuid), self._timing.steady()
        if last is None or last.sizes != sizes:
            self._last_checks[uuid] = _LastCheck(sizes, now)
            self._move(uuid, FetchState.ARRIVING)
            return 0
        if not _is_complete(there, sizes, now - last.since):
            return 0
        if not self._queue.is_pending(uuid):
            return 0
        del self._last_checks[uuid]
        self._unfinished.discard(uuid)
        self._last_arrival = self._timing.steady()
        self._queue.move(uuid, FetchState.ARRIVED)
        self._progress.count_arrival(sum(sizes))
        local = tuple(r for r in planned.resources if r.availability is Availability.LOCAL)
        self._on_arrived(replace(planned, resources=local, bytes=bytes_of(local)))
        return 1

    def _move(self, uuid: str, state: FetchState) -> None:
        if self._queue.state_of(uuid) is not state:
            self._queue.move(uuid, state)
            self._progress.touch()


def _is_complete(resources: Iterable[Resource], sizes: Iterable[int], unchanged_for: float) -> bool:
    """True if all files have the size in the library, or none is known and it was unchanged long enough.

    An unchanged size alone proves nothing: without a network, iOS leaves a file half downloaded for any time.
    """
    return all(
        unchanged_for >= UNCHANGED_FOR if r.size is None else r.size == size
        for r, size in zip(resources, sizes, strict=True)
    )
