"""A simulated iPhone in its own process, and an isolated environment for the app."""

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

from ambertime_tui.child_processes import NEUTRAL_FOLDER, python_module, safe_environment
from ambertime_tui.demo.user import SimulatedUser
from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError, running_jobs
from ambertime_tui.paths import paths_from, private

PHONE_READY_WITHIN = 60.0
"""Seconds. Generating a library of 10,000 items takes a few of them."""
USUAL_ASSETS = 1000
ICLOUD_BYTES_AN_ASSET = 3000
"""Average over a library with 30% of its assets in iCloud, of about 10 KB each."""
ICLOUD_TAKES = 75.0
"""Seconds until everything is downloaded. The whole demo takes about two minutes."""
ENDS_WITHIN = 10.0
"""Seconds for a job and the phone to stop at the end of the demo."""


class DemoError(Exception):
    """The demo cannot start. The message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The environment and the target of a running demo."""

    environ: Mapping[str, str]
    """An environment in which the app sees only the simulated phone, and none of the user's files."""
    target: Path
    """A folder to back up to."""


@contextmanager
def demo_session(
    environ: Mapping[str, str], *, assets: int | None, seed: int | None, scratch: Path | None
) -> Iterator[Demo]:
    """Start a simulated phone. At the end of the block, stop it and any job of the demo.

    Args:
        environ: the environment to start from.
        assets, seed: size and seed of the phone's library; None: the simulator's defaults.
        scratch: a folder for phone and target, which is kept; None: a temporary folder, which is removed.

    Raises:
        DemoError: the phone does not start, or the scratch folder cannot be created.
    """
    # The path of a socket is limited to 108 bytes, so the sockets are not in the scratch folder.
    with tempfile.TemporaryDirectory(prefix="ambertime-demo-") as short:
        home = _folder(scratch.absolute()) if scratch is not None else Path(short)
        target = _folder(home / "drive")
        socket = Path(short) / "usbmuxd"
        isolated = {
            **environ,
            "USBMUXD_SOCKET_ADDRESS": str(socket),
            "XDG_RUNTIME_DIR": str(private(Path(short) / "run")),
            **{
                f"XDG_{kind}_HOME": str(_folder(home / "home" / kind.lower()))
                for kind in ("STATE", "CONFIG", "DATA")
            },
        }
        command = [*python_module("ambertime_tui"), "simulate", "--until-stdin-closes"]
        control = Path(short) / "control"
        command += ["--socket", str(socket), "--control", str(control)]
        command += ["--icloud-speed", str((assets or USUAL_ASSETS) * ICLOUD_BYTES_AN_ASSET / ICLOUD_TAKES)]
        made = home / "phone" / "Media"
        command += ["--media", str(made)] if made.is_dir() else ["--into", str(home / "phone")]
        command += [] if assets is None else ["--assets", str(assets)]
        command += [] if seed is None else ["--seed", str(seed)]
        with _phone(command, isolated, Path(short) / "phone.log"):
            try:
                with SimulatedUser(isolated, control):
                    yield Demo(isolated, target)
            finally:
                asyncio.run(_end_jobs(isolated))


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"Cannot create the folder {path}: {error.strerror}.") from error
    return path


@contextmanager
def _phone(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run the simulated phone. It prints a line when it is ready, and stops when its stdin is closed."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # closed when this process ends for any reason
            stdout=subprocess.PIPE,
            stderr=errors,
            env=safe_environment(environ),
            cwd=NEUTRAL_FOLDER,
            start_new_session=True,
        ) as phone,
    ):
        try:
            assert phone.stdout is not None
            heard, _, _ = select.select([phone.stdout], [], [], PHONE_READY_WITHIN)
            if not heard or not phone.stdout.readline():
                last_line = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise DemoError(" ".join(["The simulated iPhone did not start.", *last_line]))
            yield
        finally:
            phone.terminate()
            try:
                phone.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                phone.kill()


async def _end_jobs(environ: Mapping[str, str]) -> None:
    """Stop the demo's jobs. They would outlive the app, but not the simulated phone."""
    for job in running_jobs(paths_from(environ)):
        if job.outcome is None:
            sys.stderr.write("Stopping the job: its simulated iPhone ends with the demo.\n")
        with suppress(EngineError, TimeoutError):
            client = await EngineClient.attach(Path(job.socket))
            try:
                async with asyncio.timeout(ENDS_WITHIN):
                    await client.command(Command(CommandName.STOP_NOW))
                    async for _ in client.statuses():
                        pass
            finally:
                await client.aclose()
