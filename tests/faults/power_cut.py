"""Cut the power while assets are written, and check what is left on the drive.

One run is logged on a real file system (`block_log`). Then the drive is rebuilt as of many moments, mounted
as after a reboot, opened with the product's own recovery, and checked:

* every recorded file is on the drive, complete, with the recorded SHA-256;
* everything committed before the cut (`Target.commit` had returned) is in the record;
* a file that was complete before the run is unchanged.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.library.model import Asset, Availability, Kind, Resource, Role
from tests.drive.archive_helpers import recorded_assets
from tests.faults.block_log import (
    BlockLog,
    CrashState,
    Replayer,
    ToolFailed,
    copy_sparse,
    crash_states,
    loop_device,
    recorded,
    run,
)

UDID = "00008110-000000000000001E"
EARLIER = "Photos/2020-01/IMG_0001.HEIC"
"""A complete file of an earlier run, with the name that the first asset would get."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system to test."""

    name: str
    image_bytes: int
    make: tuple[str, ...]
    check: tuple[str, ...] = ()
    """A repair that an operating system does before mounting; empty if none."""
    mount: tuple[str, ...] = ("mount",)
    settle: tuple[str, ...] = ("umount",)

    @property
    def tools(self) -> tuple[str, ...]:
        """The programs it needs."""
        return tuple(command[0] for command in (self.make, self.check, self.mount) if command)


FILE_SYSTEMS = (
    FileSystem("ext4", 64 << 20, ("mkfs.ext4", "-q")),
    FileSystem("xfs", 320 << 20, ("mkfs.xfs", "-q")),
    FileSystem("btrfs", 256 << 20, ("mkfs.btrfs", "-q")),
    FileSystem("exfat", 64 << 20, ("mkfs.exfat",), ("fsck.exfat", "-y"), ("mount.exfat-fuse",)),
)


WITHOUT_SYNC = (
    *("strace", "--follow-forks", "--quiet=all", "--output=/dev/null"),
    *("--trace=fsync,fdatasync,fadvise64", "--inject=fsync,fdatasync,fadvise64:retval=0"),
)
"""The negative control: nothing, including SQLite, is ever synced. (Dropping the cache of a file makes Linux
write it.)"""


@dataclass(frozen=True, slots=True)
class Promise:
    """An asset that was committed when the log had this length."""

    log_length: int
    uuid: str


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run and its log."""

    file_system: FileSystem
    start: Path
    log: BlockLog
    promises: tuple[Promise, ...]
    assets: tuple[Asset, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The results for crash states: a sentence for each violation."""

    states: int
    promises_kept: int
    """Recorded assets, over all states."""
    violations: tuple[str, ...]


def synthetic_assets(count: int, seed: int) -> tuple[Asset, ...]:
    """Assets of one to four resources. Every fifth name occurs twice."""
    rng = random.Random(seed)
    made = []
    for i in range(count):
        stem = f"IMG_{i - i % 5 % 2 + 1:04}"
        roles = [(Role.PHOTO, "HEIC")]
        if i % 2:
            roles.append((Role.PAIRED_VIDEO, "MOV"))
        if i % 3 == 0:
            roles.append((Role.EDITED_PHOTO, "HEIC"))
        if i % 4 == 0:
            roles.append((Role.ADJUSTMENT_DATA, "AAE"))
        made.append(
            Asset(
                uuid=str(uuid.UUID(int=rng.getrandbits(128))).upper(),
                kind=Kind.PHOTO,
                created=1_577_880_000.0 + 86_400 * 9 * (i % 7),
                zone_offset=3600,
                directory="DCIM/100APPLE",
                filename=f"{stem}.HEIC",
                original_filename=f"{stem}.HEIC",
                resources=tuple(
                    Resource(role, "DCIM/100APPLE", f"{stem}.{end}", None, Availability.LOCAL)
                    for role, end in roles
                ),
            )
        )
    return tuple(made)


def bytes_of(asset: Asset, resource: Resource) -> bytes:
    """The content of a resource: 1 to 90 kB, the same at each call."""
    rng = random.Random(f"{asset.uuid}/{resource.role}")
    return rng.randbytes(rng.randint(1_000, 90_000))


def write_all(target: Target, assets: Sequence[Asset]) -> Iterator[str]:
    """Copy what is not recorded yet, as the engine does. Yields each uuid when it is committed."""
    for group in range(0, len(assets), 2):
        staged = []
        for asset in assets[group : group + 2]:
            if target.record.find_asset(UDID, asset.uuid) is not None:
                continue
            with target.writer(UDID, asset) as writer:
                for resource in asset.resources:
                    content = bytes_of(asset, resource)
                    file = writer.begin(resource, len(content), asset.created)
                    file.write(content)
                    file.finish()
                staged.append(writer.stage())
        for outcome in target.commit(staged):
            if isinstance(outcome, DriveError):
                raise outcome
            yield outcome.uuid


@contextlib.contextmanager
def mounted(file_system: FileSystem, device: Path, at: Path) -> Iterator[Path]:
    """The file system on a device, mounted as after a reboot."""
    if file_system.check:
        subprocess.run([*file_system.check, str(device)], capture_output=True, check=False)
    run(*file_system.mount, device, at)
    try:
        yield at
    finally:
        unmount(at)


