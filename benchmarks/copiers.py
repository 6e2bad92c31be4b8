"""The compared tools. Each copies the phone's media folder into a target."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured import Measured, measure

DCIMPORT = "dcimport==0.2.1"


class Absent(Exception):
    """A tool is not installed or does not work. The message says why."""


@dataclass(frozen=True, slots=True)
class Copier:
    """A tool and the function that runs it."""

    name: str
    run: Callable[[Mapping[str, str], str, Path, Path], Measured]
    """Takes environment, UDID, an empty target and a scratch folder. Raises `CommandFailed`, `Absent`."""


def ours(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """Run `ambertime backup`, with its engine in a separate process and all its guarantees."""
    command = [sys.executable, "-m", "ambertime_tui", "backup", "--device", udid, "--to", str(target)]
    return measure([*command, "--json"], environ, target, log=scratch / "ours.log")


def pull(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """Run `pymobiledevice3 afc pull DCIM`."""
    program = "import sys; from pymobiledevice3.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "afc", "pull", "--udid", udid, "DCIM", str(target)]
    return measure(command, environ, target, log=scratch / "pull.log")


def ifuse(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """Mount with ifuse and copy with rsync."""
    absent = [name for name in ("ifuse", "rsync") if shutil.which(name) is None]
    if absent or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Absent(f"{' and '.join(absent)} not installed" if absent else "no access to /dev/fuse")
    point = scratch / "mount"
    point.mkdir(exist_ok=True)
    environ = {**environ, "USBMUXD_SOCKET_ADDRESS": "UNIX:" + environ["USBMUXD_SOCKET_ADDRESS"]}
    # ifuse runs in the foreground, as a child of the shell, so that its CPU time is counted.
    script = (
        'ifuse -f "$1" -u "$2" & until mountpoint -q "$1"; do sleep 0.02; kill -0 $! || exit 9; done; '
        'rsync -a "$1/DCIM" "$3"; code=$?; fusermount -u "$1" || fusermount3 -u "$1"; wait; exit $code'
    )
    try:
        return measure(
            ["sh", "-c", script, "sh", str(point), udid, str(target)],
            environ,
            target,
            log=scratch / "ifuse.log",
        )
    finally:
        if point.is_mount():
            subprocess.run(["fusermount", "-u", "-z", str(point)], check=False)


def dcimport(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """Run dcimport from PyPI, in a separate virtual environment."""
    program = _dcimport_program()
    return measure([str(program), "--udid", udid, str(target)], environ, target, log=scratch / "dcimport.log")


COPIERS = {name: Copier(name, run) for name, run in (
    ("ours", ours),
    ("pull", pull),
    ("ifuse", ifuse),
    ("dcimport", dcimport),
)}  # fmt: skip


def raw(environ: Mapping[str, str], udid: str, media: Path, scratch: Path) -> str:
    """Run the raw reader on all files in DCIM. Return its standard output."""
    files = sorted(path for path in (media / "DCIM").rglob("*") if path.is_file())
    lines = "".join(f"/{path.relative_to(media)}\t{path.stat().st_size}\n" for path in files)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.raw_reader", udid, str(scratch)],
        env=dict(environ),
        input=lines,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode:
        raise Absent(f"the raw reader failed: {done.stderr[-300:]}")
    return done.stdout


def prepare() -> dict[str, str]:
    """Install missing tools. Return the unavailable ones, each with a reason."""
    try:
        _dcimport_program()
    except Absent as error:
        return {"dcimport": str(error)}
    return {}


def _dcimport_program() -> Path:
    folder = (
        Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ambertime-benchmarks" / DCIMPORT
    )
    program = folder / "bin" / "dcimport"
    if program.exists():
        return program
    began = time.monotonic()
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", DCIMPORT],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise Absent(f"cannot install {DCIMPORT}: {done.stderr.strip().splitlines()[-1]}")
    print(f"Installed {DCIMPORT} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return program
