"""A simulated iPhone in a process of its own, and a world apart for the app to live in."""

from __future__ import annotations

import asyncio
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.demo.user import SimulatedUser
from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError, running_jobs
from ambertime_tui.paths import paths_from, private

PHONE_READY_WITHIN = 60.0
"""Seconds; making a library of 10,000 items takes a few."""
USUAL_ASSETS = 1000
ICLOUD_BYTES_AN_ASSET = 3000
"""On average over a library of which 30 in 100 assets are in iCloud, with about 10 KB each."""
ICLOUD_TAKES = 75.0
"""Seconds until all of it has come down: the whole story takes about two minutes."""
ENDS_WITHIN = 10.0
"""Seconds that a job and the phone get to end when the demo does."""


class DemoError(Exception):
    """The demo cannot be started; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The world of one demo."""

    environ: Mapping[str, str]
    """The environment of an app that sees the simulated phone only, and touches nothing of the person's."""
    target: Path
    """A folder to back up to."""


@contextmanager
def demo_session(
    environ: Mapping[str, str], *, assets: int | None, seed: int | None, scratch: Path | None
) -> Iterator[Demo]:
    """Starts a simulated phone; ends it, and any job of the demo, when the block is left.

    Args:
        environ: the environment to begin with.
        assets, seed: what the phone's library is made from; None: the simulator's own choice.
        scratch: where phone and target lie, kept afterwards; None: a temporary folder, removed.

    Raises:
        DemoError: the phone does not start, or the scratch folder cannot be made.
    """
    # A socket's path has to be short (108 bytes), so the sockets lie apart from the scratch folder.
    with tempfile.TemporaryDirectory(prefix="ambertime-demo-") as short:
        home = _folder(scratch) if scratch is not None else Path(short)
        target = _folder(home / "drive")
        socket = Path(short) / "usbmuxd"
        world = {
            **environ,
            "USBMUXD_SOCKET_ADDRESS": str(socket),
            "XDG_RUNTIME_DIR": str(private(Path(short) / "run")),
            **{
                f"XDG_{kind}_HOME": str(_folder(home / "home" / kind.lower()))
                for kind in ("STATE", "CONFIG", "DATA")
            },
        }
        command = [sys.executable, "-m", "ambertime_tui", "simulate", "--until-stdin-closes"]
        control = Path(short) / "hands"
        command += ["--socket", str(socket), "--control", str(control)]
        command += ["--icloud-speed", str((assets or USUAL_ASSETS) * ICLOUD_BYTES_AN_ASSET / ICLOUD_TAKES)]
        made = home / "phone" / "Media"
        command += ["--media", str(made)] if made.is_dir() else ["--into", str(home / "phone")]
        command += [] if assets is None else ["--assets", str(assets)]
        command += [] if seed is None else ["--seed", str(seed)]
        with _phone(command, world, Path(short) / "phone.log"):
            try:
                with SimulatedUser(world, control):
                    yield Demo(world, target)
            finally:
                asyncio.run(_end_jobs(world))


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"The folder {path} cannot be made: {error.strerror}.") from error
    return path


@contextmanager
def _phone(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    """Runs the simulated phone: it says a line when it can be connected to, and ends with its stdin."""
    with (
        log.open("wb") as narration,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # closes with this process, however it ends
            stdout=subprocess.PIPE,
            stderr=narration,
            env=dict(environ),
            start_new_session=True,
        ) as phone,
    ):
        try:
            assert phone.stdout is not None
            heard, _, _ = select.select([phone.stdout], [], [], PHONE_READY_WITHIN)
            if not heard or not phone.stdout.readline():
                last_words = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise DemoError(" ".join(["The simulated iPhone did not start.", *last_words]))
            yield
        finally:
            phone.terminate()
            try:
                phone.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                phone.kill()


async def _end_jobs(environ: Mapping[str, str]) -> None:
    """A job outlives its front end, but not the phone of the demo."""
    for job in running_jobs(paths_from(environ)):
        if job.outcome is None:
            sys.stderr.write("This job ends with the demo: its phone is only simulated.\n")
        with suppress(EngineError, TimeoutError):
            client = await EngineClient.attach(Path(job.socket))
            try:
                async with asyncio.timeout(ENDS_WITHIN):
                    await client.command(Command(CommandName.STOP_NOW))
                    async for _ in client.statuses():
                        pass
            finally:
                await client.aclose()
