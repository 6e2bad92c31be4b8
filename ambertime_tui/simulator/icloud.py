"""What iCloud Photos does on a simulated phone: originals come down, fail, are offloaded again.

Everything happens in `ICloud.advance`, for the moment that it is told, so a test can let a night pass in a
second. `RunningICloud` (icloud_thread.py) lets it pass by the clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ambertime_tui.simulator.growing_file import GrowingFile
from ambertime_tui.simulator.library import LiveLibrary, MadeAsset, MadeLibrary, MadeResource
from ambertime_tui.simulator.shortcut import ShortcutRun, asks_for

BATCH = 32
"""Downloads finished in one call of `advance` at most: the phone answers others meanwhile."""


@dataclass(frozen=True, slots=True)
class ICloudSettings:
    """How iCloud is for a phone. Times are seconds, sizes bytes.

    Attributes:
        online: whether the phone has a network at all.
        bytes_per_second: of the download; None: as fast as this computer can.
        latency: from asking to the first byte of a file.
        offline: when there is no network: (from, to), on the clock that `advance` is told.
        storage: room for originals that were fetched; None: enough. When it is full, those that were fetched
            first are offloaded again.
        kept_for: how long an original that was fetched stays at least.
        halves_apart: from one file of an asset (a Live Photo's photo) to the next one (its video).
        grows_in_place: whether a file appears at its path at once and grows there; otherwise it appears
            whole, by a rename.
        tried_again_after: after a download failed, or an original was offloaded, with Keep Originals on.
    """

    online: bool = True
    bytes_per_second: float | None = None
    latency: float = 0.0
    offline: tuple[tuple[float, float], ...] = ()
    storage: int | None = None
    kept_for: float = 0.0
    halves_apart: float = 0.0
    grows_in_place: bool = False
    tried_again_after: float = 1.0


@dataclass(order=True, slots=True)
class _Download:
    """One file that was asked for; ordered by when it can begin."""

    ready_at: float
    number: int
    asset: MadeAsset
    resource: MadeResource

    @property
    def key(self) -> tuple[str, str]:
        return self.asset.uuid, self.resource.role


class ICloud:
    """The downloader of one phone. Not for several threads at once."""

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
            library: what the phone holds.
            settings: how iCloud is.
            now: the moment it begins.
            on_free_bytes: told the room that is left, where the storage is limited.
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
        self.keep_originals = False
        """The switch in Settings, Photos; see `set_keep_originals`."""
        self.arrivals = 0
        """Files that came down so far."""
        self.failed = 0
        """Downloads that failed so far."""
        self.offloaded = 0
        """Files that were fetched and offloaded again so far."""
        self.shortcut_runs: list[str] = []
        """The inputs of the Shortcut's runs."""
        self._report_free()

    @property
    def settings(self) -> ICloudSettings:
        """How iCloud is now; may be replaced at any time."""
        return self._settings

    @settings.setter
    def settings(self, settings: ICloudSettings) -> None:
        self._settings = settings
        self._full_until = 0.0
        self._report_free()

    @property
    def waiting(self) -> int:
        """Files that were asked for and have not come."""
        return len(self._asked)

    def close(self) -> None:
        """Leaves the library as it is."""
        self._live.close()

    # What a person does

    def set_keep_originals(self, on: bool) -> None:
        """Download and Keep Originals, or Optimize iPhone Storage."""
        self.keep_originals = on
        if on:
            self.ask(self._library.own())

    def ask(self, assets: Iterable[MadeAsset]) -> int:
        """Has the originals of some assets downloaded that are in iCloud only; how many files that are."""
        before = len(self._asked)
        for asset in assets:
            self._ask_for(asset, 0.0)
        return len(self._asked) - before

    def ask_by_hand(self, uuids: Iterable[str]) -> int:
        """Somebody opens items in Photos. Raises KeyError for one that is not in the library."""
        return self.ask([self._assets[uuid] for uuid in uuids])

    def run_shortcut(self, run: ShortcutRun, time_zone: str) -> int:
        """The Shortcut touches what it finds in a range of days, in the phone's time zone."""
        self.shortcut_runs.append(run.text)
        return self.ask(asset for asset in self._library.own() if asks_for(run, asset, time_zone))

    def fail(self, uuids: Iterable[str], times: int | None = None) -> None:
        """The next downloads of these assets fail so many times; None: always."""
        self._failures.update(dict.fromkeys(uuids, times))

    def offload(self, uuid: str) -> None:
        """iOS makes room: the originals of one asset go. Raises KeyError as `ask_by_hand`."""
        asset = self._assets[uuid]
        here = [r.role for r in asset.originals if (self._library.media / r.path).exists()]
        self._live.purge(uuid, here)
        for role in here:
            self._fetched.pop((uuid, role), None)
            self.offloaded += 1
        if self.keep_originals:
            self._ask_for(asset, self._settings.tried_again_after)
        self._report_free()

    # What passes by itself

    def advance(self, now: float) -> bool:
        """Lets time pass until `now`. True where it had to leave something for another call."""
        for _ in range(BATCH):
            if not self._one_step(now):
                self._now = max(self._now, now)
                self._tidy_up()
                return False
        return True

    def _one_step(self, now: float) -> bool:
        """Works on the first of the line; False where nothing more happens until `now`."""
        if self._current is None and not self._take_next(now):
            return False
        download = self._current
        if download is None:
            return True
        cut_off = self._next_online(self._began)
        if cut_off is None or cut_off > now:
            self._began = now  # it begins anew when there is a network again
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
        """Takes up the next download, or sees it fail; False: there is none to take up until `now`."""
        line = self._next_queue()
        if not line or not self._settings.online:
            return False
        self._began = max(self._now, line[0].ready_at, self._full_until)
        if self._began > now:
            return False
        download = heapq.heappop(line)
        if self._fail_if_planned(download):
            self._now = self._began
            return True
        self._full_until = self._room_at(download, self._began)
        if self._full_until > self._began:
            heapq.heappush(line, download)
            return True
        self._current = download
        return True

    def _next_queue(self) -> list[_Download]:
        """The other parts of an asset go before other assets, as soon as they are ready."""
        parts, line = self._next_parts, self._queue
        if parts and (not line or parts[0].ready_at <= max(self._now, line[0].ready_at)):
            return parts
        return line

    def _next_online(self, moment: float) -> float | None:
        """When there is a network from a moment on; None: not as things are."""
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
        if self._growing is None:
            self._growing = GrowingFile(self._library, download.asset, download.resource)
        self._growing.grow_to(int(seconds * rate))

    def _end(self, download: _Download, at: float) -> None:
        uuid, role = download.key
        if self._growing is not None:
            self._growing.finish()
            self._growing = None
        else:
            self._live.place_files(uuid, [role])
        self._live.flag_arrived(uuid, [role])
        self._asked.discard(download.key)
        self._fetched[download.key] = (at, download.resource.size)
        for other in [key for key in self._fetched if key[0] == uuid]:
            self._fetched[other] = (at, self._fetched.pop(other)[1])  # an asset is as old as its last part
        self.arrivals += 1
        self._current, self._now = None, at
        if parts := self._parts.get(uuid):
            self._push(self._next_parts, download.asset, parts.pop(0), at + self._settings.halves_apart)
        self._report_free()

    def _room_at(self, download: _Download, at: float) -> float:
        """When there is room for a download: at once, after offloading what was fetched first, or later."""
        storage = self._settings.storage
        while storage is not None and self._used() + download.resource.size > storage:
            in_the_middle = {download.asset.uuid, *(part.asset.uuid for part in self._next_parts)}
            oldest = next((key for key in self._fetched if key[0] not in in_the_middle), None)
            if oldest is None:
                break  # nothing that may go: iOS finds room elsewhere
            may_go_at = self._fetched[oldest][0] + self._settings.kept_for
            if may_go_at > at:
                return may_go_at
            self._now = max(self._now, at)
            self.offload(oldest[0])
        return at

    def _tidy_up(self) -> None:
        """While nothing is asked for, iOS keeps half of the room free: what has been here for long goes."""
        settings = self._settings
        if settings.storage is None or not settings.kept_for or self._asked or self.keep_originals:
            return
        while self._used() > settings.storage / 2:
            oldest, (fetched_at, _) = next(iter(self._fetched.items()))
            if fetched_at + settings.kept_for > self._now:
                return
            self.offload(oldest[0])

    def _used(self) -> int:
        return sum(size for _, size in self._fetched.values())

    def _report_free(self) -> None:
        if self._settings.storage is not None:
            self._on_free_bytes(max(0, self._settings.storage - self._used()))

    def _not_local(self, asset: MadeAsset) -> list[MadeResource]:
        if not asset.uploaded:
            return []
        return [r for r in asset.originals if not (self._library.media / r.path).exists()]

    def _ask_for(self, asset: MadeAsset, later: float) -> None:
        """Puts what is away of an asset in line, one file after the other."""
        parts = [r for r in self._not_local(asset) if (asset.uuid, r.role) not in self._asked]
        is_in_line = any((asset.uuid, r.role) in self._asked for r in asset.originals)
        self._asked |= {(asset.uuid, r.role) for r in parts}
        if parts and not is_in_line:
            ready_at = self._now + self._settings.latency + later
            self._push(self._queue, asset, parts.pop(0), ready_at)
        self._parts.setdefault(asset.uuid, []).extend(parts)

    def _push(self, line: list[_Download], asset: MadeAsset, resource: MadeResource, ready_at: float) -> None:
        self._numbers += 1
        heapq.heappush(line, _Download(ready_at, self._numbers, asset, resource))
