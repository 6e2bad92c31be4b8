"""Reads that a phone leaves unanswered although it answers other requests."""

from __future__ import annotations

from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.errors import PhoneStalled

ASSETS = 2
"""Assets that must stall, each copied alone, before the phone and not a file counts as the cause."""


class UnansweredReads:
    """Decides when a job ends because no file can be read any more."""

    def __init__(self, timing: Timing, patience: float | None) -> None:
        """
        Args:
            timing: the engine's clocks.
            patience: seconds without any file before the job ends; None: it never ends for this reason.
        """
        self._timing = timing
        self._patience = patience
        self._since: float | None = None
        self._alone: set[str] = set()

    def succeeded(self) -> None:
        """Note that an asset was copied."""
        self._since = None
        self._alone.clear()

    def stalled(self, uuid: str | None, error: PhoneStalled) -> None:
        """Note a read without an answer.

        Args:
            uuid: the asset; None: others were being copied as well, or a part of it arrived.
            error: what the read ended with.

        Raises:
            PhoneStalled: `error`, if the patience is over and several assets stalled.
        """
        now = self._timing.steady()
        if self._since is None:
            self._since = now - error.seconds
        if uuid is not None:
            self._alone.add(uuid)
        if self._patience is not None and now - self._since > self._patience and len(self._alone) >= ASSETS:
            raise error
