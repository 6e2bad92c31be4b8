"""Faults of a simulated phone, as one value set by a test or through the control socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from ambertime_tui.simulator.afc_packets import AfcStatus

PathOperation = Literal["read", "open", "stat", "list"]
PATH_OPERATIONS: tuple[PathOperation, ...] = get_args(PathOperation)
ALWAYS: Final = 2**31
"""A count that no test reaches."""


@dataclass(frozen=True, slots=True)
class PathFault:
    """One AFC operation that fails for one path.

    Attributes:
        path: the path in the request, e.g. "/DCIM/100APPLE/IMG_0001.HEIC".
        on: the operation: "read", "open", "stat", or "list" (a folder).
        status: the status in the reply.
        from_byte: a read fails if it reaches this offset or starts after it.
        times: how often it fails before it works; None means always.
    """

    path: str
    on: PathOperation = "read"
    status: AfcStatus = AfcStatus.IO_ERROR
    from_byte: int = 0
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of one phone. By default there are none. Counts start when the value is set.

    Attributes:
        cable_pulled_after: bytes that still reach the computer before the phone disconnects.
        cable_pulled_again: how often that happens again after the phone has reconnected.
        replugged_after: seconds until the phone reconnects with a new DeviceID; None: it does not.
        refused_connects: number of Connect requests to answer with "bad device", as after plugging in.
        refused_assertions: number of power assertions to refuse, by closing the connection.
        afc_reply_limit: maximum bytes in one read reply, even if more were requested.
        afc_hangs_after: bytes sent before AFC stops answering requests, until the fault is cleared.
        afc_ignores: an AFC operation that is never answered, e.g. "FILE_READ"; others are.
        afc_drops_after: requests before the phone closes an AFC connection.
        absent_is_read_error: AFC reports a read error for a file or folder that does not exist.
        afc_idle_limit: idle seconds before the phone closes an AFC connection.
        lockdown_idle_limit: the same for lockdownd.
        lockdown_drops_after: requests answered before lockdownd closes a connection.
        afc_freezes_at: open files, over all connections, at which the next read freezes AFC. It answers
            again when fewer are open, which takes a disconnect.
        afc_out_of_order: AFC answers the newest of the waiting requests first. Requests about the same open
            file keep their order.
        list_seconds_per_name: seconds that AFC needs for each name in a folder that it lists.
        stats_never_change: AFC reports the size and time that a file had when it was first asked for.
        handle_limit: open AFC files, over all connections.
        locked_files_denied: while locked, opening a file fails, as for files with stronger protection.
        locked_reads_denied: while locked, reading an open file fails.
        asleep_after: seconds without a power assertion after which AFC stops answering, until the phone
            wakes or a computer holds an assertion.
        spoiled_by_handshake: after a TLS handshake that the computer broke off, the phone refuses the next
            connection.
        paths: operations that fail for individual paths.
    """

    cable_pulled_after: int | None = None
    cable_pulled_again: int = 0
    replugged_after: float | None = None
    refused_connects: int = 0
    refused_assertions: int = 0
    afc_reply_limit: int | None = None
    afc_hangs_after: int | None = None
    afc_ignores: str | None = None
    afc_drops_after: int | None = None
    absent_is_read_error: bool = False
    afc_idle_limit: float | None = None
    lockdown_idle_limit: float | None = None
    lockdown_drops_after: int | None = None
    afc_freezes_at: int | None = None
    afc_out_of_order: bool = False
    list_seconds_per_name: float = 0.0
    stats_never_change: bool = False
    handle_limit: int = 200
    locked_files_denied: bool = False
    locked_reads_denied: bool = False
    asleep_after: float | None = None
    spoiled_by_handshake: bool = False
    paths: tuple[PathFault, ...] = ()
