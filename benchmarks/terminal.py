"""The full screen in numbers: `python -m benchmarks.terminal [--write]`.

The app runs in a pseudo-terminal. Bytes are counted where the terminal would read them; a key is answered
when the first byte that only its answer can have arrives there.
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
"""Tab paints the frames of two panes anew; nothing else on a running screen paints a corner."""
ENDED = b"read back from the drive"
"""What only the screen of a job that has ended says."""
APP = (sys.executable, "-m", "ambertime_tui")


def p95(seconds: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.95) - 1] if len(seconds) > 1 else seconds[0]


def figures(seconds: Sequence[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    return f"{statistics.median(seconds) * 1000:.0f} ms, p95 {p95(seconds) * 1000:.0f} ms"


def bytes_a_second(size: tuple[int, int], seconds: float, **stage: str) -> float:
    """What the app sends while a job moves in every pane, or while Setup is at rest."""
    with in_terminal(ON_STAGE, plain_environ(**stage), size) as on:
        on.until(b"starts the backup" if stage.get("STAGE") == "setup" else b"Copying")
        on.read(2.0)
        return len(on.read(seconds)) / seconds


def answer(on: PseudoTerminal, key: str, mark: bytes, *, rate: float | None = None) -> float:
    """Seconds from a key to its mark.

    Args:
        on: the terminal.
        key: what is pressed.
        mark: what only the answer has.
        rate: bytes a second that the line carries; None: as many as come.
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
    """Tab, again and again, on a line of so many bytes a second while everything moves."""
    with in_terminal(ON_STAGE, plain_environ()) as on:
        on.until(b"Copying")
        found = []
        for _ in range(presses):
            found.append(answer(on, "\t", FOCUS_MOVED, rate=rate))
            crawl(on, rate, 0.5)
        return found


def crawl(on: PseudoTerminal, rate: float, seconds: float) -> None:
    """Reads on at the pace of a slow line."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        on.chunk(0, at_most=max(1, int(rate * 0.01)))
        time.sleep(0.01)


def range_keys(presses: int) -> list[float]:
    """A handle moved by a month in a library of a million assets: key to the first byte of the answer."""
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
            on.read(0.4)  # the preview comes after it
        return found


def range_sums(turns: int) -> list[float]:
    """Counts and bytes of a range of a million assets, as the picker asks for them."""
    view, found = LibraryView(a_million()), []
    for n in range(turns):
        start = date(2006, 12, 1) + timedelta(days=n * 13 % 7000)
        began = time.perf_counter()
        view.sums(DateRange(start, start + timedelta(days=400)))
        found.append(time.perf_counter() - began)
    return found


def echoes(presses: int) -> list[float]:
    """The control: how long `cat` takes to answer a key on this computer, at this load."""
    with in_terminal(("cat",), plain_environ()) as on:
        found = []
        for n in range(presses):
            found.append(answer(on, f"{n}\n", f"{n}\r\n{n}\r\n".encode()))
            on.read(0.05)
        return found


def first_paint() -> tuple[float, float]:
    """Seconds from the start of the program to its first screen, and the processor's seconds in it."""
    with world() as environ:
        began = time.perf_counter()
        with in_terminal(APP, environ) as on:
            while b"New backup" not in on.seen:
                on.chunk(1.0)
            took = time.perf_counter() - began
            stat = Path(f"/proc/{on.process.pid}/stat").read_text().rpartition(")")[2].split()
            return took, (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def world() -> Iterator[dict[str, str]]:
    """An environment of its own."""
    with tempfile.TemporaryDirectory(prefix="at-") as folder:
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        yield plain_environ(
            HOME=folder, XDG_RUNTIME_DIR=str(runtime), USBMUXD_SOCKET_ADDRESS=f"{folder}/usbmuxd"
        )


@contextmanager
def copying(scratch: Path, assets: int) -> Iterator[PseudoTerminal]:
    """The real app over the real engine, copying from a simulated phone as fast as this computer can."""
    made = make_library(scratch / "phone", LibraryRecipe(assets=assets, seed=3, icloud_share=0.1))
    target = scratch / "drive"
    target.mkdir()
    with ExitStack() as stack:
        environ = stack.enter_context(world())
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
    """Tab while a copy runs at full speed; how many of the presses came before its end."""
    found: list[float] = []
    with copying(scratch, assets) as on:
        while len(found) < presses and ENDED not in on.seen:
            found.append(answer(on, "\t", FOCUS_MOVED))
            on.read(0.07 + len(found) % 7 * 0.03)
        on.press("\x03x")
        on.read(2.0)
    return found, len(found)


def measure(options: argparse.Namespace) -> list[str]:
    """The table, line by line; each line is printed as it comes."""
    lines = ["| what | target | measured |", "|---|---|---|"]

    def say(what: str, target: str, measured: str) -> None:
        lines.append(f"| {what} | {target} | {measured} |")
        print(lines[-1], flush=True)

    print("\n".join(lines))
    for size in SIZES:
        sent = bytes_a_second(size, options.seconds)
        limit = "<= 8 KiB/s" if size == SIZES[0] else ""
        say(f"everything moves, {size[0]}x{size[1]}", limit, f"{sent / 1024:.1f} KiB/s")
    say("Setup at rest", "0", f"{bytes_a_second(SIZES[0], options.seconds, STAGE='setup'):.0f} B/s")
    starts = [first_paint() for _ in range(7)]
    say("start to first paint", "< 1 s", figures([took for took, _ in starts]))
    say("the same in seconds of the processor", "", f"{statistics.median(cpu for _, cpu in starts):.2f} s")
    say("control: key to echo of `cat`, same load", "", figures(echoes(options.presses)))
    with tempfile.TemporaryDirectory(prefix="at-", dir=options.scratch) as folder:
        found, presses = keys_while_copying(Path(folder), options.assets, options.presses)
        say(f"key to paint while it copies ({presses} keys)", "p95 < 50 ms", figures(found))
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
    """Replaces the section of this benchmark, or adds it."""
    load = os.getloadavg()[0]
    about = (
        f"The app in a pseudo-terminal of 256 colours on {os.cpu_count()} shared processors "
        f'(load {load:.1f}; run at niceness {os.nice(0)}). "Everything moves": ten statuses a second, all '
        'panes with other figures. "While it copies": app, engine and a simulated phone on USB 2 (38 MB/s), '
        "TLS included, on this one computer. `ssh -C` divides the bytes by about 15 once more."
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
    """Prints a Markdown table, and puts it into README.md where that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long bytes are counted")
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--assets", type=int, default=4000, help="of the library that is copied")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    parser.add_argument("--scratch", type=Path, default=None, help="a folder; RAM is fastest")
    options = parser.parse_args()
    lines = measure(options)
    if options.write:
        put_into_readme(lines)


if __name__ == "__main__":
    main()
