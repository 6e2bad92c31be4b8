"""What came from iCloud in earlier runs, kept privately for each iPhone and archive."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ambertime_tui.engine.api.attendance import HandCount, NightsStatus
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.plan.nights import KEPT_NIGHTS, Night, Nights, night_of, nights_status
from ambertime_tui.paths import PathsError, write_private

log = logging.getLogger(__name__)

FOLDER = "nights"
"""In the state folder."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Logged:
    """What is kept."""

    nights: Nights = Nights()
    hands: Mapping[str, int] | None = None
    """How often a hand was needed, by way of asking."""


class NightLog:
    """One small file for an iPhone and an archive. Without it, only these figures start from zero."""

    def __init__(self, state: Path, udid: str, target_id: str) -> None:
        """
        Args:
            state: the state folder.
            udid: which iPhone.
            target_id: which archive, wherever its drive is mounted.
        """
        name = hashlib.sha256(f"{udid}\n{target_id}".encode()).hexdigest()[:32]
        self._file = state / FOLDER / f"{name}.json"

    def read(self) -> Logged:
        """Return what earlier runs saved; nothing if the file is missing or damaged. Blocks."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            nights = tuple(Night(_text(one["night"]), _tally(one)) for one in found["nights"])
            if list(nights) != sorted(nights, key=lambda night: night.name):
                raise ValueError("the nights are not in order")
            hands = {_text(way): _count(times) for way, times in found["hands"].items()}
            kept = Nights(_count(found["earlier"]), _tally(found["came"]), nights[-KEPT_NIGHTS:])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Logged()
        return Logged(kept, hands)

    def write(self, logged: Logged) -> None:
        """Replace what is saved in one step. Blocks; an error is only logged."""
        nights = logged.nights
        entries = [{"night": night.name, **_entry(night.came)} for night in nights.last]
        text = {
            "version": _VERSION,
            "earlier": nights.earlier,
            "came": _entry(nights.came),
            "nights": entries,
            "hands": dict(logged.hands or {}),
        }
        try:
            write_private(self._file, json.dumps(text, indent=1) + "\n")
        except (OSError, PathsError) as error:
            log.warning("cannot save what came tonight: %s", error)


def _entry(tally: Tally) -> dict[str, int]:
    return {"items": tally.count, "bytes": tally.bytes}


def _tally(entry: Mapping[str, Any]) -> Tally:
    return Tally(_count(entry["items"]), _count(entry["bytes"]))


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError(f"not a count: {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError(f"not a short text: {value!r}")
    return value


class NightCount:
    """Counts what comes in this run, on top of what earlier runs saved. Belongs to the event loop."""

    def __init__(self, logged: Logged, way: str, now: Callable[[], float]) -> None:
        """
        Args:
            logged: of earlier runs.
            way: how iOS is asked.
            now: seconds since 1970.
        """
        self._nights = logged.nights
        self._hands = Counter(dict(logged.hands or {}))
        self._way = way
        self._now = now
        self._in_this_run = 0
        self.changed = False
        """True after a change that was not saved; saving resets it."""

    def begin(self) -> None:
        """Note that this job waits for iCloud tonight."""
        self.came(Tally())

    def came(self, size: Tally) -> None:
        """Count items that have come from iCloud and are on the drive."""
        self._nights = self._nights.with_night(self._tonight(), size)
        self.changed = True

    def change_way(self, way: str) -> None:
        """Count hands for another way of asking from now on."""
        self._way = way

    def hand(self, times: int = 1) -> None:
        """Count that a person did something on the iPhone."""
        self._hands[self._way] += times
        self._in_this_run += times
        self.changed = True

    @property
    def logged(self) -> Logged:
        """What to save."""
        return Logged(self._nights, dict(self._hands))

    def status(self, left: Tally) -> NightsStatus:
        """The progress over all nights, while so much is awaited."""
        return nights_status(self._nights, self._tonight(), left)

    def hands(self, left: int | None) -> HandCount:
        """How often a hand was needed; `left`: about how often it will be."""
        return HandCount(self._in_this_run, self._hands[self._way], left, tuple(sorted(self._hands.items())))

    def _tonight(self) -> str:
        return night_of(datetime.fromtimestamp(self._now()).astimezone())
