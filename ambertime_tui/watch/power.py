"""The power supply of this computer."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from ambertime_tui.watch.schedule import Power

SUPPLIES = Path("/sys/class/power_supply")
_PMSET = "/usr/bin/pmset"


def power_now(supplies: Path = SUPPLIES) -> Power:
    """Return how this computer is powered; a computer without a battery is not on one."""
    return _of_mac() if sys.platform == "darwin" else of_linux(supplies)


def of_linux(supplies: Path) -> Power:
    """Read the power supplies as Linux describes them in /sys."""
    percents: list[int] = []
    discharging = plugged = False
    try:
        folders = sorted(supplies.iterdir())
    except OSError:
        return Power()
    for folder in folders:
        kind = _text(folder / "type")
        if kind == "Battery" and _text(folder / "scope") != "Device":  # not that of a mouse
            discharging |= _text(folder / "status") == "Discharging"
            if (percent := _text(folder / "capacity")).isdigit():
                percents.append(int(percent))
        elif kind == "Mains":
            plugged |= _text(folder / "online") == "1"
    return Power(discharging and not plugged, max(percents, default=None))


def of_pmset(text: str) -> Power:
    """Read the output of `pmset -g batt`."""
    percent = re.search(r"(\d+)%", text)
    return Power("'Battery Power'" in text, int(percent[1]) if percent else None)


def _of_mac() -> Power:
    try:
        done = subprocess.run([_PMSET, "-g", "batt"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return Power()
    return of_pmset(done.stdout)


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, ValueError):
        return ""
