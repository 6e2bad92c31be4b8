"""A cache of phone scans: a job reuses the scan that was made for the range picker."""

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
"""Seconds for which a survey is reused without checking; copying detects later changes file by file. An
older one is reused if the phone's database has not changed, because copying it again can take long."""
TRUST_WITHIN = 180.0
"""Seconds for the user to unlock the phone and tap Trust."""
PROGRESS_EVERY = 0.1

OnScan = Callable[[ScanStatus], None]


@dataclass(slots=True)
class Survey:
    """A phone and its scan."""

    phone: PhoneSummary
    scan: Scan
    made_at: float
    """When it was finished, by the monotonic clock."""


@dataclass(slots=True)
class _Running:
    """A survey in progress and its listeners."""

    task: asyncio.Task[Survey]
    listeners: list[OnScan] = field(default_factory=list)


class Surveyor:
    """Scans each phone once at a time; concurrent callers share the scan."""

    def __init__(self, pair_records: Path, scratch: Path, timing: Timing) -> None:
        self.scratch = scratch
        self._pair_records = pair_records
        self._timing = timing
        self._kept: dict[str, Survey] = {}
        self._running: dict[str, _Running] = {}

    async def survey(self, udid: str | None, on_scan: OnScan, *, refresh: bool = False) -> Survey:
        """Return a recent survey of a phone, or make a new one.

        Args:
            udid: which phone; None: the only one.
            on_scan: called with the progress of a new one.
            refresh: always make a new one.

        Raises:
            PhoneError: the phone cannot be read.
            PathsError: the copy of its database cannot be stored.
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
        """Remove and return a scan that is still valid, for one job. Copying makes the scan outdated.

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
        """Cancel running scans."""
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

        def report(scan: ScanStatus) -> None:
            nonlocal sent_at
            now = self._timing.steady()
            if now - sent_at >= PROGRESS_EVERY:
                sent_at = now
                for listener in tuple(self._running[udid].listeners):
                    listener(scan)

        def report_waiting(trouble: PhoneError) -> None:
            nonlocal sent_at
            sent_at = -PROGRESS_EVERY
            report(ScanStatus(notices=(str(trouble),)))

        async with open_session(
            udid,
            pair_records=self._pair_records,
            on_waiting=report_waiting,
            trust_patience=TRUST_WITHIN,
            timeouts=self._timing.phone,
        ) as session:
            media = await session.media()
            scan = await scan_phone(
                udid, media, self.scratch, self._timing, report, lambda: is_locked(udid, self._pair_records)
            )
            made = self._kept[udid] = Survey(phone_summary(session.facts), scan, self._timing.steady())
            return made


async def _is_unchanged(scan: Scan, media: MediaFolder) -> bool:
    try:
        return scan.stamp is not None and await database_stamp(media, hash_log=True) == scan.stamp
    except DatabaseNotThere:
        return False


def surveyed_library(survey: Survey) -> SurveyedLibrary:
    """Convert a survey for front ends."""
    scan = survey.scan
    return SurveyedLibrary(survey.phone, scan.by_day, scan.status)
