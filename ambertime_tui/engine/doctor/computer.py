"""Checks of this computer: usbmuxd, AmberTime's own folders, locale and terminal."""

from __future__ import annotations

import asyncio
import locale
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.engine.api.doctor import Screen
from ambertime_tui.engine.api.lines import is_ours
from ambertime_tui.engine.api.protocol import EngineError, RunningJob
from ambertime_tui.engine.doctor.findings import Reporter
from ambertime_tui.phone.discovery import attached_phones
from ambertime_tui.phone.errors import UsbmuxUnavailable
from ambertime_tui.phone.usb_bus import apple_devices_on_usb
from ambertime_tui.phone.usbmux_address import VARIABLE as USBMUX_VARIABLE
from ambertime_tui.units import plural, size

NEEDED_FILES = 60
"""Open files that a backup needs at most (see `open_files`)."""
DATABASE_SPACE = 2_000_000_000
"""Bytes for the copy of the database of a very large library."""
SMALLEST_SCREEN = (80, 24)
RULES = tuple(Path(folder) for folder in ("/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"))
_USBMUXD = ("/usr/sbin/usbmuxd", "/usr/local/sbin/usbmuxd", "/sbin/usbmuxd")
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
_LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")
"""The first that is set decides which characters programs use."""


@dataclass(frozen=True, slots=True)
class Folders:
    """AmberTime's own folders on this computer."""

    runtime: Path
    state: Path
    data: Path

    @property
    def pair_records(self) -> Path:
        """The keys of phones that trust this computer."""
        return self.data / "pair-records"

    @property
    def scratch(self) -> Path:
        """Where the copy of a phone's database is kept while it is read."""
        return self.state / "scratch"


async def check_computer(
    report: Reporter,
    folders: Folders,
    environ: Mapping[str, str],
    screen: Screen | None,
    list_jobs: Callable[[], tuple[RunningJob, ...] | EngineError],
) -> tuple[RunningJob, ...]:
    """Check this computer. Returns the running jobs."""
    report.step("Checking this computer")
    report.fine(
        "system",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}.",
        system=platform.system(),
        python=platform.python_version(),
    )
    await check_usbmuxd(report, environ)
    check_folders(report, folders)
    check_locale(report, environ)
    check_terminal(report, environ, screen)
    check_open_files(report)
    jobs = await asyncio.to_thread(list_jobs)
    if isinstance(jobs, EngineError):
        report.wrong("jobs", jobs.sentence)
        return ()
    if jobs:
        report.note(
            "jobs",
            f"{plural(len(jobs), 'backup is', 'backups are')} running on this computer. Measured speeds are "
            "lower than without.",
            running=len(jobs),
        )
    return jobs


async def check_usbmuxd(
    report: Reporter,
    environ: Mapping[str, str],
    rules: Iterable[Path] = RULES,
    on_the_bus: Callable[[], tuple[str, ...]] = apple_devices_on_usb,
) -> None:
    """Check that usbmuxd runs, that this user may use it, and that it starts when a phone is plugged in."""
    try:
        phones = await attached_phones()
    except UsbmuxUnavailable as error:
        report.wrong("usbmuxd", str(error), reached=False)
        return
    version = await asyncio.to_thread(_usbmuxd_version) if USBMUX_VARIABLE not in environ else ""
    by_cable = sum(phone.over_usb for phone in phones)
    named = f"usbmuxd {version}" if version else "usbmuxd"
    facts = {"version": version} if version else {}
    report.fine(
        "usbmuxd",
        f"{named} responds. It lists {plural(by_cable, 'iPhone')} by cable.",
        reached=True,
        by_cable=by_cable,
        by_wifi=len(phones) - by_cable,
        **facts,
    )
    unseen = len(on_the_bus()) - by_cable
    if unseen > 0 and USBMUX_VARIABLE not in environ:
        report.wrong(
            "usb-bus",
            f"{plural(unseen, 'iPhone')} on the USB bus is not listed by usbmuxd. Unlock it and plug it in "
            "again. If that does not help, run: sudo systemctl restart usbmuxd.",
            unseen=unseen,
        )
    if sys.platform == "linux" and USBMUX_VARIABLE not in environ:
        if any((folder / "39-usbmuxd.rules").exists() for folder in rules):
            report.fine("udev", "usbmuxd starts when an iPhone is plugged in.", rule=True)
        else:
            report.note(
                "udev",
                "There is no udev rule that starts usbmuxd when an iPhone is plugged in. Reinstall it: sudo "
                "apt install --reinstall usbmuxd.",
                rule=False,
            )


