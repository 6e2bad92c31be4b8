"""Making the archive's folders so that they survive a power cut."""

from __future__ import annotations

import threading
from pathlib import Path

from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.system_calls import SystemCalls


class FolderMaker:
    """Makes folders and syncs each into its parent, once per job."""

    def __init__(self, root: Path, calls: SystemCalls) -> None:
        self._root = root
        self._calls = calls
        self._lock = threading.Lock()
        self._durable: set[str] = set()

    def ensure(self, folder: str) -> Path:
        """Make a folder and its parents, and sync them.

        An existing folder is synced as well: an interrupted job may have made it without a sync.

        Raises:
            ArchiveObstructed: there is a link or a file in its place.
            DriveError: it cannot be made.
        """
        path = self._root
        with self._lock:
            if folder in self._durable:
                return path / folder
            for name in folder.split("/") if folder else ():
                parent, path = path, path / name
                key = path.relative_to(self._root).as_posix()
                if key in self._durable:
                    continue
                try:
                    try:
                        self._calls.mkdir(path)
                    except FileExistsError:
                        self._calls.check_folder(path)
                    self._calls.fsync_folder(parent)
                except OSError as error:
                    raise drive_error(error, path, doing="making the folder") from error
                self._durable.add(key)
        return path
