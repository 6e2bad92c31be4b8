"""A whole backup over a real `ssh localhost` at 80x24: the connection is cut twice in mid-copy, and it does
not matter."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ambertime_tui.config import State, Task, save_state
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.engine.api.client import RunningJob, running_jobs
from ambertime_tui.engine.api.status import Phase
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.library import LibraryRecipe, make_library
from ambertime_tui.simulator.link import Link
from tests.conftest import PhoneFactory
from tests.engine.backups import archived, incomplete, selected, strangers
from tests.tui.pseudo_terminal import LEAVES, PseudoTerminal, in_terminal, plain_environ
from tests.tui.ssh_server import SshServer, missing_ssh, ssh_server

pytestmark = pytest.mark.skipif(bool(missing_ssh()), reason=missing_ssh())
SLOW = Link(bytes_per_second=60_000.0)
"""The job would take two minutes: long enough to be cut in the middle, twice."""
HANDED_ON = ("HOME", "USBMUXD_SOCKET_ADDRESS")
"""And XDG_*: the test's own world, which a login would not know."""


@pytest.fixture
def server(short_tmp: Path) -> Iterator[SshServer]:
    folder = short_tmp / "ssh"
    folder.mkdir(mode=0o700)
    with ssh_server(folder) as running:
        yield running


@contextmanager
def logged_in(server: SshServer, *arguments: str) -> Iterator[PseudoTerminal]:
    """`ambertime` at the other end of an SSH connection."""
    world = [f"{n}={v}" for n, v in os.environ.items() if n in HANDED_ON or n.startswith("XDG_")]
    remote = ["env", f"PYTHONPATH={Path.cwd()}", "LANG=C.UTF-8", *world]
    command = server.login([*remote, sys.executable, "-m", "ambertime_tui", *arguments])
    with in_terminal(command, plain_environ(HOME=os.environ["HOME"])) as terminal:
        yield terminal


def the_job() -> RunningJob:
    """The one job that runs on this computer."""
    (job,) = running_jobs(paths_from(os.environ))
    assert job.outcome is None
    return job


def front_ends() -> list[int]:
    """The full-screen apps of this test's world."""
    runtime = os.environ["XDG_RUNTIME_DIR"].encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        words = command.split(b"\0")
        if words[1:3] == [b"-m", b"ambertime_tui"] and b"XDG_RUNTIME_DIR=" + runtime in environ.split(b"\0"):
            found.append(int(process.name))
    return found


def until_files(terminal: PseudoTerminal, target: Path, wanted: int) -> None:
    """Waits until so many files are in the archive."""
    terminal.until_true(lambda: sum(path.is_file() for path in target.glob("Photos/*/*")) >= wanted)


def test_a_backup_outlives_its_connection_twice(
    server: SshServer, phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    made = make_library(tmp_path / "phone", LibraryRecipe(assets=160, seed=6, icloud_share=0.2))
    phone = phone_factory(made.media)
    target = tmp_path / "drive"
    target.mkdir()
    save_state(paths_from(os.environ).state, State(last=Task(to=str(target))))

    with logged_in(server) as at_home:
        at_home.until(b"starts the backup")
        phone.link = SLOW
        at_home.press("\r")
        at_home.until(b"Copying")
        until_files(at_home, target, 5)
        began = the_job()
        assert began.phase is Phase.COPYING
        # The notebook is closed: the client is gone without a word.
        at_home.process.send_signal(signal.SIGKILL)
        at_home.process.wait()
    assert the_job().job_id == began.job_id

    with logged_in(server) as on_the_train:
        on_the_train.until(b"Copying")
        there = len(list(target.glob("Photos/*/*")))
        until_files(on_the_train, target, there + 5)
        assert the_job().phase is Phase.COPYING
        # The line is cut at the server's side.
        for session in server.sessions():
            os.kill(session, signal.SIGKILL)
        assert on_the_train.ends() == 255
    assert the_job().job_id == began.job_id

    with logged_in(server, "attach") as at_work:
        at_work.until(b"Copying")
        assert the_job().job_id == began.job_id
        phone.link = Link()
        at_work.until(b"Not on the drive")
        at_work.press("q")
        assert at_work.ends() == 0  # what is only in iCloud is left there by choice
        assert LEAVES in at_work.seen

    assert front_ends() == []
    assert incomplete(made, target) == []
    assert strangers(target) == set()
    assert verify(target).sound
    local = {asset.uuid for asset in selected(made) if asset.availability == "local"}
    assert set(archived(target)) >= local
