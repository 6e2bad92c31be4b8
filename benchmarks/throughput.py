"""Compare copy speed with other tools: `python -m benchmarks.throughput`.

All tools read the same simulated phone over TLS, one after another, in rounds. In each round every tool
copies the same files into an empty folder, and results are compared within the round. Rates are measured from
the first byte in the target to the end of the command. For `ambertime backup` this includes SHA-256, fsync,
reading back and the record, which the other tools do not have. `whole` is measured from the start of the
command. The benchmark prints a Markdown table and writes it to benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median

from ambertime_tui.simulator.link import LINKS
from benchmarks.copiers import COPIERS, Absent, prepare, raw
from benchmarks.data_sets import DATA_SETS, MB, DataSet
from benchmarks.measured import CommandFailed, Measured, copied_bytes
from benchmarks.readme import write_section
from benchmarks.simulated import simulated_phone

LINK_WORDS = {
    "usb2": "USB 2, 38 MB/s, 1 ms",
    "usb2-slow": "USB 2, 38 MB/s, 3 ms",
    "usb3": "USB 3, 300 MB/s, 0.5 ms",
    "unlimited": "unlimited",
}
HEAD = (
    "| data | link | tool | MB/s | of the link | ours / tool | whole MB/s | CPU s/GB | peak MiB |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass(slots=True)
class Row:
    """Results of one tool for one data set and link, over all rounds."""

    rates: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    trouble: str = ""

    def add(self, took: Measured, size: int) -> None:
        """Add the result of one round."""
        self.rates.append(took.rate(size) / MB)
        self.whole.append(size / took.seconds / MB)
        self.cpu.append(took.cpu_seconds / (size / 1e9))
        self.peak.append(took.peak_bytes / 2**20)


def main() -> None:
    """Measure, print the table and write the section."""
    options = _options()
    absent = prepare() if "dcimport" in options.tools else {}
    lines = [HEAD]
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="ambertime-speed-", dir=options.source) as source:
        sizes = []
        for name in options.sets:
            data = DATA_SETS[name](Path(source) / name, options.scale)
            sizes.append(f"{name}: {data.words}")
            for link in options.links:
                for line in _measured(data, link, options, absent):
                    print(line, flush=True)
                    lines.append(line)
    note = (
        f"{date.today().isoformat()}, scale {options.scale:g} of the full sets ({'; '.join(sizes)}), "
        f"medians of {options.rounds} rounds, target on {options.drive_words}, {os.cpu_count()} processors "
        f"({platform.machine()}) shared with the simulator and other work (load {os.getloadavg()[0]:.1f}). "
        "Compare ratios, not times."
    )
    if options.write:
        write_section("throughput", f"{note}\n\n" + "\n".join(lines))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scale", type=float, default=0.05, help="1 is the full size, which takes hours on USB 2"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=sorted(DATA_SETS), default=list(DATA_SETS))
    parser.add_argument("--links", nargs="+", choices=sorted(LINKS), default=list(LINK_WORDS))
    parser.add_argument("--tools", nargs="+", choices=sorted(COPIERS), default=list(COPIERS))
    parser.add_argument("--source", type=Path, default=None, help="folder for the media folders")
    parser.add_argument("--drive", type=Path, default=None, help="folder for the targets")
    parser.add_argument("--drive-words", default="a RAM disk, which limits no tool")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    memory = Path("/dev/shm")
    if memory.is_dir():
        options.source = options.source or memory
        options.drive = options.drive or memory
    return options


def _measured(
    data: DataSet, link: str, options: argparse.Namespace, absent: Mapping[str, str]
) -> Iterator[str]:
    rows: dict[str, Row] = defaultdict(Row)
    for name, why in absent.items():
        rows[name].trouble = why
    with (
        tempfile.TemporaryDirectory(prefix="at-", dir=options.source) as scratch,
        simulated_phone(data.media, link, Path(scratch)) as (environ, udid),
    ):
        for number in range(options.rounds):
            # The order changes with each round, so that no tool always has warm caches.
            first = number % len(options.tools)
            for name in (*options.tools[first:], *options.tools[:first]):
                if not rows[name].trouble:
                    _round(rows[name], name, environ, udid, options, Path(scratch))
            with contextlib.suppress(Absent, ValueError):
                said = json.loads(raw(environ, udid, data.media, Path(scratch) / "records"))
                rows["raw reader"].rates.append(said["bytes"] / said["seconds"] / MB)
    rate = LINKS[link].bytes_per_second
    for name in [*options.tools, "raw reader"]:
        row = rows[name]
        if row.trouble or not row.rates:
            yield f"| {data.name} | {LINK_WORDS[link]} | {name} | {row.trouble} | | | | | |"
            continue
        ratios = [a / b for a, b in zip(rows["ours"].rates, row.rates, strict=False)]
        compared = f"{median(ratios):.2f}" if ratios and name != "ours" else ""
        share = f"{median(row.rates) * MB / rate:.0%}" if rate else ""
        costs = (
            f"{median(row.whole):.1f} | {median(row.cpu):.1f} | {max(row.peak):.0f}" if row.cpu else " | |"
        )
        spread = f"{median(row.rates):.1f} ({min(row.rates):.1f}–{max(row.rates):.1f})"
        yield f"| {data.name} | {LINK_WORDS[link]} | {name} | {spread} | {share} | {compared} | {costs} |"


def _round(
    row: Row, name: str, environ: Mapping[str, str], udid: str, options: argparse.Namespace, scratch: Path
) -> None:
    target = Path(tempfile.mkdtemp(prefix="ambertime-drive-", dir=options.drive))
    try:
        took = COPIERS[name].run(environ, udid, target, scratch)
        _, size = copied_bytes(target)
        row.add(took, size)
    except (CommandFailed, Absent) as error:
        row.trouble = str(error).replace("|", "/").replace("\n", " ")[-160:]
    finally:
        shutil.rmtree(target)


if __name__ == "__main__":
    main()
