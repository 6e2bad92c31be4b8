"""Measure the full-screen app: `python -m benchmarks.terminal [--write]`.

The app runs in a pseudo-terminal. Bytes are counted where the terminal reads them. A key is answered when the
first bytes arrive there that only its answer contains.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

from ambertime_tui.config import State, Task, save_state
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.library import LibraryRecipe, make_library
from ambertime_tui.tui.panes.range import LibraryView
from tests.tui.on_stage import a_million
from tests.tui.pseudo_terminal import ON_STAGE, PseudoTerminal, in_terminal, plain_environ

README = Path(__file__).with_name("README.md")
HEADING = "## The terminal"
SIZES = ((80, 24), (120, 40), (200, 60))
FOCUS_MOVED = "╭".encode()
"""Tab redraws the frames of two panes. Nothing else on a running screen draws a corner."""
ENDED = b"read back from the drive"
"""Text that appears only when a job has ended."""
APP = (sys.executable, "-m", "ambertime_tui")


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.95) - 1] if len(seconds) > 1 else seconds[0]


def figures(seconds: Sequence[float]) -> str:
    """Return median and 95th percentile in milliseconds, as text."""
    return f"{statistics.median(seconds) * 1000:.0f} ms, p95 {p95(seconds) * 1000:.0f} ms"


def bytes_a_second(size: tuple[int, int], seconds: float, **stage: str) -> float:
    """Return the output rate of the app while a job updates every pane, or while Setup is idle."""
    with in_terminal(ON_STAGE, plain_environ(**stage), size) as on:
        on.until(b"starts the backup" if stage.get("STAGE") == "setup" else b"Copying")
        on.read(2.0)
        return len(on.read(seconds)) / seconds


def answer(on: PseudoTerminal, key: str, mark: bytes, *, rate: float | None = None) -> float:
    """Return the seconds from a key to its answer.

    Args:
        on: the terminal.
        key: the key to press.
        mark: bytes that only the answer contains.
        rate: bandwidth of the line in bytes per second; None: no limit.
    """
    slice_ = 0.01
    since, began = len(on.seen), time.perf_counter()
    on.press(key)
    while mark not in on.seen[since:]:
        assert time.perf_counter() - began < 30, on.seen[-500:]
        if rate is None:
            on.chunk(1.0)
        else:
            on.chunk(0, at_most=max(1, int(rate * slice_)))
            time.sleep(slice_)
    return time.perf_counter() - began


def answers_on_a_slow_line(rate: float, presses: int) -> list[float]:
    """Press Tab repeatedly on a line with limited bandwidth while everything is updated."""
    with in_terminal(ON_STAGE, plain_environ()) as on:
        on.until(b"Copying")
        found = []
        for _ in range(presses):
            found.append(answer(on, "\t", FOCUS_MOVED, rate=rate))
            crawl(on, rate, 0.5)
        return found


def crawl(on: PseudoTerminal, rate: float, seconds: float) -> None:
    """Read at the speed of a slow line."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        on.chunk(0, at_most=max(1, int(rate * 0.01)))
        time.sleep(0.01)


def range_keys(presses: int) -> list[float]:
    """Move one end of a range by a month in a library of a million assets. Return the response times."""
    with in_terminal(ON_STAGE, plain_environ(STAGE="setup", STAGE_LIBRARY="million")) as on:
        on.until(b"starts the backup")
        on.read(2.0)
        found = []
        for _ in range(presses):
            since, began = len(on.seen), time.perf_counter()
            on.press("\x1b[C")
            while len(on.seen) == since:
                on.chunk(1.0)
            found.append(time.perf_counter() - began)
            on.read(0.4)  # let the preview finish
        return found


def range_sums(turns: int) -> list[float]:
    """Compute counts and bytes of a range in a library of a million assets, as the picker does."""
    view, found = LibraryView(a_million()), []
    for n in range(turns):
        start = date(2006, 12, 1) + timedelta(days=n * 13 % 7000)
        began = time.perf_counter()
        view.sums(DateRange(start, start + timedelta(days=400)))
        found.append(time.perf_counter() - began)
    return found


def echoes(presses: int) -> list[float]:
    """Measure how long `cat` takes to answer a key on this computer at the same load, as a control."""
    with in_terminal(("cat",), plain_environ()) as on:
        found = []
        for n in range(presses):
            found.append(answer(on, f"{n}\n", f"{n}\r\n{n}\r\n".encode()))
            on.read(0.05)
        return found


