"""Remember across runs what iOS was asked for, so that the next run copies it first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ambertime_tui.paths import private, write_private

FOLDER = "fetch"
"""In the state folder."""


class FetchMemory:
    """A file of uuids per phone, one per line. Without it, only the order of copying is lost."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, udid: str) -> frozenset[str]:
        """The uuids last saved for a phone; empty if unknown."""
        try:
            return frozenset(self._file(udid).read_text(encoding="utf-8").split("\n")) - {""}
        except (OSError, ValueError):
            return frozenset()

    def remember(self, udid: str, uuids: Iterable[str]) -> None:
        """Replace the list in one step.

        Raises:
            OSError: it cannot be written.
            PathsError: the folder cannot be created.
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
