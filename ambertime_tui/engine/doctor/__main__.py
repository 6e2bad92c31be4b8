"""The process of the checks: `python -m ambertime_tui.engine.doctor --runtime ... --state ... --data ...`.

It reads one request from its standard input and writes messages to its standard output (see `api.doctor`).
When its input ends, its parent has ended: it then removes what it wrote, and ends as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ambertime_tui.engine.api.codec import from_json
from ambertime_tui.engine.api.doctor import DoctorRequest, Message, message_line
from ambertime_tui.engine.doctor.computer import Folders
from ambertime_tui.engine.doctor.examination import examine
from ambertime_tui.engine.doctor.findings import Effort
from ambertime_tui.engine.timing import Timing

_STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks of one request."""
    parser = argparse.ArgumentParser(prog="python -m ambertime_tui.engine.doctor", description=__doc__)
    parser.add_argument("--runtime", type=Path, required=True, help="folder of the sockets")
    parser.add_argument("--state", type=Path, required=True, help="folder of logs and scratch files")
    parser.add_argument("--data", type=Path, required=True, help="folder of the pair records")
    options = parser.parse_args(arguments)
    request = from_json(DoctorRequest, json.loads(sys.stdin.buffer.readline()))
    folders = Folders(options.runtime, options.state, options.data)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    code = loop.run_until_complete(_run(request, folders))
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(code)  # a normal exit waits for threads, and one may be blocked by a drive that hangs


async def _run(request: DoctorRequest, folders: Folders) -> int:
    loop = asyncio.get_running_loop()
    checks = asyncio.current_task()
    assert checks is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, checks.cancel)
    # A thread, because standard input may be something that an event loop cannot watch.
    threading.Thread(target=_when_input_ends, args=(loop, checks), daemon=True).start()

    output = _Output(lambda: loop.call_soon_threadsafe(checks.cancel))
    try:
        await examine(request, folders, dict(os.environ), output.message, Timing(), Effort())
        output.line(json.dumps({"end": True}))
    except asyncio.CancelledError:
        return _STOPPED
    return 0


class _Output:
    """Standard output, for several threads."""

    def __init__(self, on_failure: Callable[[], object]) -> None:
        self._on_failure = on_failure
        self._lock = threading.Lock()

    def message(self, message: Message) -> None:
        self.line(message_line(message))

    def line(self, line: str) -> None:
        with self._lock:
            try:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            except OSError:
                self._on_failure()


def _when_input_ends(loop: asyncio.AbstractEventLoop, checks: asyncio.Task[object]) -> None:
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(checks.cancel)


if __name__ == "__main__":
    sys.exit(main())
