"""`watch` as a service of this user: a systemd user unit on Linux, a launchd agent on macOS."""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.child_processes import python_module

UNIT = "ambertime-watch.service"
LABEL = "org.ambertime.watch"
_KEPT = ("USBMUXD_SOCKET_ADDRESS", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
"""Variables that the service gets from the environment in which it is installed."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service file, and the commands that start and stop it."""

    file: Path
    text: bytes
    start: tuple[tuple[str, ...], ...]
    stop: tuple[tuple[str, ...], ...]
    hint: str
    """What else is needed for it to run when nobody is logged in."""


def service_for(environ: Mapping[str, str], platform: str = sys.platform) -> Service:
    """Return the service for this user and this installation."""
    home = Path(environ.get("HOME") or Path.home())
    command = [*python_module("ambertime_tui"), "watch"]
    kept = {name: environ[name] for name in _KEPT if environ.get(name)}
    return _agent(home, command, kept) if platform == "darwin" else _unit(home, environ, command, kept)


def install(service: Service, run: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Write the service file and start the service.

    Args:
        service: the service.
        run: runs a command; False: it failed.

    Returns:
        sentences: what was done, and what is left to do.

    Raises:
        OSError: the file cannot be written.
    """
    service.file.parent.mkdir(parents=True, exist_ok=True)
    scratch = service.file.with_name(f".{service.file.name}.new")
    scratch.write_bytes(service.text)
    scratch.replace(service.file)
    said = [f"Wrote {service.file}."]
    if all(run(command) for command in service.start):
        said.append("The service is running, and starts when you log in.")
    else:
        lines = " && ".join(" ".join(command) for command in service.start)
        said.append(f"The service could not be started. Start it with: {lines}")
    return (*said, service.hint)


def uninstall(service: Service, run: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Stop the service and remove its file. A running backup continues.

    Raises:
        OSError: the file cannot be removed.
    """
    if not service.file.exists():
        return ("The service is not installed.",)
    for command in service.stop:
        run(command)
    service.file.unlink()
    return (f"Stopped the service and removed {service.file}. A running backup continues.",)


def run_quietly(command: Sequence[str]) -> bool:
    """Run a command without its output; False: it failed or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _unit(home: Path, environ: Mapping[str, str], command: list[str], kept: Mapping[str, str]) -> Service:
    base = environ.get("XDG_CONFIG_HOME", "")
    folder = (Path(base) if base.startswith("/") else home / ".config") / "systemd/user"
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in kept.items())
    text = f"""\
[Unit]
Description=AmberTime: back up iPhones when they are connected
Documentation=man:ambertime(1)

[Service]
ExecStart={" ".join(map(_quoted, command))}
{variables}Restart=on-failure
RestartSec=30
# A running backup is a process of its own and continues when this service stops.
KillMode=process
Nice=10
IOSchedulingClass=idle

[Install]
WantedBy=default.target
"""
    user = environ.get("USER") or str(os.getuid())
    systemctl = ("systemctl", "--user")
    return Service(
        folder / UNIT,
        text.encode(),
        ((*systemctl, "daemon-reload"), (*systemctl, "enable", "--now", UNIT)),
        ((*systemctl, "disable", "--now", UNIT),),
        f"To have it run while you are not logged in, as on a server: sudo loginctl enable-linger {user}",
    )


def _quoted(text: str) -> str:
    """Quote a word for a unit file: see systemd.service(5), also for % and $."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _agent(home: Path, command: list[str], kept: Mapping[str, str]) -> Service:
    file = home / "Library/LaunchAgents" / f"{LABEL}.plist"
    agent = {
        "Label": LABEL,
        "ProgramArguments": command,
        "EnvironmentVariables": dict(kept),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "AbandonProcessGroup": True,
        "ProcessType": "Background",
    }
    domain = f"gui/{os.getuid()}"
    return Service(
        file,
        plistlib.dumps(agent),
        (("launchctl", "bootstrap", domain, str(file)),),
        (("launchctl", "bootout", f"{domain}/{LABEL}"),),
        "It runs while you are logged in.",
    )