def unmount(at: Path) -> None:
    """Unmount. Other programs may keep the drive busy for a moment.

    Raises:
        ToolFailed: it is busy for more than 10 seconds.
    """
    for _ in range(100):
        try:
            run("umount", at)
            return
        except ToolFailed as error:
            if "busy" not in str(error):
                raise
            time.sleep(0.1)
    run("umount", at)


def record_run(
    file_system: FileSystem, scratch: Path, seed: int, count: int, *, under: Sequence[str] = ()
) -> RecordedRun:
    """Make a drive with one earlier file, have another process write the assets to it, and keep the log.

    `under` is a command that runs that process, such as WITHOUT_SYNC."""
    work, start, at = scratch / "work.img", scratch / "start.img", scratch / "mnt"
    at.mkdir(exist_ok=True)
    with work.open("wb") as image:
        image.truncate(file_system.image_bytes)
    with loop_device(work) as device:
        run(*file_system.make, device)
        with mounted(file_system, device, at) as root:
            earlier = root / EARLIER
            earlier.parent.mkdir(parents=True)
            earlier.write_bytes(b"an earlier file\n")
    copy_sparse(work, start)
    log = BlockLog(scratch / "log.img")
    promises: list[Promise] = []
    with (
        recorded(work, log.path, scratch / "exported.img") as exported,
        loop_device(exported) as device,
        mounted(file_system, device, at) as root,
    ):
        command = [*under, sys.executable, "-m", "tests.faults.power_cut", str(root), str(seed), str(count)]
        writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert writer.stdin is not None and writer.stdout is not None
        for promised in writer.stdout:
            promises.append(Promise(log.read(), promised.strip()))
            writer.stdin.write("\n")
            writer.stdin.flush()
        if writer.wait():
            raise ToolFailed(f"the writer ended with {writer.returncode}")
    log.read()
    return RecordedRun(file_system, start, log, tuple(promises), synthetic_assets(count, seed))


def judge_states(recorded_run: RecordedRun, scratch: Path, count: int, rng: random.Random) -> Verdict:
    """Cut the power `count` times and check. For every 25th state, also complete the backup."""
    replayer = Replayer(recorded_run.log, recorded_run.start, scratch)
    at = scratch / "after"
    at.mkdir(exist_ok=True)
    violations: list[str] = []
    kept = 0
    for number, state in enumerate(crash_states(recorded_run.log.entries, count, rng, 0)):
        where = f"{recorded_run.file_system.name}, {state.length} requests, {len(state.lost)} lost"
        image = replayer.image_of(state)
        try:
            with (
                loop_device(image) as device,
                mounted(recorded_run.file_system, device, at) as root,
            ):
                found, wrong = _judge(root, recorded_run, state, finish=number % 25 == 0)
        except (ToolFailed, DriveError) as error:
            found, wrong = 0, [f"cannot be opened: {error}"]
        kept += found
        violations += (f"{where}: {words}" for words in wrong)
    return Verdict(count, kept, tuple(violations))


def _judge(
    root: Path, recorded_run: RecordedRun, state: CrashState, *, finish: bool
) -> tuple[int, list[str]]:
    wrong: list[str] = []
    if (root / EARLIER).read_bytes() != b"an earlier file\n":
        wrong.append("the earlier file was changed")
    with open_target(root, clock=lambda: 1_700_000_100.0) as target:
        wrong += target.notices
        known = recorded_assets(target.record, UDID)
        for promise in recorded_run.promises:
            if promise.log_length <= state.length and promise.uuid not in known:
                wrong.append(f"promised and forgotten: {promise.uuid}")
        wrong += _broken(root, recorded_run, target)
        vouched = len(known)
        if finish:
            for _ in write_all(target, recorded_run.assets):
                pass
            target.finish()
            wrong += _broken(root, recorded_run, target)
            if len(recorded_assets(target.record, UDID)) != len(recorded_run.assets):
                wrong.append("a run after the cut did not complete")
    return vouched, wrong


def _broken(root: Path, recorded_run: RecordedRun, target: Target) -> list[str]:
    wrong = []
    known = recorded_assets(target.record, UDID)
    for asset in recorded_run.assets:
        if asset.uuid not in known:
            continue
        by_role = {file.role: file for file in known[asset.uuid].files}
        for resource in asset.resources:
            path = root / by_role[resource.role].path
            truth = hashlib.sha256(bytes_of(asset, resource)).hexdigest()
            if by_role[resource.role].sha256 != truth:
                wrong.append(f"recorded with a wrong hash: {path.name}")
            elif not path.exists():
                wrong.append(f"promised and lost: {path.name}")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != truth:
                wrong.append(f"promised and torn: {path.name}")
    return wrong


def _main() -> None:
    """The other process: writes, and reports each commit before it continues."""
    root, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with open_target(root, clock=lambda: 1_700_000_000.0) as target:
        for promised in write_all(target, synthetic_assets(count, seed)):
            print(promised, flush=True)
            sys.stdin.readline()
        target.finish()


if __name__ == "__main__":
    _main()
