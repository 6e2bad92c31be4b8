"""Ask iOS to download what the fetch queue waits for, request by request, and say what the user must do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from ambertime_tui import units
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import FetchState
from ambertime_tui.engine.job.alternation import WORDS, Alternation, PhotosSetting
from ambertime_tui.engine.job.attendance import Asking
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_sentences import (
    ALTERNATE,
    DECIDE,
    NO_ROOM,
    TRIAL,
    about_other_ways,
    what_to_check,
)
from ambertime_tui.engine.job.phone_room import PhoneRoom
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.job.trial import Trials
from ambertime_tui.engine.job.trial_in_job import TrialInJob
from ambertime_tui.engine.plan.hands import NOTHING, Reach, keep_originals_fits
from ambertime_tui.engine.plan.plan import wanted_of
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.originals import (
    KEPT_FREE,
    ByHand,
    DownloadMethod,
    KeepOriginals,
    Request,
    Shortcut,
    Wanted,
    can_be_found,
)


def methods(reach: Reach = NOTHING) -> dict[FetchWay, DownloadMethod]:
    """The ways to ask; `found`: see `hands.times_found`."""
    return {
        FetchWay.KEEP_ORIGINALS: KeepOriginals(),
        FetchWay.SHORTCUT: Shortcut(reach.found),
        FetchWay.BY_HAND: ByHand(),
    }


STUCK_AFTER = 120.0
"""Seconds without an arrival from a slice that has begun to arrive, until the next slice is requested."""
NEVER_BEGAN_AFTER = 600.0
"""The same for a slice of which nothing has arrived: perhaps the user has not seen its code yet."""
ROOM_EVERY = 30.0
"""Seconds between two looks at the phone's free storage."""
QUIET_AFTER = 120.0
"""Seconds without an arrival until a message says what to check."""


