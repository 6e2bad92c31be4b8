"""Unix socket files: removing stale ones, and keeping others out."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path


def remove_stale(path: str) -> None:
    """Remove a socket without a listener, so that a new one can be bound to the path.

    asyncio would also remove one that is in use.

    Raises:
        OSError: another process listens there.
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
    """Allow only the current user to connect."""
    Path(path).chmod(0o600)


def remove(path: str) -> None:
    """Remove the socket file of a closed server."""
    Path(path).unlink(missing_ok=True)
