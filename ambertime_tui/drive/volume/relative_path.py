"""Checking names and paths that come from a file on the drive, before anything uses them.

The record, its journal of parts, SHA256SUMS and the findings all name files of the archive. Anybody who can
write to the drive can write these files, so a path in them may lead out of the archive. Every such path goes
through one of the checks here; the caller names the file it came from in its own error.
"""

from __future__ import annotations

import os

from ambertime_tui.drive.layout import CHECKSUMS, OURS
from ambertime_tui.drive.volume.name_keys import name_key

LONGEST_NAME = 1024
"""Bytes. No file system here has longer names: 255 UTF-16 units are at most 765 bytes."""
LONGEST_PATH = 4096
"""Bytes. PATH_MAX of Linux; macOS allows 1,024."""
_SHOWN = 60
_OWN_FILES = frozenset({name_key(OURS), name_key(CHECKSUMS)})


class UnsafePath(ValueError):
    """A path from a file on the drive that must not be used. `str()` says which and why, without a period."""

    def __init__(self, path: object, why: str) -> None:
        shown = ascii(path)
        if len(shown) > _SHOWN:
            shown = f"{shown[: _SHOWN - 4]}...'"
        super().__init__(f"the path {shown} {why}")


def checked_name(name: object) -> str:
    """Check the name of a file or folder, and return it.

    Raises:
        UnsafePath: it is not text, is empty, ``.`` or ``..``, has a slash or NUL, or is too long.
    """
    text = _text(name)
    if "/" in text:
        raise UnsafePath(name, "has a slash in a name")
    _check_part(text, text)
    return text


def checked_path(path: object) -> str:
    """Check the path of a file relative to the target, with slashes, and return it.

    Raises:
        UnsafePath: it is not text, is absolute, has a part that `checked_name` refuses, or is too long.
    """
    text = _text(path)
    if text.startswith("/"):
        raise UnsafePath(path, "is absolute")
    if len(os.fsencode(text)) > LONGEST_PATH:
        raise UnsafePath(path, "is too long")
    for part in text.split("/"):
        _check_part(part, text)
    return text


def checked_folder(folder: object) -> str:
    """Check the path of a folder relative to the target, and return it. The target itself is the empty path.

    Raises:
        UnsafePath: see `checked_path`.
    """
    return "" if folder == "" else checked_path(folder)


def checked_archive_path(folder: object, name: object) -> str:
    """Check folder and name of an archived file, and return its path relative to the target.

    Raises:
        UnsafePath: see `checked_path`, or it is one of AmberTime's own files.
    """
    inside, file = checked_folder(folder), checked_name(name)
    path = checked_path(f"{inside}/{file}" if inside else file)
    if name_key(path.partition("/")[0]) in _OWN_FILES:
        raise UnsafePath(path, "is a file of AmberTime, not of the archive")
    return path


def is_safe_path(path: object) -> bool:
    """Whether `checked_path` accepts a path."""
    try:
        checked_path(path)
    except UnsafePath:
        return False
    return True


def _text(path: object) -> str:
    if not isinstance(path, str):
        raise UnsafePath(path, "is not text")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise UnsafePath(path, "is not valid text") from error
    return path


def _check_part(part: str, path: str) -> None:
    if not part:
        raise UnsafePath(path, "has an empty part" if path else "is empty")
    if part in (".", ".."):
        raise UnsafePath(path, f"has {part!r} as a part")
    if "\0" in part:
        raise UnsafePath(path, "has a NUL character")
    if len(os.fsencode(part)) > LONGEST_NAME:
        raise UnsafePath(path, "has a name that is too long")
