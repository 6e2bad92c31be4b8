"""Back up a library that is mostly in iCloud over many nights: `python -m benchmarks.nights [--originals N]`.

A simulated phone, with real protocols, has room for one fortieth of its originals (10 GB of 400 GB). A job
in a process of its own fetches them in compressed time. Each night brings its share, then it is morning: the
phone is unplugged while the job waits, or the laptop is closed, or the job is stopped or killed; in the
evening everything is back. During the nights Wi-Fi disappears, downloads fail once or always, and iOS
offloads originals again, also before they were copied. A person scans each code and changes each setting as
the status says, and is counted.

Files are small: all sizes are divided by one factor, so that the originals add up to what is on disk. The
phone reports 1 GiB more than its scaled free space, because 1 GiB is what iOS keeps free, so the rules about
room see the same proportions. The job's clock runs faster than real time, and its pauses are shorter.

In the end, the drive must have every original that can come, byte for byte, and the job must name the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import IO, Any

from ambertime_tui.drive.record.reader import read_record
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.record.rows import assets_in
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.job.job import Job, open_job
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, MadeAsset, MadeLibrary, Mix, Planted, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from ambertime_tui.simulator.shortcut import roles_brought
from benchmarks.readme import write_section

GIB = 1 << 30
REAL_BYTES = 400_000_000_000
REAL_ROOM = 10_000_000_000
REAL_ORIGINALS = 85_000
NIGHTS = 21
PER_SECOND = 40.0
"""Items that iOS downloads in a real second, so that job and phone keep pace on two processors."""
SPEED = 20.0
"""How much faster than real time the job's clock runs."""
LONGEST_PAUSE = 0.3
"""Real seconds. The job's own share of the time is limited in real life, not on this machine."""
PATIENCE = 1800.0
"""Of the job, in its own seconds: half an hour, the product's default."""
SAMPLED_EVERY = 1.0
SCANNED_AGAIN_AFTER = 8.0
"""Real seconds after which the person scans a code that is still shown once more."""
QUIET_NIGHT = 1.2
"""Times the patience without an arrival after which a night ends."""
MORNINGS = ("unplugged", "laptop closed", "stopped", "unplugged", "killed", "laptop closed")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated."""

    originals: int
    way: FetchWay
    order: FetchOrder = FetchOrder.OLDEST
    nights: int = NIGHTS
    seed: int = 7
    speed: float = SPEED
    per_second: float = PER_SECOND
    room: float = REAL_ROOM / REAL_BYTES
    """Of the phone for originals, as a share of all that wait."""
    minutes: float = 600.0
    """Real minutes after which the last job is stopped, whatever is left."""
    patience: float = PATIENCE
    """Of the job, in its own seconds."""
    night_seconds: float = 90.0
    """Real seconds after which a night ends even if its share has not come."""


@dataclass(slots=True)
class Found:
    """What was measured."""

    scale: float = 0.0
    originals: int = 0
    """Waiting when the first job started, by item."""
    nights: int = 0
    runs: int = 0
    mornings: Counter[str] = field(default_factory=Counter)
    hands: int = 0
    """Codes scanned, settings changed, items opened."""
    expected_hands: int | None = None
    """As the job said beforehand."""
    counted_hands: int = 0
    """As the job said in the end."""
    offloaded: int = 0
    failed_downloads: int = 0
    wifi_lost: int = 0
    memory: list[tuple[int, float]] = field(default_factory=list)
    """Items that came so far, and resident MiB of the job."""
    status_us: list[tuple[int, float]] = field(default_factory=list)
    estimates: list[tuple[int, int | None]] = field(default_factory=list)
    """Night, and nights left as the job said in the morning."""
    on_drive: int = 0
    missing: int = 0
    """Items that can come and are not on the drive byte for byte."""
    named: int = 0
    unnamed: int = 0
    """Items that cannot come and that the job does not name."""
    outcome: str = ""
    seconds: float = 0.0
    sentence: str = ""


# The job, in its own process


async def run_job(udid: str, target: Path, spec: Mapping[str, str], speed: float, day: float) -> None:
    """Run one job with a fast clock, and print a line of JSON about it every second."""
    began, paths = time.monotonic(), paths_from(os.environ)

    def passed() -> float:
        return (time.monotonic() - began) * speed

    async def pause(seconds: float) -> None:
        await asyncio.sleep(min(seconds / speed, LONGEST_PAUSE))

    timing = Timing(wall=lambda: day + passed(), steady=passed, pause=pause)
    records = paths.data / "pair-records"
    job = await open_job(
        JobSpec(
            str(target),
            udid,
            originals=OriginalsChoice.ICLOUD,
            patience=float(spec["patience"]),
            way=FetchWay(spec["way"]),
            order=FetchOrder(spec["order"]),
        ),
        surveyor=Surveyor(records, paths.state / "scratch", timing),
        pair_records=records,
        reports=paths.state / "reports",
        timing=timing,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, job.stop)
    running = asyncio.create_task(job.run())
    code = ""
    while not running.done():
        await asyncio.wait({running}, timeout=0.1)
        status = job.progress.snapshot()
        if status.fetch.code != code or time.monotonic() - began >= SAMPLED_EVERY * len(_SAMPLES):
            code = status.fetch.code
            _SAMPLES.append(None)
            print(json.dumps(_sample(job, status)), flush=True)
    left = job.report(0, sys.maxsize).left
    print(
        json.dumps({**_sample(job, job.progress.snapshot()), "left": [one.uuid for one in left]}), flush=True
    )


_SAMPLES: list[None] = []


def _sample(job: Job, status: JobStatus) -> dict[str, Any]:
    before = time.process_time()
    for _ in range(20):
        json.dumps(to_json(job.progress.snapshot()))
    cost = (time.process_time() - before) / 20
    fetch = status.fetch
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "phase": status.phase.value,
        "condition": status.condition.value,
        "code": fetch.code,
        "hand": status.attendance.hand_needed,
        "said": status.attendance.sentence,
        "sentence": fetch.sentence,
        "waits": fetch.waiting.count + fetch.asked.count + fetch.arriving.count,
        "written": fetch.written.count,
        "hands": fetch.hands.in_all,
        "hands_left": fetch.hands.left,
        "nights": fetch.nights.sentence,
        "nights_left": fetch.nights.nights_left,
        "mib": pages * os.sysconf("SC_PAGESIZE") / 2**20,
        "status_us": cost * 1e6,
        "outcome": None if status.outcome is None else status.outcome.value,
    }


# The phone, the person and the nights


class JobProcess:
    """A running job, and the last line it printed."""

    def __init__(
        self, environ: Mapping[str, str], udid: str, target: Path, setting: Setting, night: int
    ) -> None:
        spec = {"way": setting.way.value, "order": setting.order.value, "patience": str(setting.patience)}
        day = 1_790_000_000.0 + night * 86_400.0
        self._began_at_night = night
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.nights", "--job", udid, str(target)),
                *(json.dumps(spec), str(setting.speed), str(day)),
            ],
            env=dict(environ),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._out: IO[str] = self.process.stdout
        self._ready = selectors.DefaultSelector()
        os.set_blocking(self._out.fileno(), False)
        self._ready.register(self._out, selectors.EVENT_READ)
        self._rest = ""
        self.last: dict[str, Any] = {}

    def lines(self, within: float) -> list[dict[str, Any]]:
        """Wait for lines, and return the new ones."""
        found = []
        if self._ready.select(within):
            self._rest += self._out.read() or ""
            *whole, self._rest = self._rest.split("\n")
            found = [json.loads(line) for line in whole if line.startswith("{")]
        if found:
            self.last = found[-1]
        elif self.process.poll() is not None:
            time.sleep(within)
        return found

    def finish(self) -> int:
        """Wait for the end, and return the exit code."""
        while self.process.poll() is None:
            self.lines(0.2)
        self.lines(0.0)
        self._ready.close()
        self._out.close()
        return self.process.returncode


def run(setting: Setting, scratch: Path, *, verbose: bool = False) -> Found:
    """Play all nights."""
    began, found, random = time.monotonic(), Found(), Random(setting.seed)
    share = 0.95
    planted = Planted(missing=max(1, setting.originals // 2000))
    recipe = LibraryRecipe(
        assets=int(setting.originals / share / 0.86), seed=setting.seed, icloud_share=share,
        mix=Mix(hidden=0.005, trashed=0.01), planted=planted,
    )  # fmt: skip
    made = make_library(scratch / "phone", recipe)
    waiting = [a for a in made.own() if not a.trashed and a.availability in ("icloud", "partial")]
    size = sum(r.size for a in waiting for r in a.originals)
    found.scale, found.originals = REAL_BYTES / size, len(waiting)
    room = int(size * setting.room)
    random.shuffle(waiting)
    never = waiting[: max(1, len(waiting) // 1000)]
    cannot = {a.uuid for a in never} | {a.uuid for a in made.own() if not _can_come(a, setting.way)}
    once = waiting[len(never) : len(never) + len(waiting) // 50]
    target = scratch / "drive"
    target.mkdir()
    runtime = scratch / "run"
    runtime.mkdir(mode=0o700)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    environ |= {"HOME": str(scratch / "home"), "XDG_RUNTIME_DIR": str(runtime)}
    (scratch / "home").mkdir()
    with tempfile.TemporaryDirectory(prefix="an-") as sockets:
        environ["USBMUXD_SOCKET_ADDRESS"] = f"{sockets}/mux"
        os.environ.update({k: environ[k] for k in ("HOME", "XDG_RUNTIME_DIR", "USBMUXD_SOCKET_ADDRESS")})
        with BackgroundUsbmuxd(environ["USBMUXD_SOCKET_ADDRESS"]) as usbmux:
            facts = Facts(udid_for("nights"), total_bytes=256_000_000_000, free_bytes=GIB + room)
            phone = SimulatedPhone(facts, made.media, tls=True)
            usbmux.pair(phone)
            settings = ICloudSettings(
                storage=GIB + room,
                keeps_free=GIB,
                stops_below=GIB,
                kept_for=4.0,
                bytes_per_second=size / len(waiting) * setting.per_second,
                halves_apart=0.02,
            )
            with RunningICloud(phone, made, settings) as icloud:
                icloud.do(lambda cloud: cloud.fail([a.uuid for a in once], 1))
                icloud.do(lambda cloud: cloud.fail([a.uuid for a in never]))
                nights = _Nights(
                    setting, found, made, usbmux, phone, icloud, environ, target, random, verbose, cannot
                )
                left = nights.play()
                found.offloaded = icloud.do(lambda cloud: cloud.offloaded)
                found.failed_downloads = icloud.do(lambda cloud: cloud.failed)
    _check(found, made, target, cannot, left)
    found.seconds = time.monotonic() - began
    return found


class _Nights:
    """Everything that acts."""

    def __init__(
        self,
        setting: Setting,
        found: Found,
        made: MadeLibrary,
        usbmux: BackgroundUsbmuxd,
        phone: SimulatedPhone,
        icloud: RunningICloud,
        environ: Mapping[str, str],
        target: Path,
        random: Random,
        verbose: bool,
        cannot: set[str],
    ) -> None:
        self._setting, self._found, self._made = setting, found, made
        self._usbmux, self._phone, self._icloud = usbmux, phone, icloud
        self._environ, self._target, self._random, self._verbose = environ, target, random, verbose
        self._job: JobProcess | None = None
        self._code = ""
        self._scanned_at = 0.0
        self._cannot = cannot
        self._came = 0
        self._quiet = QUIET_NIGHT * setting.patience / setting.speed
        self._left_before = sys.maxsize
        """Items that the last job that ended by itself named."""
        self._until = time.monotonic() + setting.minutes * 60

    def play(self) -> set[str]:
        """All nights; return the uuids that the last job named."""
        quota = -(-self._found.originals // self._setting.nights)
        while True:
            self._found.nights += 1
            morning = MORNINGS[(self._found.nights - 1) % len(MORNINGS)]
            if self._evening_until_morning(quota):
                break
            self._found.mornings[morning] += 1
            self._morning(morning)
            if time.monotonic() > self._until:
                self._last_evening()
                break
        assert self._job is not None
        last = self._job.last
        self._found.outcome, self._found.counted_hands = str(last.get("outcome")), last.get("hands", 0)
        return set(last.get("left", ()))

    def _evening_until_morning(self, quota: int) -> bool:
        """Let a night's share come. True: a job has ended by itself, and another one would bring no more."""
        self._usbmux.attach(self._phone)
        if self._job is None:
            self._found.runs += 1
            self._code = ""
            self._job = JobProcess(
                self._environ, self._phone.facts.udid, self._target, self._setting, self._found.nights
            )
        else:
            self._job.process.send_signal(signal.SIGCONT)
        job = self._job
        begun_with, began = self._arrivals(), time.monotonic()
        quiet_since = began
        wifi_goes = begun_with + quota // 2 if self._random.random() < 0.3 else sys.maxsize
        tonight, most, seen = 0, 0, begun_with
        while True:
            for line in job.lines(0.1):
                self._look(line)
            now, arrivals = time.monotonic(), self._arrivals()
            if arrivals != seen or job.last.get("phase") not in ("copying", "fetching"):
                seen, quiet_since = arrivals, now
            if arrivals >= wifi_goes:
                wifi_goes = sys.maxsize
                self._found.wifi_lost += 1
                self._icloud.change(online=False)
                self._wait(job, 2.0)
                self._icloud.change(online=True)
                quiet_since = time.monotonic()
            if job.process.poll() is not None:
                job.finish()
                return self._nothing_more_comes(job)
            waits = job.last.get("waits", 0) if job.last.get("phase") in ("copying", "fetching") else 0
            most = max(most, waits)
            tonight = most - waits if waits else 0
            if now - began > self._setting.night_seconds or now > self._until:
                return False
            if (tonight >= quota and waits) or now - quiet_since > self._quiet:
                return False

    def _nothing_more_comes(self, job: JobProcess) -> bool:
        left = len(job.last.get("left", ()))
        done = left >= self._left_before or set(job.last.get("left", ())) <= self._cannot
        self._left_before = left
        if not done:
            self._job = None
        return done

    def _wait(self, job: JobProcess, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in job.lines(0.1):
                self._look(line)

    def _arrivals(self) -> int:
        return self._icloud.do(lambda cloud: cloud.arrivals)

    def _morning(self, how: str) -> None:
        if self._job is None:  # it has ended by itself
            self._usbmux.unplug(self._phone)
            return
        last, process = self._job.last, self._job.process
        self._found.estimates.append((self._found.nights, last.get("nights_left")))
        self._found.sentence = last.get("nights", "") or self._found.sentence
        if self._verbose:
            words = f"{last.get('waits')} wait; {last.get('nights')} {last.get('said')}"
            costs = f"{last.get('mib', 0):.0f} MiB, status {last.get('status_us', 0):.0f} µs"
            title = f"{time.strftime('%H:%M:%S')} night {self._found.nights} ({self._arrivals()}), {how}"
            print(f"{title}: {words} {self._found.hands} hands, {costs}", file=sys.stderr, flush=True)
        if how == "laptop closed":
            process.send_signal(signal.SIGSTOP)
        elif how == "stopped":
            self._stop_it()
        elif how == "killed":
            process.kill()
            self._job.finish()
            self._job = None
        self._usbmux.unplug(self._phone)
        time.sleep(0.3)

    def _stop_it(self) -> None:
        assert self._job is not None
        self._job.process.send_signal(signal.SIGTERM)
        self._job.finish()
        self._job = None

    def _last_evening(self) -> None:
        """Start a job that only counts what is left."""
        self._usbmux.attach(self._phone)
        if self._job is None:
            self._found.runs += 1
            environ, udid = self._environ, self._phone.facts.udid
            self._job = JobProcess(environ, udid, self._target, self._setting, self._found.nights)
        self._job.process.send_signal(signal.SIGCONT)
        until = time.monotonic() + 120
        while self._job.last.get("phase") not in ("copying", "fetching") and time.monotonic() < until:
            self._job.lines(0.2)
        self._job.process.send_signal(signal.SIGTERM)
        self._job.finish()

    def _look(self, line: Mapping[str, Any]) -> None:
        """A person looks at the screen and does what it says."""
        found = self._found
        if line["written"] or not found.memory:
            self._came = max(self._came, line["written"])
        found.memory.append((self._came, line["mib"]))
        found.status_us.append((self._came, line["status_us"]))
        if found.expected_hands is None:
            found.expected_hands = line["hands_left"]
        code = line["code"]
        if code and (code != self._code or time.monotonic() - self._scanned_at > SCANNED_AGAIN_AFTER):
            found.hands += 1
            self._scanned_at = time.monotonic()
            self._icloud.open_url(code)
        self._code = code
        if self._setting.way is FetchWay.KEEP_ORIGINALS and line["hand"]:
            on = self._icloud.do(lambda cloud: cloud.keep_originals)
            wants = "Optimize" not in line["said"]
            if on is not wants:
                found.hands += 1
                self._icloud.set_keep_originals(wants)


def _check(found: Found, made: MadeLibrary, target: Path, cannot: set[str], left: set[str]) -> None:
    """Compare every original on the drive with the library."""
    kept = read_record(target, lambda record: tuple(assets_in(record))) or ()
    recorded = {asset.uuid: asset for asset in kept}
    for asset in made.own():
        if asset.trashed:
            continue
        if _is_whole(made, target, asset, recorded.get(asset.uuid)):
            found.on_drive += 1
        elif asset.uuid not in cannot:
            found.missing += 1
        elif asset.uuid in left:
            found.named += 1
        else:
            found.unnamed += 1


def _can_come(asset: MadeAsset, way: FetchWay) -> bool:
    """Whether a way of asking brings all originals that are not on the phone."""
    away = {original.role for original in asset.originals if not original.present}
    if not away or way is not FetchWay.SHORTCUT:
        return asset.availability != "missing"
    hides = asset.hidden or asset.trashed or asset.undated or asset.created is None
    return asset.availability != "missing" and not hides and away <= roles_brought(asset)


def _is_whole(made: MadeLibrary, target: Path, asset: MadeAsset, recorded: RecordedAsset | None) -> bool:
    if recorded is None:
        return False
    files = {file.role.value: file for file in recorded.files}
    for original in asset.originals:
        file = files.get(original.role)
        digest = made.content(asset, original).sha256()
        if file is None or digest != sha256((target / file.path).read_bytes()).hexdigest():
            return False
    return True


def main() -> None:
    """Play the nights for one or all ways, and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--originals", type=int, default=REAL_ORIGINALS)
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--ways", nargs="+", type=FetchWay, default=[FetchWay.SHORTCUT])
    parser.add_argument("--per-second", type=float, default=PER_SECOND)
    parser.add_argument("--room", type=float, default=REAL_ROOM / REAL_BYTES)
    parser.add_argument("--patience", type=float, default=PATIENCE)
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--night-seconds", type=float, default=90.0)
    parser.add_argument("--order", type=FetchOrder, default=FetchOrder.OLDEST)
    shm = Path("/dev/shm")
    parser.add_argument("--scratch", type=Path, default=shm if shm.is_dir() else None)
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument(
        "--job", nargs=5, metavar=("UDID", "TARGET", "SPEC", "SPEED", "DAY"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.job:
        udid, target, spec, speed, day = options.job
        asyncio.run(run_job(udid, Path(target), json.loads(spec), float(speed), float(day)))
        return
    rows = []
    for way in options.ways:
        setting = Setting(
            options.originals,
            way,
            options.order,
            options.nights,
            per_second=options.per_second,
            room=options.room,
            minutes=options.minutes,
            patience=options.patience,
            night_seconds=options.night_seconds,
        )
        with tempfile.TemporaryDirectory(prefix="ambertime-nights-", dir=options.scratch) as scratch:
            rows.append((way, run(setting, Path(scratch), verbose=True)))
        print(rows[-1][1].sentence, file=sys.stderr)
    text = "\n".join(_table(rows))
    print(text)
    if options.write:
        load = os.getloadavg()[0]
        note = f"{date.today().isoformat()}, {os.cpu_count()} processors, with other work (load {load:.0f})."
        write_section("nights", f"{note}\n\n{text}")


COLUMNS = (
    "way", "items in iCloud", "scale", "nights", "runs", "hands expected", "hands", "offloaded again",
    "failed downloads", "on the drive", "could come, missing", "cannot come, named", "unnamed",
    "memory MiB first / last / most", "status µs first / last", "minutes",
)  # fmt: skip


def _table(rows: list[tuple[FetchWay, Found]]) -> list[str]:
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    for way, found in rows:
        memory = [mib for came, mib in found.memory if came] or [0.0]
        costs = [us for came, us in found.status_us if came] or [0.0]
        tenth = max(1, len(costs) // 10)
        first, last = sum(costs[:tenth]) / tenth, sum(costs[-tenth:]) / tenth
        cells = (
            way.value,
            f"{found.originals:,}",
            f"1 : {found.scale:,.0f}",
            str(found.nights),
            str(found.runs),
            str(found.expected_hands),
            str(found.hands),
            f"{found.offloaded:,}",
            f"{found.failed_downloads:,}",
            f"{found.on_drive:,}",
            str(found.missing),
            str(found.named),
            str(found.unnamed),
            f"{memory[0]:.0f} / {memory[-1]:.0f} / {max(memory):.0f}",
            f"{first:.0f} / {last:.0f}",
            f"{found.seconds / 60:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
