"""The connection to one phone during a job. Reconnects after the phone was locked or unplugged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.engine.scan.summaries import phone_summary
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.discovery import watch_phones
from ambertime_tui.phone.errors import (
    FileLimitReached,
    MediaError,
    MediaForbidden,
    NoPhoneAttached,
    OnlyOverWifi,
    PhoneDisconnected,
    PhoneError,
    PhoneLocked,
    PhoneNotReady,
    PhoneStalled,
    TrustRefused,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.session import PhoneSession, open_session, peek

TRY_AGAIN_EVERY = 2.0
"""Seconds between attempts to reach a connected phone that cannot be read."""
FACTS_EVERY = 60.0
UNLIKELY_TO_RECOVER = (PhoneNotReady, PhoneStalled)
"""Errors that waiting rarely clears."""
ATTEMPTS_IF_UNLIKELY = 3
"""Attempts after such an error if the phone was never read. A phone that was read before is retried until
the patience ends."""
NOT_ATTACHED = (UsbmuxUnavailable, NoPhoneAttached, UnknownPhone, OnlyOverWifi)
NO_LIMIT = 10 * 365 * 86400.0
SHORTEST_LIMIT = 5.0
"""Seconds that the phone gets for each answer even if the patience is shorter: a busy phone is not silent."""


async def _probe(media: MediaFolder) -> None:
    """Send one small request: a phone that is asleep connects, but does not respond.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    with suppress(MediaError):
        await media.space()


