"""The tools that are compared: each copies the media folder of the phone into a target."""

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
    """A tool that is not here, or cannot be made to work; the message says why."""


@dataclass(frozen=True, slots=True)
class Copier:
    """A tool, and how it is called."""

    name: str
    run: Callable[[Mapping[str, str], str, Path, Path], Measured]
    """Environment, UDID, target (there and empty) and a scratch folder; raises `CommandFailed`, `Absent`."""


def ours(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """`ambertime backup`: the command, its engine in a process of its own, everything it promises."""
    command = [sys.executable, "-m", "ambertime_tui", "backup", "--device", udid, "--to", str(target)]
    return measure([*command, "--json"], environ, target, log=scratch / "ours.log")


def pull(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """`pymobiledevice3 afc pull DCIM`."""
    program = "import sys; from pymobiledevice3.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "afc", "pull", "--udid", udid, "DCIM", str(target)]
    return measure(command, environ, target, log=scratch / "pull.log")


def ifuse(environ: Mapping[str, str], udid: str, target: Path, scratch: Path) -> Measured:
    """ifuse, and rsync from its mount."""
    absent = [name for name in ("ifuse", "rsync") if shutil.which(name) is None]
    if absent or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Absent(f"{' and '.join(absent)} not installed" if absent else "no /dev/fuse here")
    point = scratch / "mount"
    point.mkdir(exist_ok=True)
    environ = {**environ, "USBMUXD_SOCKET_ADDRESS": "UNIX:" + environ["USBMUXD_SOCKET_ADDRESS"]}
    # In the foreground, as a child of the shell: its processor time counts.
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
    """dcimport from PyPI, in a virtual environment of its own."""
    program = _dcimport_program()
    return measure([str(program), "--udid", udid, str(target)], environ, target, log=scratch / "dcimport.log")


COPIERS = {name: Copier(name, run) for name, run in (
    ("ours", ours),
    ("pull", pull),
    ("ifuse", ifuse),
    ("dcimport", dcimport),
)}  # fmt: skip


def raw(environ: Mapping[str, str], udid: str, media: Path, scratch: Path) -> str:
    """Standard output of the raw reader over all files of DCIM."""
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
    """Makes sure of the tools that have to be installed; what is absent, and why."""
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
            raise Absent(f"{DCIMPORT} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    print(f"{DCIMPORT} installed in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return program
