"""What can go wrong with a simulated phone, as one value that a test or the control socket sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ambertime_tui.simulator.afc_packets import AfcStatus

PathOperation = Literal["read", "open", "stat", "list"]
PATH_OPERATIONS: tuple[PathOperation, ...] = get_args(PathOperation)


@dataclass(frozen=True, slots=True)
class PathFault:
    """One AFC operation that fails for one path.

    Attributes:
        path: as the client writes it, e.g. "/DCIM/100APPLE/IMG_0001.HEIC".
        on: which operation: "read", "open", "stat", or "list" (of a folder).
        status: what the phone answers.
        from_byte: a read fails if it touches this offset or lies behind it.
        times: how often it fails before it works; None is for ever.
    """

    path: str
    on: PathOperation = "read"
    status: AfcStatus = AfcStatus.IO_ERROR
    from_byte: int = 0
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of one phone; the defaults are a phone in order. Counts begin when the value is set.

    Attributes:
        cable_pulled_after: bytes that still reach the computer before the phone is gone.
        replugged_after: seconds from that to the phone's return with a new DeviceID; None: it stays away.
        refused_connects: so many next Connect requests get "bad device", as right after plugging in.
        afc_reply_limit: most bytes in one read reply, below what was asked for.
        afc_hangs_after: bytes sent after which AFC takes requests and answers none, until this is taken back.
        afc_drops_after: requests after which the phone ends an AFC connection.
        absent_is_read_error: AFC answers with a read error where there is no such file or folder.
        afc_idle_limit: seconds of silence after which the phone closes an AFC connection.
        lockdown_idle_limit: the same for lockdownd.
        lockdown_drops_after: lockdownd closes a connection instead of answering the request after this many.
        handle_limit: open files per AFC connection.
        locked_files_denied: while locked, opening a file is not permitted (files of a stronger class).
        paths: operations that fail for single paths.
    """

    cable_pulled_after: int | None = None
    replugged_after: float | None = None
    refused_connects: int = 0
    afc_reply_limit: int | None = None
    afc_hangs_after: int | None = None
    afc_drops_after: int | None = None
    absent_is_read_error: bool = False
    afc_idle_limit: float | None = None
    lockdown_idle_limit: float | None = None
    lockdown_drops_after: int | None = None
    handle_limit: int = 200
    locked_files_denied: bool = False
    paths: tuple[PathFault, ...] = ()