def first_paint() -> tuple[float, float]:
    """Return the seconds from start to the first screen, and the CPU time used."""
    with isolated_environ() as environ:
        began = time.perf_counter()
        with in_terminal(APP, environ) as on:
            while b"New backup" not in on.seen:
                on.chunk(1.0)
            took = time.perf_counter() - began
            stat = Path(f"/proc/{on.process.pid}/stat").read_text().rpartition(")")[2].split()
            return took, (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def isolated_environ() -> Iterator[dict[str, str]]:
    """Provide an environment with empty home and runtime folders."""
    with tempfile.TemporaryDirectory(prefix="at-") as folder:
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        yield plain_environ(
            HOME=folder, XDG_RUNTIME_DIR=str(runtime), USBMUXD_SOCKET_ADDRESS=f"{folder}/usbmuxd"
        )


@contextmanager
def copying(scratch: Path, assets: int) -> Iterator[PseudoTerminal]:
    """Run the real app and engine while they copy from a simulated phone over USB 2."""
    made = make_library(scratch / "phone", LibraryRecipe(assets=assets, seed=3, icloud_share=0.1))
    target = scratch / "drive"
    target.mkdir()
    with ExitStack() as stack:
        environ = stack.enter_context(isolated_environ())
        save_state(paths_from(environ).state, State(last=Task(to=str(target))))
        command = [
            *APP,
            "simulate",
            "--socket",
            environ["USBMUXD_SOCKET_ADDRESS"],
            "--media",
            str(made.media),
        ]
        phone = stack.enter_context(in_terminal([*command, "--link", "usb2"], environ))
        phone.until(b'"ready"')
        on = stack.enter_context(in_terminal(APP, environ))
        on.until(b"starts the backup")
        on.press("\r")
        on.until(b"Copying")
        yield on


def keys_while_copying(scratch: Path, assets: int, presses: int) -> tuple[list[float], int]:
    """Press Tab while a copy runs. Return the response times, and their number before the copy ended."""
    found: list[float] = []
    with copying(scratch, assets) as on:
        while len(found) < presses and ENDED not in on.seen:
            found.append(answer(on, "\t", FOCUS_MOVED))
            on.read(0.07 + len(found) % 7 * 0.03)
        on.press("\x03x")
        on.read(2.0)
    return found, len(found)


def measure(options: argparse.Namespace) -> list[str]:
    """Return the lines of the table, printing each when it is ready."""
    lines = ["| what | target | measured |", "|---|---|---|"]

    def say(what: str, target: str, measured: str) -> None:
        lines.append(f"| {what} | {target} | {measured} |")
        print(lines[-1], flush=True)

    print("\n".join(lines))
    for size in SIZES:
        sent = bytes_a_second(size, options.seconds)
        limit = "<= 8 KiB/s" if size == SIZES[0] else ""
        say(f"everything is updated, {size[0]}x{size[1]}", limit, f"{sent / 1024:.1f} KiB/s")
    say("Setup, idle", "0", f"{bytes_a_second(SIZES[0], options.seconds, STAGE='setup'):.0f} B/s")
    starts = [first_paint() for _ in range(7)]
    say("start to first paint", "< 1 s", figures([took for took, _ in starts]))
    say("the same in CPU time", "", f"{statistics.median(cpu for _, cpu in starts):.2f} s")
    say("control: key to echo of `cat`, same load", "", figures(echoes(options.presses)))
    with tempfile.TemporaryDirectory(prefix="at-", dir=options.scratch) as folder:
        found, presses = keys_while_copying(Path(folder), options.assets, options.presses)
        say(f"key to paint while copying ({presses} keys)", "p95 < 50 ms", figures(found))
    slow = answers_on_a_slow_line(16_000, options.presses // 4)
    say(
        f"key to answer on a line of 16 kB/s ({len(slow)} keys)",
        "< 0.5 s",
        f"{figures(slow)}, worst {max(slow):.2f} s",
    )
    sums = range_sums(2000)
    say("counts and bytes of a range, 1,000,000 assets", "< 50 ms", f"p95 {p95(sums) * 1000:.3f} ms")
    moved = range_keys(options.presses // 2)
    say("key to paint in the range picker, 1,000,000 assets", "p95 < 50 ms", figures(moved))
    return lines


def put_into_readme(lines: list[str]) -> None:
    """Replace or add the section of this benchmark."""
    load = os.getloadavg()[0]
    about = (
        f"The app runs in a pseudo-terminal with 256 colours on {os.cpu_count()} shared processors "
        f'(load {load:.1f}, niceness {os.nice(0)}). "Everything is updated": ten statuses per second that '
        'change every pane. "While copying": app, engine and a simulated phone on USB 2 (38 MB/s) with TLS '
        "all run on this computer. `ssh -C` reduces the bytes by another factor of about 15."
    )
    section = "\n".join([HEADING, "", "`python -m benchmarks.terminal --write`", "", about, "", *lines, ""])
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(rf"{re.escape(HEADING)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    README.write_text(text.rstrip() + "\n", encoding="utf-8")


def main() -> None:
    """Print a Markdown table. With --write, also put it into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long to count bytes")
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--assets", type=int, default=4000, help="size of the library to copy")
    parser.add_argument("--write", action="store_true", help="write the table to README.md")
    parser.add_argument("--scratch", type=Path, default=None, help="scratch folder; a RAM disk is fastest")
    options = parser.parse_args()
    lines = measure(options)
    if options.write:
        put_into_readme(lines)


if __name__ == "__main__":
    main()
