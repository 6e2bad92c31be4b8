"""USBMUXD_SOCKET_ADDRESS, as other programs write it and as pymobiledevice3 reads it."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "USBMUXD_SOCKET_ADDRESS"
_LIBUSBMUXD_PREFIX = "UNIX:"


def normalize_usbmux_address(environ: MutableMapping[str, str]) -> None:
    """Makes a path of libusbmuxd's `UNIX:/path`, and an absolute one of a relative one, in place.

    pymobiledevice3 takes what stands behind a colon for a port (`usbmux.py`, `create_socket`), and whoever
    leaves the working folder would look for a relative path elsewhere. HOST:PORT stays as it is.
    """
    address = environ.get(VARIABLE, "")
    path = address.removeprefix(_LIBUSBMUXD_PREFIX)
    if path and (path != address or ":" not in path):
        environ[VARIABLE] = str(Path(path).absolute())
