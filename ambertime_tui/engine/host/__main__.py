"""The engine's own process: `python -m ambertime_tui.engine.host --socket ... --state ... --data ...`.

Whoever starts it waits until it listens (exit code 0) or reads on stdout why it does not (exit code 1). By
then it has left the terminal and the session it was started from, so that neither's end can end a job.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ambertime_tui import __version__
from ambertime_tui.engine.host.handlers import Handlers
from ambertime_tui.engine.host.server import HostServer
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import PathsError, private
from ambertime_tui.phone.usbmux_address import normalize_usbmux_address

log = logging.getLogger(__name__)

LOG_BYTES = 1_000_000
"""A log larger than this is begun anew; the one before is kept."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Starts a host in the background; returns when it listens."""
    parser = argparse.ArgumentParser(prog="python -m ambertime_tui.engine.host", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the Unix socket to listen on")
    parser.add_argument("--state", type=Path, required=True, help="folder for the log and the reports")
    parser.add_argument("--data", type=Path, required=True, help="folder for the pair records")
    options = parser.parse_args(arguments)
    hearing, saying = os.pipe()
    if os.fork() > 0:
        os.close(saying)
        with os.fdopen(hearing) as words:
            said = words.read()
        if said == READY:
            return 0
        sys.stdout.write(said or "The engine ended before it could listen.")
        return 1
    os.close(hearing)
    normalize_usbmux_address(os.environ)
    try:
        _detach_from_terminal(private(options.state) / "engine.log")
        asyncio.run(_serve(options.socket, options.state, options.data, lambda: _say(saying, READY)))
    except (OSError, PathsError) as error:
        log.exception("the host could not go on")
        _say(saying, f"The engine could not start: {error}")
    logging.shutdown()
    # At a proper end Python waits for every thread, and a drive that never answers would hold one for ever.
    os._exit(0)


READY = "ready"
SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread has to let another one run Python. The event loop asks for it after each piece
of TLS; at the 5 ms of Python's own, a thread that writes a file holds up the cable (74 MB/s, not 101)."""


def _say(pipe: int, words: str) -> None:
    """Tells whoever started us, once; afterwards nobody listens any more."""
    try:
        os.write(pipe, words.encode())
        os.close(pipe)
    except OSError:
        log.info("nobody heard: %s", words)


def _detach_from_terminal(log_file: Path) -> None:
    """A session of our own, no descriptor of the terminal's, and everything that is said goes to the log."""
    os.setsid()
    os.chdir("/")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, standard in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, standard)
    os.close(nothing)
    os.close(written)
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {os.getpid()} %(levelname)s %(name)s: %(message)s"
    )


async def _serve(socket: Path, state: Path, data: Path, on_ready: Callable[[], None]) -> None:
    sys.setswitchinterval(SWITCH_INTERVAL)
    answers = Handlers(
        version=__version__,
        pid=os.getpid(),
        socket=socket,
        pair_records=data / "pair-records",
        scratch=state / "scratch",
        reports=state / "reports",
        timing=Timing(),
    )
    service = HostServer(socket, answers.answer, answers)
    answers.watchers = service.watchers
    answers.on_idle = service.review

    def end() -> None:
        answers.stop()
        service.end()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    try:
        await service.run(on_ready)
    finally:
        await answers.aclose()


if __name__ == "__main__":
    sys.exit(main())
