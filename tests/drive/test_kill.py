"""A real process, killed at random moments and at every system call that strace can intercept."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drive.archive_helpers import assert_complete, assert_promise, asset, backup

LONG = bool(os.environ.get("AMBERTIME_LONG"))
ROOT = Path(__file__).parents[2]
JOB = """
import sys
from pathlib import Path
from tests.drive.archive_helpers import backup, LIBRARY, asset
library = LIBRARY if sys.argv[2] == "small" else [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 2000)]
print("ready", flush=True)
errors = backup(Path(sys.argv[1]), library, acknowledged=lambda uuid: print(uuid, flush=True))
sys.exit(3 if errors else 0)
"""
MOST_OF_ONE = 400
"""Number of calls of each kind that the long form tries."""
CALLS = "write,pwrite64,fsync,fdatasync,openat,renameat2,rename,unlink,mkdir,ftruncate,close,utimensat"


def job(root: Path, size: str, *before: str) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-c", JOB, str(root), size]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_a_job_killed_at_random_moments_keeps_its_promises(tmp_path: Path) -> None:
    library = [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 2000)]
    root, chance, promised = tmp_path / "target", random.Random(5), set[str]()
    root.mkdir()
    for _ in range(300 if LONG else 8):
        process = job(root, "large")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # Kill after a number of commits, which does not depend on the speed of this computer.
        for _ in range(chance.randint(0, 12)):
            promised.add(process.stdout.readline().strip())
        process.kill()
        promised |= {
            line.strip() for line in process.communicate()[0].splitlines(keepends=True) if line[-1] == "\n"
        }
        assert promised <= set(assert_promise(root, library))
    done = [item for item in library if item.uuid in promised]
    backup(root, done)
    assert not list(root.rglob(".*.part"))


def strace(inject: str) -> list[str]:
    return [
        "strace",
        "-f",
        "-o",
        "/dev/null",
        "-e",
        f"trace={inject.split(':')[0]}",
        "-e",
        f"inject={inject}",
    ]


needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def calls_of_a_job(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How often a job makes each call, including the start of Python."""
    folder = tmp_path_factory.mktemp("counted")
    (folder / "target").mkdir()
    with job(
        folder / "target", "small", "strace", "-f", "-o", str(folder / "trace"), "-e", f"trace={CALLS}"
    ) as process:
        process.communicate()
    if process.returncode != 0:
        pytest.skip("strace may not trace here")
    counts: dict[str, int] = {}
    for line in (folder / "trace").read_text(errors="replace").splitlines():
        name = line.split(maxsplit=1)[-1].partition("(")[0]
        counts[name] = counts.get(name, 0) + 1
    return counts


@needs_strace
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO", "error=ENOSPC"])
def test_a_fault_at_a_system_call_loses_nothing(
    fault: str, tmp_path: Path, calls_of_a_job: dict[str, int]
) -> None:
    """These include SQLite's own calls, which `test_faults` cannot reach. Most of its writes only fill the
    reserve of the record, so about a hundred of them are tried."""
    chance = random.Random(9)
    tried: list[tuple[str, int]] = []
    for name in ("pwrite64", "fsync", "fdatasync", "ftruncate", "renameat2"):
        count = calls_of_a_job.get(name, 0)
        tried += [(name, number) for number in chance.sample(range(1, count + 1), min(count, MOST_OF_ONE))]
    for name, number in tried if LONG else chance.sample(tried, 12):
        root = tmp_path / f"{name} {number}"
        root.mkdir()
        with job(root, "small", *strace(f"{name}:{fault}:when={number}")) as process:
            acknowledged = {line.strip() for line in process.communicate()[0].splitlines() if len(line) == 36}
        assert acknowledged <= set(assert_promise(root)), (name, number)
        assert not backup(root), (name, number)
        assert_complete(root)
        shutil.rmtree(root)  # otherwise the long form would fill the disk
