"""Where AmberTime keeps its own files on this computer: the XDG base directories. No backup is here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


class PathsError(Exception):
    """A folder of ours cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The four folders; none is made before `private` or a writer asks for it."""

    runtime: Path
    """Sockets of running engines; on a local file system, readable by this user only."""
    state: Path
    """Logs, and what the app remembers between runs."""
    config: Path
    """config.toml and the user's own themes."""
    data: Path
    """Pair records: the keys this computer uses with phones that trust it."""


def paths_from(environ: Mapping[str, str]) -> Paths:
    """The folders for an environment, by the XDG Base Directory rules, with /tmp/ambertime-UID for sockets
    where there is no XDG_RUNTIME_DIR (a cron job, su)."""
    home = Path(environ.get("HOME") or Path.home())

    def base(variable: str, fallback: Path) -> Path:
        value = environ.get(variable, "")
        return (Path(value) if value.startswith("/") else fallback) / "ambertime"

    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return Paths(
        runtime=Path(runtime) / "ambertime"
        if runtime.startswith("/")
        else Path(f"/tmp/ambertime-{os.getuid()}"),
        state=base("XDG_STATE_HOME", home / ".local/state"),
        config=base("XDG_CONFIG_HOME", home / ".config"),
        data=base("XDG_DATA_HOME", home / ".local/share"),
    )


def folder_named(text: str) -> Path:
    """The absolute path of a folder as a person writes it, `~` and `~user` included; links stay as they are.

    Raises:
        PathsError: it names none.
    """
    if not text.strip() or "\0" in text:
        raise PathsError("Name a folder: an empty name is none.")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        user = text.partition("/")[0]
        raise PathsError(f"{user} is no user of this computer, so {text} is no folder.") from error


def private(folder: Path) -> Path:
    """Makes the folder for this user only (0700) and returns it.

    Raises:
        PathsError: it cannot be made, or somebody else owns it (a trap in a shared /tmp).
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
    except OSError as error:
        raise PathsError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PathsError(f"{folder} belongs to another user; AmberTime will not use it. Set XDG_RUNTIME_DIR.")
    if stat.S_IMODE(facts.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def write_private(file: Path, pieces: Iterable[str]) -> None:
    """Replace a file in one step with one that only this user can read (0600); its folder must exist.

    Raises:
        OSError: the file cannot be written; the old one is unchanged.
    """
    scratch = file.with_name(f"{file.name}.{os.getpid()}.new")
    with open(scratch, "w", encoding="utf-8", opener=_open_private) as stream:
        stream.writelines(pieces)
    scratch.replace(file)


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
