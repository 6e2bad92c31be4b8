"""Measure how cost grows with the size of the library: `python -m benchmarks.growth [--assets N ...]`.

For each size, the benchmark generates a library (10,000 assets, multiplied under new identifiers and folders)
and a simulated phone serves it on an unlimited link. A job in a separate process backs it up and is stopped
after a few hundred assets; this gives the time to the first byte on the drive, memory, and the cost of a
status. A second run, with an archive that lacks only the newest hundred assets, represents a daily backup,
and a third run has nothing to do. Finally, a queue of as many pending iCloud items gives the cost of one
change and one status. Results are written to benchmarks/plots/*.svg and benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median

from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.writing.naming import place
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.spec import FetchOrder, JobSpec, Selection
from ambertime_tui.engine.api.status import FetchState, Phase
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.job import open_job
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, plan_of
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Asset, Availability, Library
from ambertime_tui.library.photos_db import read_library
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.library import LibraryRecipe, Mix, make_library
from benchmarks.library_scale import multiply
from benchmarks.measured import own_peak_bytes
from benchmarks.plot import Series, write_plot
from benchmarks.readme import write_section
from benchmarks.simulated import simulated_phone

BASE = 10_000
ENOUGH = 300
"""Number of assets after which the first run is stopped."""
NEW = 100
"""Number of new assets in a daily backup."""
PLOTS = Path(__file__).with_name("plots")
MIX = Mix(edited=0.0, live=0.3)


@dataclass(frozen=True, slots=True)
class Figures:
    """Results of one run."""

    scanned: float
    """Seconds to the end of the scan."""
    first_byte: float
    """Seconds until part of a file has arrived; for a run with nothing to do, until its end."""
    ended: float
    peak_mb: float
    status_us: float
    """Creating one status and encoding it as JSON."""
    per_asset_ms: float
    """CPU time of the job per copied asset."""
    outcome: str


_Row = tuple[int, Figures, Figures, Figures, tuple[float, float]]
"""Assets; first run, daily run, run with nothing to do; costs of the queue."""


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--assets", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument(
        "--scratch", type=Path, default=Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    )
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--measure", nargs=3, metavar=("UDID", "TARGET", "STOP"), help=argparse.SUPPRESS)
    parser.add_argument("--pending", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        udid, target, stop = options.measure
        print(json.dumps(asdict(asyncio.run(run_job(udid, Path(target), stop == "stop")))))
        return
    if options.pending:
        print(json.dumps(queue_costs(options.pending)))
        return
    lines = [
        "| assets | scan s | first byte s | memory MiB | status µs | CPU ms per copied asset "
        f"| {NEW} new: s | memory MiB | nothing to do: s | memory MiB | iCloud queue: change µs "
        "| status µs |",
        "|" + "---|" * 12,
    ]
    print("\n".join(lines), flush=True)
    rows: list[_Row] = []
    with tempfile.TemporaryDirectory(prefix="ambertime-growth-", dir=options.scratch) as scratch:
        base = make_library(
            Path(scratch) / "base", LibraryRecipe(assets=BASE, seed=5, mix=MIX, oddities=False)
        )
        for assets in options.assets:
            media = _library(base.media, Path(scratch) / str(assets), assets)
            first, daily, again = _runs(media, Path(scratch) / f"run-{assets}")
            queue = json.loads(_child("--pending", str(assets)))
            rows.append((assets, first, daily, again, (queue[0], queue[1])))
            lines.append(
                f"| {assets:,} | {first.scanned:.1f} | {first.first_byte:.1f} | {first.peak_mb:.0f} "
                f"| {first.status_us:.0f} | {first.per_asset_ms:.1f} | {daily.ended:.1f} "
                f"| {daily.peak_mb:.0f} | {again.ended:.1f} "
                f"| {again.peak_mb:.0f} | {queue[0]:.1f} | {queue[1]:.0f} |"
            )
            print(lines[-1], flush=True)
            shutil.rmtree(media)
    if options.write:
        _draw(rows)
        note = (
            f"{date.today().isoformat()}, unlimited link, target in memory, {os.cpu_count()} processors, "
            f"shared with other work (load {os.getloadavg()[0]:.1f}). Compare growth, not seconds."
        )
        plots = "\n".join(f"![{path.stem}](plots/{path.name})" for path in sorted(PLOTS.glob("growth-*.svg")))
        write_section("growth", note + "\n\n" + "\n".join(lines) + "\n\n" + plots)


def _library(base: Path, folder: Path, assets: int) -> Path:
    """Return a library of this size: a smaller one, the base, or copies of it. Files are links."""
    if assets < BASE:
        made = make_library(folder, LibraryRecipe(assets=assets, seed=5, mix=MIX, oddities=False))
        return made.media
    times = assets // BASE
    (folder / "PhotoData").mkdir(parents=True)
    multiply(base / "PhotoData/Photos.sqlite", folder / "PhotoData/Photos.sqlite", times)
    for source in sorted((base / "DCIM").iterdir()):
        for copy in range(times):
            number = int(source.name[:3]) + (10_000 + 100 * copy if copy else 0)
            _linked(source, folder / f"DCIM/{number}APPLE", "")
    for source in sorted((base / "PhotoData/CPLAssets").glob("*")):
        for copy in range(times):
            _linked(source, folder / "PhotoData/CPLAssets" / source.name, f"{copy:08X}" if copy else "")
    return folder


def _linked(source: Path, target: Path, prefix: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        os.link(file, target / (prefix + file.name[len(prefix) :]))


def _runs(media: Path, scratch: Path) -> tuple[Figures, Figures, Figures]:
    scratch.mkdir()
    with simulated_phone(media, "unlimited", scratch) as (environ, udid):
        target = scratch / "first"
        target.mkdir()
        first = Figures(**json.loads(_child("--measure", udid, str(target), "stop", environ=environ)))
        full = scratch / "full"
        full.mkdir()
        archive_all_but_the_newest(media, full, udid)
        daily = Figures(**json.loads(_child("--measure", udid, str(full), "run", environ=environ)))
        again = Figures(**json.loads(_child("--measure", udid, str(full), "run", environ=environ)))
    shutil.rmtree(scratch)
    return first, daily, again


def _child(*arguments: str, environ: object = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", *arguments],
        env=None if environ is None else dict(environ),  # type: ignore[call-overload]
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def archive_all_but_the_newest(media: Path, target: Path, udid: str) -> None:
    """Make an archive of all assets whose originals are on the phone, except the newest. Files are links."""
    scratch = Path(tempfile.mkdtemp(dir=target.parent))
    for name in ("Photos.sqlite", "Photos.sqlite-wal"):
        if (media / "PhotoData" / name).exists():
            shutil.copy(media / "PhotoData" / name, scratch)
    library = read_library(scratch / "Photos.sqlite")
    taken: dict[str, set[str]] = {}
    with open_target(target) as opened:
        batch = []
        since = sorted(asset.created or 0.0 for asset in library.assets)[-NEW]
        for asset in library.assets:
            if (asset.created or 0.0) >= since:
                continue
            local = [r for r in asset.originals if r.availability is Availability.LOCAL]
            if not asset.ownership.is_archived or asset.trashed or len(local) != len(asset.originals):
                continue
            where = place(
                asset, opened.traits, lambda folder: taken.setdefault(folder, set()), resources=local
            )
            (target / where.folder).mkdir(parents=True, exist_ok=True)
            for file in where.files:
                taken[where.folder].add(name_key(file.name))
                os.link(media / file.resource.path, target / where.folder / file.name)
            files = tuple(
                RecordedFile(
                    role=file.resource.role,
                    folder=where.folder,
                    name=file.name,
                    true_name=file.true_name,
                    size=(media / file.resource.path).stat().st_size,
                    sha256="00" * 32,
                    modified_at=asset.created,
                    read_back=ReadBack.FROM_DRIVE,
                    written_at=0.0,
                    source_path=file.resource.path,
                )
                for file in where.files
            )
            batch.append(
                RecordedAsset(udid, asset.uuid, asset.original_filename, where.folder, where.stem, files, 0.0)
            )
        for start in range(0, len(batch), 5000):
            opened.record.commit(batch[start : start + 5000])


async def run_job(udid: str, target: Path, stop: bool) -> Figures:
    """Run a job in this process, to its end or until it has copied `ENOUGH` assets."""
    timing = Timing()
    paths = paths_from(os.environ)
    records = paths.data / "pair-records"
    began = time.perf_counter()
    surveyor = Surveyor(records, target.parent / "scratch", timing)
    job = await open_job(
        JobSpec(target=str(target), udid=udid),
        surveyor=surveyor,
        pair_records=records,
        reports=target.parent / "reports",
        timing=timing,
    )
    scanned = first = None
    cpu = 0.0
    statuses: list[float] = []
    running = asyncio.create_task(job.run())
    while not running.done():
        await asyncio.sleep(0.01)
        before = time.perf_counter()
        status = job.progress.snapshot()
        json.dumps(to_json(status))
        now = time.perf_counter()
        if scanned is None and status.phase not in (Phase.CONNECTING, Phase.SCANNING):
            scanned = now - began
        if status.phase is Phase.COPYING:
            statuses.append(now - before)
        if first is None and any(file.done for file in status.write.current_files):
            first, cpu = now - began, time.process_time()
        if stop and status.write.written.count >= ENOUGH and not status.stop_after_file:
            cpu = time.process_time() - cpu
            job.stop()
    ended = time.perf_counter() - began
    status = job.progress.snapshot()
    return Figures(
        scanned or 0.0,
        first or ended,
        ended,
        own_peak_bytes() / 2**20,
        median(statuses or [0.0]) * 1e6,
        cpu * 1e3 / max(status.write.written.count, 1) if stop else 0.0,
        str(status.outcome),
    )


def queue_costs(pending: int) -> tuple[float, float]:
    """Return the microseconds of one change of a queue of this length, and of one status."""
    library = make_base_queue(pending)
    queue = FetchQueue(library, FetchOrder.NEWEST)
    progress = Progress("growth", JobSpec(target="/", selection=Selection()), Timing())
    progress.queue = queue
    progress.snapshot()
    uuids = [planned.asset.uuid for planned in queue.in_order()][:1000]
    began = time.perf_counter()
    for uuid in uuids:
        queue.move(uuid, FetchState.ARRIVED)
    changes = (time.perf_counter() - began) / len(uuids)
    began = time.perf_counter()
    for _ in range(100):
        progress.snapshot()
    return changes * 1e6, (time.perf_counter() - began) / 100 * 1e6


def make_base_queue(pending: int) -> Plan:
    """Return a plan with this many assets that wait for iCloud."""
    with tempfile.TemporaryDirectory() as scratch:
        made = make_library(
            Path(scratch), LibraryRecipe(assets=500, icloud_share=1.0, media=False, oddities=False)
        )
        base = _waiting(read_library(made.database))
    return plan_of(_numbered(base[n % len(base)], n) for n in range(pending))


def _waiting(library: Library) -> list[Asset]:
    return [asset for asset in library.assets if asset.ownership.is_archived and asset.originals]


def _numbered(asset: Asset, number: int) -> PlannedAsset:
    from dataclasses import replace

    return PlannedAsset(
        replace(asset, uuid=f"{number:08X}{asset.uuid[8:]}"), Decision.FETCH, asset.originals, 1
    )


def _draw(rows: list[_Row]) -> None:
    sizes = [float(assets) for assets, *_ in rows]
    PLOTS.mkdir(exist_ok=True)
    write_plot(
        PLOTS / "growth-time.svg",
        "Seconds by size of the library in assets",
        sizes,
        [
            Series("scan", [first.scanned for _, first, *_ in rows]),
            Series("first byte on the drive", [first.first_byte for _, first, *_ in rows]),
            Series(f"run with {NEW} new ones", [daily.ended for _, _, daily, *_ in rows]),
            Series("run with nothing to do", [again.ended for _, _, _, again, _ in rows]),
        ],
    )
    write_plot(
        PLOTS / "growth-memory.svg",
        "Memory of the job in MiB by size of the library in assets",
        sizes,
        [
            Series("first run", [first.peak_mb for _, first, *_ in rows]),
            Series(f"run with {NEW} new ones", [daily.peak_mb for _, _, daily, *_ in rows]),
            Series("run with nothing to do", [again.peak_mb for _, _, _, again, _ in rows]),
        ],
    )
    write_plot(
        PLOTS / "growth-steps.svg",
        "Microseconds per step by size of the library in assets, or pending iCloud items",
        sizes,
        [
            Series("one status while copying", [first.status_us for _, first, *_ in rows]),
            Series("one change of the iCloud queue", [queue[0] for *_, queue in rows]),
            Series("one status with that queue", [queue[1] for *_, queue in rows]),
        ],
    )


if __name__ == "__main__":
    main()