class FetchRequests:
    """Belongs to the event loop. The arrival watch calls `review` regularly."""

    def __init__(
        self,
        *,
        queue: FetchQueue,
        methods: Mapping[FetchWay, DownloadMethod],
        progress: Progress,
        timing: Timing,
        patience: float | None,
        paused: Callable[[], bool],
        trials: Trials | None = None,
        reach: Reach = NOTHING,
    ) -> None:
        """
        Args:
            queue: what is pending, and how iOS is asked for it.
            methods: the ways to ask.
            progress: shows sentence and code.
            timing: clocks and pauses.
            patience: the job's; a stuck slice must not use it up.
            paused: True while the user has paused the job.
            trials: makes a trial where a way is new for the phone; None: nothing is tried.
            reach: of the library.
        """
        self.trial = TrialInJob(trials, queue, progress, reach)
        """The trial of the way of asking."""
        self._queue = queue
        self._methods = methods
        self._progress = progress
        self._timing = timing
        longest = float("inf") if patience is None else patience
        self._stuck_after = min(STUCK_AFTER, longest / 4)
        self._never_began_after = min(NEVER_BEGAN_AFTER, longest / 3)
        self._paused = paused
        self._requested: Counter[str] = Counter()
        self._round = 0
        self._request: Request | None = None
        self._open: set[int] = set()
        """Assets of the current slice that have not arrived, by their positions in the plan."""
        self._arriving_before: set[int] = set()
        """Assets of the current slice that had begun to arrive before it was requested."""
        self._has_begun = False
        self._shown_again = False
        self._ended = False
        self._progress_at = timing.steady()
        self._room = PhoneRoom()
        self._free: int | None = None
        self._offloaded_since = False
        """True if iOS removed something before it was copied since the last request."""
        self._came_before = 0
        """Arrivals at the last review."""
        self._no_room = False
        """True if nothing that remains fits on the phone."""
        self._alternation = Alternation()
        self._looked_at_room = -ROOM_EVERY

    async def review(self, media: MediaFolder) -> None:
        """Check the progress of the current request, and make the next one when it is due.

        Raises:
            PhoneError: the phone is disconnected, locked or not responding.
        """
        self._update()
        if self._ended or self._paused() or not self._queue.pending:
            return
        await self.trial.prepare()
        self.trial.check_answer()
        if not self.trial.asking and (self._request is None or self._is_over()):
            space = await media.space()
            self._request_next(None if space is None else space.free)
        elif self._keeps_originals and self._timing.steady() - self._looked_at_room >= ROOM_EVERY:
            self._looked_at_room = self._timing.steady()
            space = await media.space()
            if space is not None:
                self._alternate(space.free)
        if self.trial.has_unsaved:
            await asyncio.to_thread(self.trial.save)
        self.trial.show()
        self._publish()

    def was_offloaded(self) -> None:
        """Note that iOS removed an original from the phone before it was copied."""
        self._offloaded_since = True
        self._room.was_offloaded()

    def _alternate(self, free: int) -> None:
        """With Download and Keep Originals, ask the user to switch when the phone is full, and back."""
        self._free, queue = free, self._queue
        pending = sum(queue.tally(s).bytes for s in (FetchState.WAITING, FetchState.ASKED))
        quiet = self._timing.steady() - self._progress_at >= self._stuck_after
        uncopied = queue.tally(FetchState.ARRIVED).count
        if self._alternation.review(free, pending, uncopied=uncopied, quiet=quiet):
            if self._alternation.wanted is PhotosSetting.KEEP:
                self._progress.nights.hand()  # iOS made room, so the other setting was chosen
            self._has_begun, self._progress_at = False, self._timing.steady()

    def _publish(self) -> None:
        """Say what a person has to do on the phone, and how much can come before that."""
        self._progress.set_asking(Asking() if self._ended else Asking(self._hand(), self._bytes_alone()))

    def _hand(self) -> str:
        """What a person has to do on the phone now; empty: nothing."""
        request = self._request
        if self._no_room:
            return "free some storage"
        if request is None:
            return ""
        if self._keeps_originals:
            if self._alternation.same_again:
                return "free some storage"
            return "" if self._has_begun else WORDS[self._alternation.wanted]
        if request.code:
            return "" if self._has_begun else "scan the code"
        return "open the listed items in Photos"

    def _bytes_alone(self) -> int | None:
        """How many bytes can come before a hand is needed again; None: all."""
        request, queue = self._request, self._queue
        if request is None or request.uuids is None:
            fits = self._free is None or keep_originals_fits(self._progress.awaited.bytes, self._free)
            return None if fits or not self._keeps_originals else max(0, (self._free or 0) - KEPT_FREE)
        return None if len(self._open) >= queue.pending else queue.awaited_bytes(self._open)

    def show_code(self) -> None:
        """Show the code of the current slice again, until the slice is finished.

        Raises:
            EngineError: `NotNow`: there is no code.
        """
        if self._request is None or not self._request.code:
            raise EngineError("NotNow", "There is no Shortcut to run now, so there is no code.")
        self._shown_again = True
        self._progress.set_code(self._request.code, self._request.sentence)

    def end(self, sentence: str = "") -> None:
        """Stop requesting: the job no longer waits for iCloud."""
        self._ended = True
        self.trial.stop()
        self._progress.set_code("")
        self._progress.set_fetch_sentence(sentence)

    @property
    def _asks_for_everything(self) -> bool:
        return self._request is not None and self._request.uuids is None

    def end_trial(self) -> None:
        """Skip the trial, or continue after it.

        Raises:
            EngineError: `NotNow`: there is no trial.
        """
        self.trial.skip()
        if not self._asks_for_everything:
            self._forget_request()
        self.trial.show()

    def change_way(self, way: FetchWay) -> None:
        """Ask in another way from now on; it is tried first if it is new for the phone."""
        self.trial.start_again()
        self._queue.change_way(way)
        self._progress.change_way(way)
        self._requested.clear()
        self._round = 0
        self._alternation = Alternation()
        self._forget_request()
        self.trial.show()
        self._progress.add_event("info", f"iOS is now asked in another way: {way.value}.")

    def _trial_request(self, free_bytes: int | None) -> Request | None:
        """The next request of a trial; None: there is none."""
        planned = self.trial.next_items()
        if not planned:
            return None
        wanted = [wanted_of(one) for one in planned]
        request = self._method.request(wanted, free_bytes)
        if request is None or self._queue.way is not FetchWay.BY_HAND:
            return None if request is None else replace(request, sentence=f"{TRIAL} {request.sentence}")
        names = ", ".join(f"{p.asset.original_filename} ({p.day or 'undated'})" for p in planned)
        return Request(
            f"{TRIAL} Open in Photos on the iPhone, until the progress ring disappears: {names}.",
            tuple(one.uuid for one in wanted),
        )

    def _forget_request(self) -> None:
        """Make a new request at the next review."""
        self._request = None
        self._open = set()
        self._progress.set_code("")

    def update_sentence(self, quiet: float) -> None:
        """Describe the state of the queue, `quiet` seconds after the last arrival."""
        if not self._ended:
            self._progress.set_fetch_sentence(self._sentence(quiet))

    @property
    def afterwards(self) -> str:
        """What to change back on the phone after the job; empty: nothing."""
        return self._method.afterwards

    def _update(self) -> None:
        """Remove from the current slice what has arrived or was skipped."""
        queue, now = self._queue, self._timing.steady()
        done = self._open - queue.pending_of(self._open)
        self._open -= done
        arriving = queue.tally(FetchState.ARRIVING).count > 0
        now_arriving = queue.arriving_of(self._open)
        self._arriving_before &= now_arriving
        begins = bool(done or (not self._has_begun and now_arriving - self._arriving_before))
        if self._request is not None and self._request.uuids is None and self._keeps_originals:
            came = self._progress.arrivals
            begins = self._alternation.wanted is PhotosSetting.KEEP and came > self._came_before
            self._came_before = came
        if begins:
            if not self._has_begun and self._request is not None:
                self._progress.nights.hand()
            self._progress_at = now
            self._has_begun = True
            if not self._shown_again:
                self._progress.set_code("")
        if arriving and self._request is not None and self._request.uuids is None and self._keeps_originals:
            queue.mark_all_requested()

    @property
    def _method(self) -> DownloadMethod:
        return self._methods[self._queue.way]

    @property
    def _keeps_originals(self) -> bool:
        return isinstance(self._method, KeepOriginals)

    def _is_over(self) -> bool:
        if self._asks_for_everything:
            return self.trial.is_over(self._stuck_after, self._never_began_after)
        if not self._open and self.trial.awaits_copies:
            return False
        limit = self._stuck_after if self._has_begun else self._never_began_after
        return not self._open or self._timing.steady() - self._progress_at > limit

    def _request_next(self, free_bytes: int | None) -> None:
        queue, request = self._queue, None
        usable = self._usable(free_bytes)
        if self.trial.running:
            if self._request is None or self.trial.has_begun:
                request = self._trial_request(usable)
            if request is None and (self._request is not None or queue.way is not FetchWay.KEEP_ORIGINALS):
                self.trial.conclude()
                if self._asks_for_everything:
                    return
                if self.trial.asking:
                    self._forget_request()
                    return
        if request is None:
            request = self._method.request(self._not_requested(), usable)
        if request is None and self._round < max(self._requested.values(), default=0):
            self._round += 1
            request = self._method.request(self._not_requested(), usable)
        self._no_room = request is None and any(map(can_be_found, self._not_requested()))
        self._request = request
        self._has_begun, self._progress_at = False, self._timing.steady()
        self._shown_again = False
        self._open = set()
        if request is not None and request.uuids is not None:
            self._requested.update(request.uuids)
            self._queue.mark_requested(request.uuids)
            self._open = self._queue.numbers_of(request.uuids)
            self._room.requested(self._queue.awaited_bytes(self._open))
        self._arriving_before = self._queue.arriving_of(self._open)
        if request is not None and self._keeps_originals and free_bytes is not None:
            size = sum(queue.tally(state).bytes for state in (FetchState.WAITING, FetchState.ASKED))
            if not keep_originals_fits(size, free_bytes):
                self._request = request = replace(request, sentence=f"{request.sentence} {ALTERNATE}")
        if request is None:
            self._progress.set_code("")
        else:
            self._progress.set_code(request.code, request.sentence)

    def _usable(self, free: int | None) -> int | None:
        """The free bytes to plan the next request with, from how the last one ended."""
        self._free = free
        if free is None:
            return None
        if self._open and self._has_begun:
            self._room.was_stuck(free)
        elif self._request is not None and self._request.uuids and not self._open:
            if not self._offloaded_since:
                self._room.went_well()
            self._offloaded_since = False
        return self._room.usable(free, self._queue.tally(FetchState.WRITTEN).bytes)

    def _not_requested(self) -> Iterator[Wanted]:
        """What this way can bring and was not requested in this round."""
        for planned in self._queue.by_capture():
            uuid = planned.asset.uuid
            able = self._queue.idle_state(uuid) is not FetchState.NOT_BY_THIS_WAY
            if able and self._requested[uuid] <= self._round:
                yield wanted_of(planned)

    def _sentence(self, quiet: float) -> str:
        pending = self._queue.pending
        if not pending:
            return about_other_ways(self._queue.tally(FetchState.NOT_BY_THIS_WAY).count)
        if self.trial.asking:
            return DECIDE
        request = self._request
        if self._no_room:
            return NO_ROOM.format(
                items=units.plural(pending, "original waits", "originals wait"),
                free=units.size(self._free or 0),
            )
        alternation = self._alternation
        if self._keeps_originals and alternation.sentence and (alternation.same_again or not self._has_begun):
            return self._alternation.sentence
        if quiet >= QUIET_AFTER:
            scans = self._request is not None and bool(self._request.code) and not self._has_begun
            check = what_to_check(self._progress.phone, scans=scans, keeps_originals=self._keeps_originals)
            return f"Nothing has arrived for {units.duration(quiet // 60 * 60)}. {check}"
        if request is None:
            return ""
        if request.uuids is None:
            if self._progress.last_arrival_at is None or self._queue.way is FetchWay.BY_HAND:
                return request.sentence
            return f"Waiting for iOS to download {units.plural(pending, 'item')}."
        if not self._has_begun:
            return request.sentence
        return (
            f"iOS is downloading this slice: {units.count(len(self._open))} of "
            f"{units.count(len(request.uuids))} still missing. {self._what_follows()}"
        )

    def _what_follows(self) -> str:
        if len(self._open) >= self._queue.pending:
            return "No other code is needed for now."
        codes = self._progress.hands_left
        return "The next code follows." if not codes else f"About {units.plural(codes, 'more code')} to scan."
