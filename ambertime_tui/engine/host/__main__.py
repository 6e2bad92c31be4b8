"""The engine's own process: `python -m ambertime_tui.engine.host --socket ... --state ... --data ...`.

The parent process waits until the host listens (exit code 0), or prints why it does not (exit code 1). The
host detaches from its terminal and session, so that closing them does not end a job.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ambertime_tui import __version__
from ambertime_tui.engine.host.handlers import Handlers
from ambertime_tui.engine.host.server import HostServer
from ambertime_tui.engine.timing import Timing
from ambertime_tui.open_files import is_limit_reached, limit_sentence
from ambertime_tui.paths import PathsError, private
from ambertime_tui.safe_text import SafeFormatter

log = logging.getLogger(__name__)

OPEN_FILES = 1024
"""More than a job needs. The usual limit on macOS is 256, on Linux 1024."""
LOG_BYTES = 1_000_000
"""A larger log is rotated; the previous one is kept."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a host in the background and return when it listens."""
    parser = argparse.ArgumentParser(prog="python -m ambertime_tui.engine.host", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the Unix socket to listen on")
    parser.add_argument("--state", type=Path, required=True, help="folder for the log and the reports")
    parser.add_argument("--data", type=Path, required=True, help="folder for the pair records")
    options = parser.parse_args(arguments)
    read_end, write_end = os.pipe()
    if os.fork() > 0:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            message = pipe.read()
        if message == READY:
            return 0
        sys.stdout.write(message or "The engine ended before it was ready.")
        return 1
    os.close(read_end)
    try:
        _detach_from_terminal(private(options.state) / "engine.log")
        # Not asyncio.run, which waits for all threads: one may be blocked by a drive that never responds.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(
            _serve(options.socket, options.state, options.data, lambda: _report_start(write_end, READY))
        )
    except (OSError, PathsError) as error:
        log.exception("the host failed to start")
        _report_start(write_end, _start_failure(error))
    logging.shutdown()
    os._exit(0)  # a normal exit waits for all threads as well


READY = "ready"
SWITCH_INTERVAL = 0.0005
"""Thread switch interval in seconds. The event loop needs the interpreter after each TLS record; with
Python's default of 5 ms, a thread that writes a file slows the transfer (74 MB/s instead of 101)."""


def _report_start(pipe: int, message: str) -> None:
    """Send the parent process the result of the start, once, and close the pipe."""
    try:
        os.write(pipe, message.encode())
        os.close(pipe)
    except OSError:
        log.info("the parent process has ended; not sent: %s", message)


def _start_failure(error: OSError | PathsError) -> str:
    what = "The engine did not start"
    if isinstance(error, OSError) and is_limit_reached(error):
        return limit_sentence(what, error)
    return f"{what}: {error}"


def _detach_from_terminal(log_file: Path) -> None:
    """Start a new session, close the terminal's descriptors, and send all output to the log."""
    os.setsid()
    os.chdir("/")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
    null = os.open(os.devnull, os.O_RDONLY)
    log_fd = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, standard in ((null, 0), (log_fd, 1), (log_fd, 2)):
        os.dup2(source, standard)
    os.close(null)
    os.close(log_fd)
    to_log = logging.StreamHandler()
    to_log.setFormatter(SafeFormatter(f"%(asctime)s {os.getpid()} %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_log])


def _allow_open_files() -> None:
    """Raise this process's limit of open files, up to OPEN_FILES."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _serve(socket: Path, state: Path, data: Path, on_ready: Callable[[], None]) -> None:
    sys.setswitchinterval(SWITCH_INTERVAL)
    _allow_open_files()
    handlers = Handlers(
        version=__version__,
        pid=os.getpid(),
        socket=socket,
        pair_records=data / "pair-records",
        scratch=state / "scratch",
        reports=state / "reports",
        timing=Timing(),
    )
    server = HostServer(socket, handlers.answer, handlers)
    handlers.watchers = server.watchers
    handlers.on_idle = server.end_if_idle

    def end() -> None:
        handlers.stop()
        server.end()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    try:
        await server.run(on_ready)
    finally:
        await handlers.aclose()


if __name__ == "__main__":
    sys.exit(main())