def _usbmuxd_version() -> str:
    """The version of the installed usbmuxd; empty if unknown."""
    program = next((path for path in _USBMUXD if os.access(path, os.X_OK)), None)
    if program is None:
        return ""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=3, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeError):
        return ""
    match = _VERSION.search(done.stdout + done.stderr)
    return match[0] if match else ""


def check_folders(report: Reporter, folders: Folders) -> None:
    """Check that AmberTime's own folders belong to this user and can be written. Creates none."""
    if os.path.lexists(folders.runtime) and not is_ours(folders.runtime):
        report.wrong(
            "runtime",
            f"{folders.runtime} belongs to another user, can be written to by others, or is a link. Set "
            "XDG_RUNTIME_DIR to a private folder.",
        )
    elif not _can_write(folders.runtime):
        report.wrong(
            "runtime",
            f"AmberTime cannot write to {folders.runtime}, where backups listen for the app. Set "
            "XDG_RUNTIME_DIR to a private folder.",
        )
    else:
        report.fine("runtime", "The folder for running backups can be used.")
    for check, folder, purpose in (
        ("state", folders.state, "logs and reports"),
        ("data", folders.data, "the keys of phones that trust this computer"),
    ):
        if _can_write(folder):
            report.fine(check, f"The folder for {purpose} can be written.")
        else:
            report.wrong(
                check,
                f"AmberTime cannot write to {folder}, where it keeps {purpose}. Correct its owner and "
                f"permissions, or set XDG_{check.upper()}_HOME to another folder.",
            )
    free = shutil.disk_usage(_existing(folders.state)).free
    if free < DATABASE_SPACE:
        report.note(
            "scratch-space",
            f"Only {size(free)} are free for temporary files at {folders.state}. Reading a very large "
            f"library needs up to {size(DATABASE_SPACE)}. Free up space there, or set XDG_STATE_HOME.",
            free_bytes=free,
        )
    else:
        report.fine("scratch-space", f"{size(free)} are free for temporary files.", free_bytes=free)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _can_write(folder: Path) -> bool:
    """Whether a folder can be written or, if it does not exist, created."""
    try:
        existing = _existing(folder)
        return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    except OSError:
        return False


def check_locale(report: Reporter, environ: Mapping[str, str]) -> None:
    """Check that programs use UTF-8, and that the locale is installed."""
    variable = next((name for name in _LOCALE_VARIABLES if environ.get(name)), "")
    name = environ.get(variable, "")
    codeset = _codeset(name)
    if codeset is None:
        report.wrong(
            "locale",
            f"The locale {name} ({variable}) is not installed, so programs use ASCII. Run: export "
            "LC_ALL=C.UTF-8, or install the locale.",
            installed=False,
        )
    elif codeset.replace("-", "").lower() != "utf8":
        set_by = f"{name} ({variable})" if name else "of this shell"
        report.wrong(
            "locale",
            f"The locale {set_by} uses {codeset} instead of UTF-8, so names show as escapes and lines as "
            "ASCII. Run: export LC_ALL=C.UTF-8.",
            installed=True,
            utf8=False,
        )
    else:
        report.fine("locale", "The locale uses UTF-8.", installed=True, utf8=True)


def _codeset(name: str) -> str | None:
    """The encoding of a locale; None if it is not installed."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name or "C")
        return locale.nl_langinfo(locale.CODESET)
    except (locale.Error, ValueError):
        return None
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def check_terminal(report: Reporter, environ: Mapping[str, str], screen: Screen | None) -> None:
    """Check that the app can draw on this terminal."""
    if screen is None or not screen.is_terminal:
        report.fine("terminal", "There is no terminal. The app needs one; other commands do not.")
        return
    kind, (columns, lines) = environ.get("TERM", ""), SMALLEST_SCREEN
    facts = {"columns": screen.columns, "lines": screen.lines}
    if kind in ("", "dumb"):
        report.wrong(
            "terminal",
            "TERM is not set, so the app cannot draw. Use another terminal, or run: export "
            "TERM=xterm-256color.",
            **facts,
        )
    elif screen.columns < columns or screen.lines < lines:
        report.note(
            "terminal",
            f"The terminal has {screen.columns} by {screen.lines} cells. The app needs {columns} by {lines} "
            "to show everything. Enlarge the window.",
            **facts,
        )
    else:
        report.fine("terminal", f"The terminal has {screen.columns} by {screen.lines} cells.", **facts)


def check_open_files(report: Reporter) -> None:
    """Check the limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < NEEDED_FILES:
        report.wrong(
            "open-files",
            f"This computer allows AmberTime {hard} open files; a backup needs up to {NEEDED_FILES}. Raise "
            "the limit, for example with: ulimit -n 1024.",
            limit=hard,
        )
    else:
        report.fine("open-files", f"{soft:,} files may be open at the same time.", limit=soft)
