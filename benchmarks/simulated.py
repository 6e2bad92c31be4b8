"""A simulated phone in a separate process, for benchmarks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


@contextlib.contextmanager
def simulated_phone(media: Path, link: str, scratch: Path) -> Iterator[tuple[Mapping[str, str], str]]:
    """Run a simulated phone in a separate process. Yield an environment for its clients, and its UDID."""
    address = str(scratch / "mux")
    runtime = scratch / "run"
    runtime.mkdir(mode=0o700)
    environ = {
        **{key: value for key, value in os.environ.items() if not key.startswith("XDG_")},
        "HOME": str(scratch / "home"),
        "XDG_RUNTIME_DIR": str(runtime),
        "USBMUXD_SOCKET_ADDRESS": address,
    }
    (scratch / "home").mkdir()
    simulator = subprocess.Popen(
        [
            *(sys.executable, "-m", "ambertime_tui", "simulate", "--socket", address),
            *("--media", str(media), "--link", link, "--until-stdin-closes"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert simulator.stdin is not None and simulator.stdout is not None
    try:
        ready = json.loads(simulator.stdout.readline())
        yield environ, ready["phones"][0]["udid"]
    finally:
        simulator.stdin.close()
        simulator.wait(20)
        simulator.stdout.close()
