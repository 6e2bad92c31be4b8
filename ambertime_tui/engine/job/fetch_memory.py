"""Remembers across runs what iOS was asked for: should it be on the phone by now, it is taken first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ambertime_tui.paths import private, write_private

FOLDER = "fetch"
"""In the state folder."""


class FetchMemory:
    """A list of uuids for each phone, one a line. Losing it costs nothing but the order of copying."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, udid: str) -> frozenset[str]:
        """What was asked for and not on the drive when it was remembered; nothing where that is not known."""
        try:
            return frozenset(self._file(udid).read_text(encoding="utf-8").split("\n")) - {""}
        except (OSError, ValueError):
            return frozenset()

    def remember(self, udid: str, uuids: Iterable[str]) -> None:
        """Replaces the list, in one step.

        Raises:
            OSError: it cannot be written.
            PathsError: the folder cannot be made.
        """
        file = self._file(udid)
        lines = [f"{uuid}\n" for uuid in uuids]
        if not lines:
            file.unlink(missing_ok=True)
            return
        private(self._folder)
        write_private(file, lines)

    def _file(self, udid: str) -> Path:
        return self._folder / "".join(c if c.isalnum() or c == "-" else "_" for c in udid)
