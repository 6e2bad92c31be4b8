"""USBMUXD_SOCKET_ADDRESS, converted from other programs' format to pymobiledevice3's."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "USBMUXD_SOCKET_ADDRESS"
_LIBUSBMUXD_PREFIX = "UNIX:"


def normalize_usbmux_address(environ: MutableMapping[str, str]) -> None:
    """Convert libusbmuxd's `UNIX:/path` to a path, and a relative path to an absolute one, in place.

    pymobiledevice3 parses text after a colon as a port (`usbmux.py`, `create_socket`), and a process that
    changes its working folder would resolve a relative path elsewhere. HOST:PORT is unchanged.
    """
    address = environ.get(VARIABLE, "")
    path = address.removeprefix(_LIBUSBMUXD_PREFIX)
    if path and (path != address or ":" not in path):
        environ[VARIABLE] = str(Path(path).absolute())
