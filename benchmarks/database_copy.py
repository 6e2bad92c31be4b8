"""Measure copies of a live database: `python -m benchmarks.database_copy [--copies N] [--seconds S]`.

A process commits transactions at a fixed rate to a database that a simulated phone serves. The benchmark
copies it over the wire in three ways and checks each copy: integrity_check, an invariant across tables, and
that it contains everything committed before the copy started. Unguarded copies must fail sometimes, or the
checks are useless.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
from pathlib import Path

from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.photos_database import DATABASE
from ambertime_tui.phone.session import open_session
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.phone.busy_database import make_database
from tests.phone.live_copies import Copies, Take, copy_while_written, guarded, unguarded

README = Path(__file__).with_name("README.md")
HEADING = "## Consistent copies of a live database"
RATES = (5, 20, 60, 100, 150)


async def one_try(media: MediaFolder, into: Path) -> int:
    """Make a guarded copy with a single attempt."""
    return await guarded(media, into, attempts=1)


WAYS: tuple[tuple[str, Take], ...] = (
    ("database, then log", unguarded),
    ("guarded, one attempt", one_try),
    ("guarded, up to 10", guarded),
)


def row(rate: float, name: str, copies: Copies) -> str:
    """Return a line of the table."""
    each = f"{copies.copying / copies.accepted:.2f}" if copies.accepted else ""
    had = copies.transactions / copies.seconds
    return (
        f"| {rate} | {had:.0f} | {name} | {copies.wanted} | {copies.accepted} "
        f"| {copies.attempts / copies.wanted:.1f} | {each} "
        f"| {copies.silently_mixed} | {copies.corrupt} | {copies.stale} |"
    )


async def measure(options: argparse.Namespace, scratch: Path, phone: SimulatedPhone) -> list[str]:
    """Return the lines of the table, printing each when it is ready."""
    lines = [
        "| transactions/s requested | achieved | copy | requested | accepted | attempts each | seconds each "
        "| silently mixed | corrupt | stale |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    async with (
        open_session(
            phone.udid, pair_records=scratch / "records", on_waiting=print, trust_patience=0
        ) as session,
        await session.media() as media,
    ):
        for rate in RATES:
            for name, take in WAYS:
                copies = await copy_while_written(
                    media,
                    scratch / "media" / DATABASE,
                    scratch,
                    take=take,
                    rate=rate,
                    copies=options.copies,
                    deadline=options.seconds,
                )
                lines.append(row(rate, name, copies))
                print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Print a Markdown table. With --write, also put it into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit for each line of the table")
    parser.add_argument("--megabytes", type=float, default=16.0)
    parser.add_argument("--write", action="store_true", help="write the table to README.md")
    parser.add_argument("--scratch", type=Path, default=None, help="scratch folder; a RAM disk is fastest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="at-", dir=options.scratch) as folder:
        scratch = Path(folder)
        make_database(scratch / "media" / DATABASE, options.megabytes)
        os.environ["USBMUXD_SOCKET_ADDRESS"] = str(scratch / "usbmuxd")
        with BackgroundUsbmuxd(str(scratch / "usbmuxd")) as usbmux:
            phone = SimulatedPhone(
                Facts(udid_for("benchmark")), scratch / "media", tls=True, link=Link(0.0005, 300e6)
            )
            usbmux.pair(phone)
            usbmux.attach(phone)
            lines = asyncio.run(measure(options, scratch, phone))
    if options.write:
        put_into_readme(options, lines)


def put_into_readme(options: argparse.Namespace, lines: list[str]) -> None:
    """Replace or add the section of this benchmark."""
    command = f"python -m benchmarks.database_copy --copies {options.copies} --seconds {options.seconds:.0f}"
    about = (
        f"Another process writes to a {options.megabytes:.0f} MB database in WAL mode (autocheckpoint 1000 "
        "pages) while it is copied over TLS from a simulated phone at 300 MB/s and 0.5 ms. Silently mixed: "
        "SQLite's integrity_check passes, but the copy contains parts of transactions. Stale: the copy lacks "
        "something that was committed before it started. The guarded copy must have 0 in the last three "
        "columns: it rejects a copy that is not consistent. Seconds each: per accepted copy, with pauses."
    )
    section = "\n".join([HEADING, "", f"`{command} --write`", "", about, "", *lines, ""])
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(rf"{re.escape(HEADING)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    text = (
        pattern.sub(lambda _: section + "\n", text)
        if pattern.search(text)
        else f"{text.rstrip()}\n\n{section}"
    )
    README.write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
