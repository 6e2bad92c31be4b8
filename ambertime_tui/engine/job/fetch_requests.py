"""Has iOS asked for what the fetch queue waits for, request by request, and says what a person has to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import FetchState, PhoneSummary
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import wanted_of
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.originals import ByHand, DownloadMethod, KeepOriginals, Request, Shortcut, Wanted

WAYS: dict[FetchWay, DownloadMethod] = {
    FetchWay.KEEP_ORIGINALS: KeepOriginals(),
    FetchWay.SHORTCUT: Shortcut(),
    FetchWay.BY_HAND: ByHand(),
}
STUCK_AFTER = 120.0
"""Seconds without an arrival of a slice that has begun to arrive, after which the next one is asked for."""
NEVER_BEGAN_AFTER = 600.0
"""The same for a slice of which nothing came: perhaps nobody has seen its code yet."""
FOR_EVER = float("inf")
QUIET_AFTER = 120.0
"""Seconds without an arrival after which a person is told what to check."""
LOW_BATTERY = 20
LITTLE_ROOM = 1_000_000_000


class FetchRequests:
    """Belongs to the event loop. `review` is called again and again, by whoever watches for arrivals."""

    def __init__(
        self,
        *,
        queue: FetchQueue,
        way: FetchWay,
        progress: Progress,
        timing: Timing,
        patience: float | None,
        paused: Callable[[], bool],
    ) -> None:
        """
        Args:
            queue: what is pending.
            way: how iOS is asked.
            progress: where sentence and code are shown.
            timing: the engine's time.
            patience: the job's; a slice that is stuck must not use it up.
            paused: whether a person wants nothing new to be begun.
        """
        self._queue = queue
        self._way = WAYS[way]
        self._progress = progress
        self._timing = timing
        longest = FOR_EVER if patience is None else patience
        self._stuck_after = min(STUCK_AFTER, longest / 4)
        self._never_began_after = min(NEVER_BEGAN_AFTER, longest / 3)
        self._paused = paused
        self._times: Counter[str] = Counter()
        self._round = 0
        self._request: Request | None = None
        self._open: set[str] = set()
        self._half_there: set[str] = set()
        """Of the present slice: what had begun to arrive before it was asked for."""
        self._begun = False
        self._shown_again = False
        self._ended = False
        self._moved_at = timing.steady()

    async def review(self, media: MediaFolder) -> None:
        """Sees how far the present request is, and makes the next one when its time has come.

        Raises:
            PhoneError: the phone is gone, locked or silent.
        """
        self._follow()
        if self._ended or self._paused() or not self._queue.pending:
            return
        if self._request is None or (self._request.uuids is not None and self._is_over()):
            space = await media.space()
            self._ask_next(None if space is None else space.free)

    def show_code(self) -> None:
        """Shows the code of the present slice again, until its time is over.

        Raises:
            EngineError: `NotNow`: there is none.
        """
        if self._request is None or not self._request.code:
            raise EngineError("NotNow", "No Shortcut has to be run now, so there is no code.")
        self._shown_again = True
        self._progress.set_code(self._request.code, self._request.sentence)

    def end(self, sentence: str = "") -> None:
        """The job waits for nothing more, so nothing more is asked for."""
        self._ended = True
        self._progress.set_code("")
        self._progress.set_fetch_sentence(sentence)

    def tell(self, quiet: float) -> None:
        """Says why the queue stands where it stands, after so many seconds without an arrival."""
        if not self._ended:
            self._progress.set_fetch_sentence(self._sentence(quiet))

    @property
    def afterwards(self) -> str:
        """What to do on the phone when the job is over; empty: nothing."""
        return self._way.afterwards

    def _follow(self) -> None:
        """Takes what came, or was skipped, out of the present slice."""
        queue, now = self._queue, self._timing.steady()
        done = {uuid for uuid in self._open if not queue.is_pending(uuid)}
        self._open -= done
        arriving = queue.tally(FetchState.ARRIVING).count > 0
        now_arriving = {uuid for uuid in self._open if self._is_arriving(uuid)}
        self._half_there &= now_arriving
        if done or (not self._begun and now_arriving - self._half_there):
            self._moved_at = now
            self._begun = True
            if not self._shown_again:
                self._progress.set_code("")
        if arriving and self._request is not None and self._request.uuids is None and self._is_the_switch:
            queue.ask_for_everything()

    def _is_arriving(self, uuid: str) -> bool:
        return self._queue.state_of(uuid) is FetchState.ARRIVING

    @property
    def _is_the_switch(self) -> bool:
        return isinstance(self._way, KeepOriginals)

    def _is_over(self) -> bool:
        limit = self._stuck_after if self._begun else self._never_began_after
        return not self._open or self._timing.steady() - self._moved_at > limit

    def _ask_next(self, free_bytes: int | None) -> None:
        request = self._way.request(self._unasked(), free_bytes)
        if request is None and self._round < max(self._times.values(), default=0):
            self._round += 1
            request = self._way.request(self._unasked(), free_bytes)
        self._request = request
        self._begun, self._moved_at = False, self._timing.steady()
        self._shown_again = False
        self._open = set()
        if request is not None and request.uuids is not None:
            self._times.update(request.uuids)
            self._queue.ask(request.uuids)
            self._open = set(request.uuids)
        self._half_there = {uuid for uuid in self._open if self._is_arriving(uuid)}
        if request is None:
            self._progress.set_code("")
        else:
            self._progress.set_code(request.code, request.sentence)

    def _unasked(self) -> Iterator[Wanted]:
        """What was not asked for in this round."""
        for planned in self._queue.by_capture():
            if self._times[planned.asset.uuid] <= self._round:
                yield wanted_of(planned)

    def _sentence(self, quiet: float) -> str:
        pending = self._queue.pending
        if not pending:
            return ""
        if quiet >= QUIET_AFTER:
            return f"Nothing has come for {int(quiet // 60)} min. {self._what_to_check()}"
        request = self._request
        if request is None:
            return NO_SHORTCUT.format(items=_items(pending)) if self._times or self._round else ""
        if request.uuids is None:
            if self._progress.last_arrival_at is None:
                return request.sentence
            return f"Waiting for iOS to download {_items(pending)}."
        if not self._begun:
            return request.sentence
        return (
            f"iOS is downloading this slice: {len(self._open):,} of {len(request.uuids):,} to come. "
            "The next code comes after it."
        )

    def _what_to_check(self) -> str:
        found = list(_troubles_of(self._progress.phone))
        if self._request is not None and self._request.code and not self._begun:
            found.append("the code was scanned and the Shortcut run")
        if self._is_the_switch:
            found.append("Download and Keep Originals is on")
        return f"On the iPhone, check: {'; '.join([*found, USUAL_TROUBLES])}."


USUAL_TROUBLES = "Wi-Fi, power, Low Power Mode, free storage, and iCloud's state (Apple's System Status page)"
NO_LONGER = "iCloud is waited for no longer: what is here is written, then the job ends with the rest listed."
NO_SHORTCUT = (
    "A Shortcut cannot ask for {items}: hidden, deleted or without a date. Open them in Photos on the "
    "iPhone, or finish with what is here."
)


def _troubles_of(phone: PhoneSummary | None) -> Iterator[str]:
    if phone is None:
        return
    if phone.on_power is False:
        low = phone.battery_percent is not None and phone.battery_percent <= LOW_BATTERY
        level = f" ({phone.battery_percent} %)" if low else ""
        yield f"it is not on power{level}"
    if phone.free_bytes is not None and phone.free_bytes < LITTLE_ROOM:
        yield f"it has only {phone.free_bytes / 1e6:,.0f} MB free"


def _items(count: int) -> str:
    return f"{count:,} original" + ("" if count == 1 else "s")
