"""Small tests of a phone's file service: the statuses it answers with, open files, and idle connections.

They only read, and close what they open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ambertime_tui.phone import afc_messages as messages
from ambertime_tui.phone.afc_connection import AfcConnection
from ambertime_tui.phone.afc_messages import Operation, Status
from ambertime_tui.phone.errors import MediaError, PhoneDisconnected, PhoneStalled

ABSENT = "DCIM/ambertime-doctor-absent"
"""A name that no phone has."""
FOLDER = "DCIM"


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """How many files a phone opened on one connection."""

    opened: int
    refused_with: int | None
    """The status of the first refusal; None: none was refused."""
    disconnected: bool = False
    """True if the phone closed the connection instead of answering, or stopped answering."""


async def statuses(connection: AfcConnection) -> Mapping[str, int]:
    """Return the statuses for requests that cannot succeed, by the kind of request.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    requests = {
        "absent_stat": (Operation.GET_FILE_INFO, messages.path_payload(ABSENT)),
        "absent_open": (Operation.FILE_OPEN, messages.open_payload(ABSENT)),
        "absent_list": (Operation.READ_DIR, messages.path_payload(ABSENT)),
        "folder_open": (Operation.FILE_OPEN, messages.open_payload(FOLDER)),
    }
    found = {}
    for name, (operation, payload) in requests.items():
        found[name], data = await connection.request(operation, payload)
        if operation is Operation.FILE_OPEN and found[name] == Status.SUCCESS:
            await _close(connection, [messages.parse_handle(name, data)])
    return found


async def list_status(connection: AfcConnection, folder: str) -> int:
    """Return the status of listing a folder.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    status, _ = await connection.request(Operation.READ_DIR, messages.path_payload(folder))
    return status


async def open_at_once(connection: AfcConnection, path: str, most: int) -> OpenFiles:
    """Open a file as often as the phone allows, but at most `most` times, then close all of them."""
    handles: list[int] = []
    try:
        while len(handles) < most:
            status, data = await connection.request(Operation.FILE_OPEN, messages.open_payload(path))
            if status != Status.SUCCESS:
                return OpenFiles(len(handles), status)
            handles.append(messages.parse_handle(path, data))
        return OpenFiles(len(handles), None)
    except (PhoneDisconnected, PhoneStalled, MediaError):
        return OpenFiles(len(handles), None, disconnected=True)
    finally:
        await _close(connection, handles)


async def idle_end(connection: AfcConnection, seconds: float, step: float = 1.0) -> float | None:
    """Leave a connection idle. Return the seconds until the phone closed it; None: it did not."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (passed := loop.time() - began) < seconds:
        if connection.trouble is not None:
            return passed
        await asyncio.sleep(min(step, seconds - passed))
    return None if connection.trouble is None else seconds


async def _close(connection: AfcConnection, handles: list[int]) -> None:
    """Close files. Those of a connection that has ended are closed already."""
    try:
        for handle in handles:
            await connection.request(Operation.FILE_CLOSE, messages.close_payload(handle))
    except (PhoneDisconnected, PhoneStalled):
        return
