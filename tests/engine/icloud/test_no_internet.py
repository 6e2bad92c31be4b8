"""A job connects only to usbmux and to its front ends."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import MadeLibrary
from tests.engine.backups import ended
from tests.engine.icloud.stories import host, spec

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which sockets a process has")
LOOKS_EVERY = 0.005


def inodes_of(pid: int) -> set[str]:
    """The open sockets of a process."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
        except FileNotFoundError:
            continue
        if match:
            found.add(match[1])
    return found


def internet_sockets(pid: int) -> set[str]:
    """The sockets that are TCP, UDP or raw, over IPv4 or IPv6, in any state."""
    mine = inodes_of(pid)
    found = set()
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "udplite", "packet"):
        table = Path(f"/proc/{pid}/net/{kind}")
        for row in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = row.split()
            inode = fields[-1] if kind == "packet" else fields[9]
            if inode in mine:
                found.add(f"{kind} {row.strip()}")
    return found


def unix_paths(pid: int) -> set[str]:
    """The names of the Unix sockets that it listens on or is connected through."""
    mine = inodes_of(pid)
    rows = [row.split() for row in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]]
    return {row[7] for row in rows if row[6] in mine and len(row) > 7}


async def watched(pid: int, ends: asyncio.Event) -> tuple[set[str], set[str], int]:
    """All internet sockets and names of Unix sockets until the end of the job, and the number of sockets."""
    internet: set[str] = set()
    names: set[str] = set()
    sockets: set[str] = set()
    while not ends.is_set():
        try:
            internet |= internet_sockets(pid)
            names |= unix_paths(pid)
            sockets |= inodes_of(pid)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            break
        await asyncio.sleep(LOOKS_EVERY)
    return internet, names, len(sockets)


def test_a_job_with_icloud_originals_connects_only_to_usbmux_and_its_own_socket(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    async def story() -> None:
        async with host() as client:
            over = asyncio.Event()
            watch = asyncio.create_task(watched(client.hello.pid, over))
            await client.survey()
            await client.start(spec(target))
            icloud.set_keep_originals(True)
            done = await ended(client)
            over.set()
            internet, names, seen = await watch
            assert done.status.outcome is Outcome.COMPLETE
            assert seen > 3, "its sockets were really seen"
            assert internet == set()
            # In a connected pair only the listening end has a name; usbmux's end is not ours.
            assert names == {str(client.socket.with_suffix(".new"))}

    asyncio.run(story())


def test_a_connection_to_the_internet_would_be_detected() -> None:
    """The test above can fail."""

    async def story() -> set[str]:
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        seen = internet_sockets(os.getpid())
        writer.close()
        server.close()
        return seen

    assert len(asyncio.run(story())) >= 2
