"""A file that is visible at its path while it is still being downloaded."""

from __future__ import annotations

import os

from ambertime_tui.simulator.library import MadeAsset, MadeLibrary, MadeResource


class GrowingFile:
    """A file that grows as its bytes arrive. Only its size shows that it is incomplete."""

    def __init__(self, library: MadeLibrary, asset: MadeAsset, resource: MadeResource) -> None:
        self._path = library.media / resource.path
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(b"")
        self._pieces = library.content(asset, resource).chunks()
        self._ahead = b""
        self._size = 0
        self._modified_at = asset.created if asset.created and not asset.undated else asset.added

    def grow_to(self, size: int) -> None:
        """Write until the file has `size` bytes, or is complete."""
        with self._path.open("ab") as file:
            while self._size < size:
                if not self._ahead:
                    self._ahead = next(self._pieces, b"")
                    if not self._ahead:
                        return
                piece = self._ahead[: size - self._size]
                self._ahead = self._ahead[len(piece) :]
                file.write(piece)
                self._size += len(piece)

    def finish(self) -> None:
        """Write the rest of the file and set its final modification time."""
        with self._path.open("ab") as file:
            file.write(self._ahead)
            for piece in self._pieces:
                file.write(piece)
        os.utime(self._path, (self._modified_at, self._modified_at))
