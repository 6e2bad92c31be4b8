"""Detect originals that arrive from iCloud, by listing only the folders in which originals are expected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from ambertime_tui.engine.api.status import FetchState, Wait
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FetchRequests
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import PlannedAsset, bytes_of
from ambertime_tui.engine.plan.recorded_state import is_partial_download
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.folder_names import NO_NAMES, FolderNames
from ambertime_tui.library.model import Availability, Resource, Role
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
"""Seconds for which a file must stay unchanged if its size is not that of the library."""
AS_IS_AFTER = 60.0
"""Seconds for which a file that seems incomplete must stay unchanged before it is copied as it is. A shorter
patience counts instead."""

FileState = tuple[int, int | None]
"""Size in bytes, and modification time in nanoseconds."""


@dataclass(slots=True)
class _LastCheck:
    """A file at the last check."""

    state: FileState
    since: float
    """By the steady clock: since when it has this state."""
    rejected: bool = False
    """True if it was copied in this state, and its fingerprint showed that it is incomplete."""


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
            on_arrived: called with each asset of which originals have arrived, and with those originals under
                their actual names. An asset can come in several parts.
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
        self._checks: dict[str, dict[Role, _LastCheck]] = {}
        self._counted: set[str] = set()
        """Assets of which a part has arrived."""
        self._unfinished: set[str] = set()
        self._last_arrival = timing.steady()
        self._shown_wait = -1.0

    async def run(self) -> None:
        """List folders and check files until the patience is over."""
        interval = SHORTEST_INTERVAL
        list_at = quiet_since = self._timing.steady()
        came = 0
        while True:
            started = self._timing.steady()
            lists, arrived = started >= list_at, 0
            if self._queue.watched:
                media = await self._link.media()
                started = self._timing.steady()
                try:
                    if lists:
                        await self._list(media)
                    arrived = await self._check_new(media)
                    await self._requests.review(media)
                    self._link.worked()
                except PhoneError as error:
                    self._link.lost(media, error)
            now = self._timing.steady()
            rest = (now - started) / SHARE_OF_TIME
            if arrived or not self._may_give_up() or not self._queue.pending:
                quiet_since = now
            quiet_since = max(quiet_since, self._link.back_at)
            if self._patience is not None and now - quiet_since > self._patience:
                return
            self._show_wait(quiet_since, now)
            self._requests.update_sentence(now - max(self._last_arrival, self._link.back_at))
            came += arrived
            if lists:
                busy = came or self._unfinished or self._requests.trial.running
                interval = SHORTEST_INTERVAL if busy else min(interval * 1.5, LONGEST_INTERVAL)
                list_at, came = now + max(interval, rest), 0
                rest = 0.0  # checking new files again soon costs very little
            soon = CHECK_AGAIN_AFTER if self._unfinished else list_at - now
            await self._timing.pause(max(min(soon, list_at - now), rest, SHORTEST_PAUSE))

    def _show_wait(self, quiet_since: float, now: float) -> None:
        """Show since when nothing has arrived, and when the patience ends."""
        if quiet_since == self._shown_wait:
            return
        self._shown_wait = quiet_since
        if quiet_since == now and not (self._queue.pending and self._may_give_up()):
            self._progress.set_icloud_wait(None)
            return
        since = self._timing.wall() - (now - quiet_since)
        until = None if self._patience is None else since + self._patience
        self._progress.set_icloud_wait(Wait(since, until))

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
        self._unfinished |= {p.asset.uuid for p in self._queue.watched_at(folder, changed)}
        if changed or folder not in self._names:
            self._names[folder] = FolderNames(names)

    async def _check_new(self, media: MediaFolder) -> int:
        """Check the files of assets that are arriving; return how many assets are complete."""
        self._unfinished = {uuid for uuid in self._unfinished if self._queue.is_watched(uuid)}
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
        """1 if the asset is complete: all originals are there, and the same in two checks.

        Originals that are complete before the others are copied without waiting for them, before iOS offloads
        them again.
        """
        uuid = planned.asset.uuid
        missing = self._missing(planned)
        there = [r for r in missing if r.availability is Availability.LOCAL]
        stats = await asyncio.gather(*(media.stat(r.path) for r in there), return_exceptions=True)
        if not self._queue.is_watched(uuid):
            return 0
        checks = self._checks.pop(uuid, {})
        now, complete, sizes = self._timing.steady(), list[Resource](), 0
        for resource, stat in zip(there, stats, strict=True):
            if isinstance(stat, MediaError):
                continue
            if isinstance(stat, BaseException):
                raise stat
            self._requests.trial.saw(uuid, resource.role, stat.size)
            last, state = checks.get(resource.role), (stat.size, stat.modified_ns)
            if last is None or last.state != state:
                last = _LastCheck(state, now)
            elif not last.rejected and _is_complete(resource, stat.size, now - last.since):
                complete.append(resource)
                sizes += stat.size
            self._checks.setdefault(uuid, {})[resource.role] = last
        if complete:
            self._offer(planned, complete, sizes)
        if len(complete) == len(missing):
            return 1
        if len(complete) == len(there):
            self._unfinished.discard(uuid)
        idle = self._queue.idle_state(uuid)
        waits = idle is not FetchState.NOT_BY_THIS_WAY  # then a part that came announces the rest
        arriving = len(complete) < len(there) or (waits and bool(there))
        self._move(uuid, FetchState.ARRIVING if arriving else idle)
        return 0

    def _missing(self, planned: PlannedAsset) -> list[Resource]:
        """The originals that still have to come, as `planned` has found them on the phone."""
        found = {resource.role: resource for resource in planned.asset.resources}
        return [found.get(r.role, r) for r in self._queue.missing(planned.asset.uuid)]

    def _offer(
        self, planned: PlannedAsset, come: Sequence[Resource], size: int, *, as_is: bool = False
    ) -> None:
        """Hand over originals that have come; edits are handed over with the last of them."""
        uuid = planned.asset.uuid
        whole = len(come) == len(self._queue.missing(uuid))
        if whole:
            self._unfinished.discard(uuid)
            self._queue.move(uuid, FetchState.ARRIVED)
            edits = [r for r in planned.resources if not r.role.is_original]
            come = [*come, *(r for r in edits if r.availability is Availability.LOCAL)]
        else:
            self._queue.has_come(uuid, come)
        self._requests.trial.came(uuid)
        self._last_arrival = self._timing.steady()
        self._progress.count_arrival(size)
        files = tuple(r for r in planned.asset.resources if r in come)
        joins = planned.joins or uuid in self._counted
        self._counted.add(uuid)
        self._on_arrived(replace(planned, resources=files, bytes=bytes_of(files), joins=joins, as_is=as_is))

    def reject(self, planned: PlannedAsset, resources: Iterable[Resource]) -> None:
        """Note that files were not complete although they had come: wait until they change."""
        uuid = planned.asset.uuid
        for resource in resources:
            check = self._checks.get(uuid, {}).get(resource.role)
            if check is not None:
                check.rejected = True
        self._unfinished.add(uuid)

    def forget_rejections(self, uuid: str) -> None:
        """Check the files of an asset again, as if they had just come."""
        self._checks.pop(uuid, None)
        self._unfinished.add(uuid)

    def take_as_is(self) -> None:
        """Hand over what does not seem complete and has not changed for a long time, as it is."""
        now, longest = self._timing.steady(), min(AS_IS_AFTER, self._patience or AS_IS_AFTER)
        for uuid, checks in tuple(self._checks.items()):
            if not self._queue.is_watched(uuid):
                continue
            planned = self._located(self._queue.planned(uuid))
            still = [
                resource
                for resource in self._missing(planned)
                if (check := checks.get(resource.role)) is not None
                and (check.rejected or now - check.since >= longest)
                and not is_partial_download(check.state[0], resource)
            ]
            if still:
                size = sum(checks[resource.role].state[0] for resource in still)
                self._offer(planned, still, size, as_is=True)

    def _move(self, uuid: str, state: FetchState) -> None:
        if self._queue.state_of(uuid) is not state:
            self._queue.move(uuid, state)
            self._progress.touch()


def _is_complete(resource: Resource, size: int, unchanged_for: float) -> bool:
    """True if a file seems to be complete.

    An unchanged size proves nothing if it is too small: without a network, iOS leaves a file half downloaded
    for any time. With a fingerprint, a file of any size is worth copying: its bytes decide then.
    """
    if size == resource.size:
        return True
    too_small = resource.size is not None and size < resource.size and resource.fingerprint is None
    return unchanged_for >= UNCHANGED_FOR and not too_small
