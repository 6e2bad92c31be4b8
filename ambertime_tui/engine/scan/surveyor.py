"""Surveys of phones, kept: the scan made to draw a range picker is the one that the job uses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ambertime_tui.engine.api.protocol import SurveyedLibrary
from ambertime_tui.engine.api.status import PhoneSummary, ScanStatus
from ambertime_tui.engine.scan.summaries import phone_summary
from ambertime_tui.engine.scan.survey import Scan, scan_phone
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.discovery import find_phone
from ambertime_tui.phone.errors import DatabaseNotThere, PhoneError
from ambertime_tui.phone.photos_database import database_stamp
from ambertime_tui.phone.session import is_locked, open_session

GOOD_FOR = 600.0
"""Seconds for which a survey is used again unseen; what changes meanwhile the copying notices file by file.
An older one is used where the phone's database was not written to since: it may have gigabytes."""
TRUST_WITHIN = 180.0
"""Seconds the owner of a phone has to unlock it and tap Trust."""
PROGRESS_EVERY = 0.1

OnScan = Callable[[ScanStatus], None]


@dataclass(slots=True)
class Survey:
    """A phone and what was read from it."""

    phone: PhoneSummary
    scan: Scan
    made_at: float
    """When it was finished, by the steady clock."""


@dataclass(slots=True)
class _Running:
    """A survey that is being made, and who wants to hear of it."""

    task: asyncio.Task[Survey]
    listeners: list[OnScan] = field(default_factory=list)


class Surveyor:
    """Makes one survey of a phone at a time, however many ask for it."""

    def __init__(self, pair_records: Path, scratch: Path, timing: Timing) -> None:
        self.scratch = scratch
        self._pair_records = pair_records
        self._timing = timing
        self._kept: dict[str, Survey] = {}
        self._running: dict[str, _Running] = {}

    async def survey(self, udid: str | None, on_scan: OnScan, *, refresh: bool = False) -> Survey:
        """The survey of a phone, a recent one or a new one.

        Args:
            udid: which phone; None: the only one.
            on_scan: told how far a new one is.
            refresh: do not take a kept one.

        Raises:
            PhoneError: the phone cannot be read.
            PathsError: the copy of its database cannot be kept.
        """
        phone = await find_phone(udid)
        kept = self._recent(phone.udid)
        if kept is not None and not refresh:
            return kept
        running = self._running.get(phone.udid)
        if running is None:
            running = _Running(asyncio.create_task(self._make(phone.udid), name="survey"))
            self._running[phone.udid] = running
        running.listeners.append(on_scan)
        try:
            return await asyncio.shield(running.task)
        finally:
            running.listeners.remove(on_scan)
            if not running.listeners:
                running.task.cancel()
                if self._running.get(phone.udid) is running:
                    del self._running[phone.udid]

    async def take(self, udid: str, media: MediaFolder) -> Scan | None:
        """A scan that still holds, for a job, which alone uses it: what it copies makes the scan outdated.

        Raises:
            PhoneError: the phone cannot be read.
        """
        kept = self._kept.get(udid)
        if kept is None:
            return None
        holds = kept is self._recent(udid) or await _is_unchanged(kept.scan, media)
        self._kept.pop(udid, None)
        return kept.scan if holds else None

    async def aclose(self) -> None:
        """Gives up what is being made."""
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _recent(self, udid: str) -> Survey | None:
        kept = self._kept.get(udid)
        if kept is None or self._timing.steady() - kept.made_at > GOOD_FOR:
            return None
        return kept

    async def _make(self, udid: str) -> Survey:
        sent_at = -PROGRESS_EVERY

        def tell(scan: ScanStatus) -> None:
            nonlocal sent_at
            now = self._timing.steady()
            if now - sent_at >= PROGRESS_EVERY:
                sent_at = now
                for listener in tuple(self._running[udid].listeners):
                    listener(scan)

        def ask_the_owner(trouble: PhoneError) -> None:
            nonlocal sent_at
            sent_at = -PROGRESS_EVERY
            tell(ScanStatus(notices=(str(trouble),)))

        async with open_session(
            udid, pair_records=self._pair_records, on_waiting=ask_the_owner, trust_patience=TRUST_WITHIN
        ) as session:
            media = await session.media()
            scan = await scan_phone(
                udid, media, self.scratch, self._timing, tell, lambda: is_locked(udid, self._pair_records)
            )
            made = self._kept[udid] = Survey(phone_summary(session.facts), scan, self._timing.steady())
            return made


async def _is_unchanged(scan: Scan, media: MediaFolder) -> bool:
    try:
        return scan.sign is not None and await database_stamp(media) == scan.sign
    except DatabaseNotThere:
        return False


def surveyed_library(survey: Survey) -> SurveyedLibrary:
    """A survey as front ends see it."""
    scan = survey.scan
    return SurveyedLibrary(survey.phone, scan.by_day, scan.status, scan.taken_at)
