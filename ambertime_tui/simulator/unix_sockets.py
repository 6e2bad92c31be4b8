"""Unix sockets as files: left by the dead, held by the living."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path


def remove_stale(path: str) -> None:
    """Removes a socket that nobody answers any more, so that a new one can be bound there.

    asyncio would remove a living one as well.

    Raises:
        OSError: somebody answers there, or something else than a socket has the name.
    """
    file = Path(path)
    if not file.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            file.unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), path)


def make_private(path: str) -> None:
    """Lets this user alone connect."""
    Path(path).chmod(0o600)


def remove(path: str) -> None:
    """Removes our own socket after its end."""
    Path(path).unlink(missing_ok=True)