class PhoneLink:
    """Provides the phone's media folder, and a new one after each reconnection."""

    def __init__(
        self,
        udid: str,
        pair_records: Path,
        timing: Timing,
        *,
        patience: float | None,
        on_trouble: Callable[[str], None],
        on_facts: Callable[[PhoneSummary], None],
        connections: int = 1,
    ) -> None:
        """
        Args:
            udid: which phone.
            pair_records: folder with the keys of phones.
            timing: the engine's clocks and timeouts.
            patience: seconds without the phone, or without an answer from it, before `run` gives up; None: no
                limit.
            on_trouble: called with what the user has to do; an empty sentence means the phone is back.
            on_facts: called with battery and free space, first on connecting and then every minute.
            connections: AFC connections to use.
        """
        self._udid = udid
        self._pair_records = pair_records
        self._timing = timing
        self._patience = NO_LIMIT if patience is None else patience
        longest = max(self._patience, SHORTEST_LIMIT)
        self._timeouts = replace(
            timing.phone,
            step_within=min(timing.phone.step_within, longest),
            stall_after=min(timing.phone.stall_after, longest),
        )
        self._on_trouble = on_trouble
        self._on_facts = on_facts
        self._connections = connections
        self._media: MediaFolder | None = None
        self._there = asyncio.Event()
        self._was_there = False
        self._name = ""
        self._lost = asyncio.Event()
        self._why: PhoneError | None = None
        self._without_since = timing.steady()
        self._stalled_since: float | None = None
        """Since when the phone has left requests unanswered again and again; None: it has not."""
        self.attachment: int | None = None
        """usbmuxd's number for the connected phone; plugging it in again gives it a new one."""
        self.back_at = timing.steady()
        """When the phone was last plugged in or unlocked, by the monotonic clock. A new connection to a phone
        that does not respond does not count."""

    async def media(self) -> MediaFolder:
        """Wait for a connection and return its media folder."""
        while self._media is None:
            await self._there.wait()
        return self._media

    def lost(self, media: MediaFolder, why: PhoneError, *, in_one_file: bool = False) -> None:
        """Report that a whole connection failed, so that `run` reconnects.

        Args:
            media: the folder that failed.
            why: the error.
            in_one_file: the phone may have stopped responding because of one file, which the caller gives up.
        """
        if isinstance(why, PhoneStalled) and not in_one_file and self._stalled_since is None:
            self._stalled_since = self._timing.steady() - why.seconds
        if media is self._media:
            self._media = None
            self._there.clear()
            self._why = why
            self._lost.set()

    def worked(self) -> None:
        """Report that the phone has answered all of a request, not only a part of it."""
        self._stalled_since = None

    async def denied(self, media: MediaFolder, why: MediaForbidden) -> bool:
        """Whether a file was refused because the phone is locked. If so, the connection counts as lost."""
        return await self.is_locked(media) or media is not self._media

    async def is_locked(self, media: MediaFolder) -> bool:
        """Whether the phone is locked. If so, the connection counts as lost."""
        trouble = (await peek(self._udid, self._pair_records, timeouts=self._timeouts)).trouble
        if not isinstance(trouble, PhoneLocked):
            return False
        self.lost(media, trouble)
        return True

    async def run(self) -> None:
        """Keep the connection open until cancelled.

        Raises:
            PhoneError: the phone refuses permanently, or was away or silent for longer than the patience.
        """
        hopes = ATTEMPTS_IF_UNLIKELY
        trouble: PhoneError | None = None
        while True:
            try:
                await self._one_session(trouble)
                trouble = self._why or PhoneDisconnected(self._name or "The iPhone")
            except (TrustRefused, FileLimitReached):
                raise
            except UnknownPhone as error:
                trouble = UnknownPhone(self._udid, name=self._name) if self._name else error
            except PhoneError as error:
                trouble = error
            if isinstance(trouble, UNLIKELY_TO_RECOVER) and not self._was_there:
                hopes -= 1
                if not hopes:
                    raise trouble
            self._why = None
            self._on_trouble(str(trouble))
            if self._silent_for() > self._patience:
                raise trouble
            await self._wait_for_it(trouble)

    def _silent_for(self) -> float:
        since = self._without_since
        if self._stalled_since is not None:
            since = min(since, self._stalled_since)
        return self._timing.steady() - since

    async def _one_session(self, before: PhoneError | None) -> None:
        async with open_session(
            self._udid,
            pair_records=self._pair_records,
            on_waiting=lambda trouble: self._on_trouble(str(trouble)),
            trust_patience=self._patience,
            timeouts=self._timeouts,
        ) as session:
            media = await session.media(self._connections)
            await _probe(media)
            self._lost.clear()
            self._media = media
            self._there.set()
            self._was_there = True
            self._note_return(session.phone.device_id, before)
            self._on_trouble("")
            try:
                await self._until_lost(session)
            finally:
                self._media = None
                self._there.clear()
                silent = self._why.seconds if isinstance(self._why, PhoneStalled) else 0.0
                self._without_since = self._timing.steady() - silent

    def _note_return(self, attachment: int, before: PhoneError | None) -> None:
        """Note since when the phone is back, after a connection that ended with the error `before`."""
        if attachment != self.attachment:
            self._stalled_since = None
            self._without_since = self._timing.steady()
        elif isinstance(before, PhoneStalled | PhoneDisconnected):
            return
        self.attachment, self.back_at = attachment, self._timing.steady()

    async def _until_lost(self, session: PhoneSession) -> None:
        self._name = session.facts.name
        self._on_facts(phone_summary(session.facts))
        ends = {asyncio.ensure_future(session.disconnected()), asyncio.ensure_future(self._lost.wait())}
        facts = asyncio.ensure_future(self._keep_asking(session))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*ends, facts):
                task.cancel()
            await asyncio.gather(*ends, facts, return_exceptions=True)

    async def _keep_asking(self, session: PhoneSession) -> None:
        while True:
            await self._timing.pause(FACTS_EVERY)
            try:
                self._on_facts(phone_summary(await session.refreshed_facts()))
            except PhoneError:
                continue  # a copy that needs the phone fails by itself

    async def _wait_for_it(self, trouble: PhoneError) -> None:
        """Wait for the next attempt: until the phone is connected, or for a short pause."""
        if not isinstance(trouble, NOT_ATTACHED):
            await self._timing.pause(TRY_AGAIN_EVERY if not isinstance(trouble, PhoneDisconnected) else 0.2)
            return
        left = self._patience - self._silent_for()
        try:
            async with asyncio.timeout(max(left, 0.0) + 0.1):
                await self._attached()
        except TimeoutError:
            return

    async def _attached(self) -> None:
        async with aclosing(watch_phones()) as changes:
            async for phones in changes:
                if not isinstance(phones, UsbmuxUnavailable) and any(
                    phone.udid == self._udid and phone.over_usb for phone in phones
                ):
                    return
