"""iCloud Photos on a simulated phone: originals are downloaded, fail, and are offloaded again.

All work happens in `ICloud.advance`, which receives the current time, so a test can simulate a whole night
in a second. `RunningICloud` (icloud_thread.py) advances it in real time.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import partial

from ambertime_tui.simulator.growing_file import GrowingFile
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.library import LiveLibrary, MadeAsset, MadeLibrary, MadeResource
from ambertime_tui.simulator.library.made_assets import ORIGINAL_ROLES
from ambertime_tui.simulator.shortcut import ShortcutRun, found_by, roles_brought

BATCH = 32
"""Maximum downloads per call of `advance`, so that the phone keeps answering other requests."""


@dataclass(order=True, slots=True)
class _Download:
    """One requested file, ordered by the earliest start of its download."""

    ready_at: float
    number: int
    asset: MadeAsset
    resource: MadeResource

    @property
    def key(self) -> tuple[str, str]:
        return self.asset.uuid, self.resource.role


class ICloud:
    """The downloader of one phone. Not thread-safe."""

    def __init__(
        self,
        library: MadeLibrary,
        settings: ICloudSettings | None = None,
        *,
        now: float = 0.0,
        on_free_bytes: Callable[[int], None] = lambda free: None,
    ) -> None:
        """
        Args:
            library: the phone's library.
            settings: how iCloud behaves.
            now: the start time.
            on_free_bytes: called with the free space, if storage is limited.
        """
        self._library = library
        self._live = LiveLibrary(library)
        self._assets = library.by_uuid
        self._settings = settings or ICloudSettings()
        self._on_free_bytes = on_free_bytes
        self._queue: list[_Download] = []
        self._next_parts: list[_Download] = []
        self._parts: dict[str, list[MadeResource]] = {}
        self._asked: set[tuple[str, str]] = set()
        self._numbers = 0
        self._now = now
        self._current: _Download | None = None
        self._began = 0.0
        self._full_until = 0.0
        self._growing: GrowingFile | None = None
        self._failures: dict[str, int | None] = {}
        self._fetched: dict[tuple[str, str], tuple[float, int]] = {}
        """When each file was downloaded, and its size; oldest first."""
        self._used_bytes = 0
        self._smaller: set[str] = set()
        self._late_flags: deque[tuple[float, Callable[[], None]]] = deque()
        self.keep_originals = False
        """The setting under Settings > Photos; see `set_keep_originals`."""
        self.arrivals = 0
        """Files downloaded so far."""
        self.failed = 0
        """Downloads that failed so far."""
        self.offloaded = 0
        """Files offloaded so far."""
        self.shortcut_runs: list[str] = []
        """The input texts of the Shortcut's runs."""
        self._report_free()

    @property
    def settings(self) -> ICloudSettings:
        """The current settings. They may be replaced at any time."""
        return self._settings

    @settings.setter
    def settings(self, settings: ICloudSettings) -> None:
        self._settings = settings
        self._full_until = 0.0
        self._report_free()

    @property
    def waiting(self) -> int:
        """Number of requested files that have not arrived."""
        return len(self._asked)

    def close(self) -> None:
        """Close the library's database."""
        self._live.close()

    # User actions

    def set_keep_originals(self, on: bool) -> None:
        """Choose Download and Keep Originals, or Optimize iPhone Storage."""
        self.keep_originals = on
        if on:
            self.ask(self._library.own())
        else:
            self._queue, self._next_parts = [], []
            self._parts.clear()
            self._asked = {self._current.key} if self._current is not None else set()

    def ask(self, assets: Iterable[MadeAsset]) -> int:
        """Request the originals of these assets that are only in iCloud. Return the number of files."""
        before = len(self._asked)
        for asset in assets:
            self._smaller.discard(asset.uuid)
            self._ask_for(asset, 0.0)
        return len(self._asked) - before

    def ask_by_hand(self, uuids: Iterable[str]) -> int:
        """Request items as if opened in Photos. Raises KeyError for one that is not in the library."""
        assets = [self._assets[uuid] for uuid in uuids]
        count = self.ask(assets)
        if self._settings.smaller_by_hand:
            self._smaller |= {asset.uuid for asset in assets}
        return count

    def run_shortcut(self, run: ShortcutRun, time_zone: str) -> int:
        """Request what the Shortcut finds in the phone's time zone, as far as its actions download it."""
        self.shortcut_runs.append(run.text)
        before = len(self._asked)
        for asset in found_by(run, self._library.own(), time_zone):
            roles = roles_brought(asset)
            if self._settings.shortcut_brings_videos_only:
                roles &= {"video", "paired_video"}
            self._smaller.discard(asset.uuid)
            self._ask_for(asset, 0.0, roles)
        return len(self._asked) - before

    def fail(self, uuids: Iterable[str], times: int | None = None) -> None:
        """Make the next downloads of these assets fail so many times; None: always."""
        self._failures.update(dict.fromkeys(uuids, times))

    def offload(self, uuid: str) -> None:
        """Offload the originals of one asset. Raises KeyError if it is not in the library."""
        asset = self._assets[uuid]
        here = [r.role for r in asset.originals if (self._library.media / r.path).exists()]
        if self._settings.flags_lag:
            self._live.remove_files(uuid, here)
            self._flag_later(partial(self._live.flag_purged, uuid, here))
        else:
            self._live.purge(uuid, here)
        for role in here:
            self._used_bytes -= self._fetched.pop((uuid, role), (0.0, 0))[1]
            self.offloaded += 1
        if self.keep_originals:
            self._ask_for(asset, self._settings.tried_again_after)
        self._report_free()

    def finish_processing(self) -> int:
        """Make the originals that the phone has only a preview of so far. Return the number of items."""
        waiting = [asset for asset in self._library.own() if asset.state == "deferred"]
        for asset in waiting:
            self._live.arrive(asset.uuid)
            self._live.flag_processed(asset.uuid)
        return len(waiting)

    # Downloads

    def advance(self, now: float) -> bool:
        """Process everything due until `now`. Return True if work is left for another call."""
        for _ in range(BATCH):
            if not self._one_step(now):
                self._now = max(self._now, now)
                self._tidy_up()
                self._write_late_flags()
                return False
        return True

    def _flag_later(self, flag: Callable[[], None]) -> None:
        """Change the database after the files, as late as the settings say."""
        if self._settings.flags_lag:
            self._late_flags.append((self._now + self._settings.flags_lag, flag))
        else:
            flag()

    def _write_late_flags(self) -> None:
        while self._late_flags and self._late_flags[0][0] <= self._now:
            self._late_flags.popleft()[1]()

    def _one_step(self, now: float) -> bool:
        """Process the first download in the queue. Return False if nothing more happens until `now`."""
        if self._current is None and not self._take_next(now):
            return False
        download = self._current
        if download is None:
            return True
        cut_off = self._next_online(self._began)
        if cut_off is None or cut_off > now:
            self._began = now  # it restarts when the network is back
            return False
        began = max(self._began, cut_off)
        ends = began + self._seconds_for(download.resource.size)
        window = next((w for w in self._settings.offline if began <= w[0] < min(ends, now)), None)
        if window is not None:
            self._grow(download, window[0] - began)
            self._began = window[1]
            return self._began <= now
        if ends > now:
            self._grow(download, now - began)
            return False
        self._end(download, ends)
        return True

    def _take_next(self, now: float) -> bool:
        """Start the next download, or let it fail. Return False if none can start until `now`."""
        queue = self._next_queue()
        if not queue or not self._settings.online:
            return False
        self._began = max(self._now, queue[0].ready_at, self._full_until)
        if self._began > now:
            return False
        download = heapq.heappop(queue)
        if self._fail_if_planned(download):
            self._now = self._began
            return True
        if self._stops_before(download):
            heapq.heappush(queue, download)
            return False
        self._full_until = self._room_at(download, self._began)
        if self._full_until > self._began:
            heapq.heappush(queue, download)
            return True
        self._current = download
        if self._settings.smaller_first:
            self._live.place_smaller(*download.key)
        return True

    def _stops_before(self, download: _Download) -> bool:
        """Whether Download and Keep Originals waits for free space before this download."""
        storage, least = self._settings.storage, self._settings.stops_below
        if storage is None or least is None or not self.keep_originals:
            return False
        return storage - self._used() - download.resource.size < least

    def _next_queue(self) -> list[_Download]:
        """Return the queue to take from: the remaining parts of an asset come before other assets."""
        parts, queue = self._next_parts, self._queue
        if parts and (not queue or parts[0].ready_at <= max(self._now, queue[0].ready_at)):
            return parts
        return queue

    def _next_online(self, moment: float) -> float | None:
        """Return the first time from `moment` on with a network; None if the phone is set offline."""
        if not self._settings.online:
            return None
        for begins, ends in sorted(self._settings.offline):
            if begins <= moment < ends:
                moment = ends
        return moment

    def _seconds_for(self, size: int) -> float:
        rate = self._settings.bytes_per_second
        return 0.0 if rate is None else size / rate

    def _fail_if_planned(self, download: _Download) -> bool:
        if download.asset.uuid not in self._failures:
            return False
        times = self._failures[download.asset.uuid]
        if times == 0:
            return False
        if times is not None:
            self._failures[download.asset.uuid] = times - 1
        self.failed += 1
        asset = download.asset
        if self._settings.failure_clears_remote:
            self._live.flag_not_remote(asset.uuid, [resource.role for resource in self._not_local(asset)])
        self._asked -= {(asset.uuid, resource.role) for resource in asset.originals}
        self._parts.pop(asset.uuid, None)
        if self.keep_originals:
            self._now = max(self._now, self._began)
            self._ask_for(asset, self._settings.tried_again_after)
        return True

    def _grow(self, download: _Download, seconds: float) -> None:
        rate = self._settings.bytes_per_second
        if not self._settings.grows_in_place or rate is None or seconds <= 0:
            return
        if download.asset.uuid in self._smaller:
            return
        if self._growing is None:
            self._growing = GrowingFile(self._library, download.asset, download.resource)
        self._growing.grow_to(int(seconds * rate))

    def _end(self, download: _Download, at: float) -> None:
        uuid, role = download.key
        self._now = at
        if uuid in self._smaller:
            self._live.place_smaller(uuid, role)
        else:
            if self._growing is not None:
                self._growing.finish()
                self._growing = None
            else:
                self._live.place_files(uuid, [role])
            self._flag_later(partial(self._flag_arrived, uuid, role))
            if self._settings.moves_dates:
                self._live.move_date(uuid, -86_400.0)
        self._asked.discard(download.key)
        self._used_bytes += download.resource.size - self._fetched.pop(download.key, (at, 0))[1]
        self._fetched[download.key] = (at, download.resource.size)
        for other in ((uuid, resource.role) for resource in download.asset.originals):
            if other in self._fetched:  # an asset's age counts from its last part
                self._fetched[other] = (at, self._fetched.pop(other)[1])
        self.arrivals += 1
        self._current = None
        if parts := self._parts.get(uuid):
            self._push(self._next_parts, download.asset, parts.pop(0), at + self._settings.halves_apart)
        self._report_free()

    def _room_at(self, download: _Download, at: float) -> float:
        """Return when there is space for a download: now, after offloading the oldest originals, or later."""
        storage = self._settings.storage
        least = download.resource.size + self._settings.keeps_free
        while storage is not None and self._used() + least > storage:
            in_the_middle = {download.asset.uuid, *(part.asset.uuid for part in self._next_parts)}
            oldest = next((key for key in self._fetched if key[0] not in in_the_middle), None)
            if oldest is None:
                break  # nothing left to offload: iOS finds space elsewhere
            may_go_at = self._fetched[oldest][0] + self._settings.kept_for
            if may_go_at > at:
                return may_go_at
            self._now = max(self._now, at)
            self.offload(oldest[0])
        return at

    def _flag_arrived(self, uuid: str, role: str) -> None:
        """Mark a file as downloaded, unless iOS has removed it again meanwhile."""
        if (self._library.media / self._assets[uuid].resource(role).path).exists():
            self._live.flag_arrived(uuid, [role])

    def _tidy_up(self) -> None:
        """Offload what has been here long enough, and while nothing is requested, keep half of the storage
        free."""
        settings = self._settings
        if settings.removed_after is not None:
            until = self._now - settings.removed_after
            for uuid in dict.fromkeys(key[0] for key, (at, _) in self._fetched.items() if at <= until):
                self.offload(uuid)
        if settings.storage is None or not settings.kept_for or self._asked or self.keep_originals:
            return
        while self._used() > (settings.storage - settings.keeps_free) / 2:
            oldest, (fetched_at, _) = next(iter(self._fetched.items()))
            if fetched_at + settings.kept_for > self._now:
                return
            self.offload(oldest[0])

    def _used(self) -> int:
        return self._used_bytes

    def _report_free(self) -> None:
        if self._settings.storage is not None:
            self._on_free_bytes(max(0, self._settings.storage - self._used()))

    def _not_local(self, asset: MadeAsset) -> list[MadeResource]:
        if not asset.uploaded:
            return []
        return [r for r in asset.originals if not self._is_here(r)]

    def _is_here(self, resource: MadeResource) -> bool:
        """Whether an original is on the phone, and not only a smaller version of it."""
        try:
            return (self._library.media / resource.path).stat().st_size >= resource.size
        except FileNotFoundError:
            return False

    def _ask_for(self, asset: MadeAsset, later: float, roles: Container[str] = ORIGINAL_ROLES) -> None:
        """Queue the files of an asset that are not on the phone, one after the other."""
        away = [r for r in self._not_local(asset) if r.role in roles]
        parts = [r for r in away if (asset.uuid, r.role) not in self._asked]
        is_queued = any((asset.uuid, r.role) in self._asked for r in asset.originals)
        self._asked |= {(asset.uuid, r.role) for r in parts}
        if parts and not is_queued:
            ready_at = self._now + self._settings.latency + later
            self._push(self._queue, asset, parts.pop(0), ready_at)
        self._parts.setdefault(asset.uuid, []).extend(parts)

    def _push(
        self, queue: list[_Download], asset: MadeAsset, resource: MadeResource, ready_at: float
    ) -> None:
        self._numbers += 1
        heapq.heappush(queue, _Download(ready_at, self._numbers, asset, resource))
