"""AmberTime's own files on this computer, in the XDG base directories. No backup is stored here."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class PathsError(Exception):
    """One of AmberTime's folders or files cannot be used; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The four folders. They are created when something is first written to them."""

    runtime: Path
    """Sockets of running engines; on a local file system, readable only by this user."""
    state: Path
    """Logs, and what the app remembers between runs."""
    config: Path
    """config.toml and the user's own themes."""
    data: Path
    """Pair records: the keys this computer uses with phones that trust it."""


def paths_from(environ: Mapping[str, str]) -> Paths:
    """Return the folders for an environment, by the XDG Base Directory specification.

    Sockets go to /tmp/ambertime-UID where XDG_RUNTIME_DIR is not set (a cron job, su).
    """
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
    """Return the absolute path of a folder as a person types it. Expands `~` and `~user`, keeps links.

    Raises:
        PathsError: the text is empty, or names an unknown user.
    """
    if not text.strip() or "\0" in text:
        raise PathsError("The folder's name is empty. Name a folder.")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        user = text.partition("/")[0]
        raise PathsError(f"{text} is not a folder: this computer has no user {user}.") from error


def private(folder: Path) -> Path:
    """Create a folder that only this user can read (0700), or check an existing one. Return it.

    Raises:
        PathsError: it cannot be created, or belongs to another user (a trap in a shared /tmp).
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
    except OSError as error:
        raise PathsError(f"Cannot create the folder {folder}: {error.strerror}.") from error
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PathsError(f"{folder} belongs to another user; AmberTime will not use it. Set XDG_RUNTIME_DIR.")
    if stat.S_IMODE(facts.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str | Iterable[str]) -> None:
    """Replace a file in one step with one that only this user can read (0600), in UTF-8.

    After a crash the file has either its old or its new content. Its folder is created if necessary.

    Args:
        file: the file to replace.
        text: all of its text, or pieces of it, so that a long file need not be in memory.

    Raises:
        PathsError: the folder cannot be used, or the file cannot be written; the old one is unchanged.
    """
    private(file.parent)
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".new")
        scratch = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.writelines([text] if isinstance(text, str) else text)
                stream.flush()
                os.fsync(handle)
            scratch.replace(file)
        finally:
            with suppress(FileNotFoundError):
                scratch.unlink()
        _sync_folder(file.parent)
    except OSError as error:
        raise PathsError(f"{file} cannot be written: {error.strerror or error}.") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems cannot sync a folder
            os.fsync(handle)
    finally:
        os.close(handle)
