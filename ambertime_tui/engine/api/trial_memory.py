"""What trials of the ways of asking have shown, kept privately for each phone and version of iOS."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.trial import TrialResult
from ambertime_tui.paths import PathsError, write_private

log = logging.getLogger(__name__)

FOLDER = "trials"
"""In the state folder."""
_VERSION = 1
KEPT = 60
"""The most results kept for a phone: three ways with twenty versions of iOS."""


class TrialMemory:
    """One small file for each phone. Without it, a way is only tried again."""

    def __init__(self, state: Path) -> None:
        """
        Args:
            state: the state folder.
        """
        self._folder = state / FOLDER

    def results(self, udid: str) -> tuple[TrialResult, ...]:
        """All results for a phone, oldest first; empty if there are none, or the file is damaged. Blocks."""
        try:
            found = json.loads(self._file(udid).read_text(encoding="utf-8"))
            return tuple(from_json(TrialResult, one) for one in found["results"])[-KEPT:]
        except (OSError, ValueError, KeyError, TypeError, WireError, RecursionError):
            return ()

    def result(self, udid: str, ios_version: str, way: FetchWay) -> TrialResult | None:
        """The last result for a phone, a version of iOS and a way. Blocks."""
        known = self.results(udid)
        return next(
            (one for one in reversed(known) if (one.ios_version, one.way) == (ios_version, way)), None
        )

    def remember(self, udid: str, result: TrialResult) -> None:
        """Replace what is known of a phone, its iOS and a way. Blocks; an error is only logged."""
        key = (result.ios_version, result.way)
        kept = [one for one in self.results(udid) if (one.ios_version, one.way) != key]
        entries = [to_json(one) for one in (*kept, result)][-KEPT:]
        try:
            write_private(
                self._file(udid), json.dumps({"version": _VERSION, "results": entries}, indent=1) + "\n"
            )
        except (OSError, PathsError) as error:
            log.warning("cannot save what the trial has shown: %s", error)

    def _file(self, udid: str) -> Path:
        return self._folder / f"{hashlib.sha256(udid.encode()).hexdigest()[:32]}.json"
