"""SHA256SUMS at the root of a target, in the format of GNU sha256sum: it needs nothing of ours to be
checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.errors import drive_error
from ambertime_tui.drive.system_calls import SystemCalls

NAME = "SHA256SUMS"
_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)", re.DOTALL)
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


def format_checksums(files: Iterable[tuple[str, str]]) -> str:
    """Lines for (path, SHA-256 in hex), sorted by path; a path with a backslash or line end is escaped."""
    lines: list[str] = []
    for path, digest in sorted(files):
        escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f"{chr(92) if escaped != path else ''}{digest.lower()}  {escaped}\n")
    return "".join(lines)


def parse_checksums(text: str) -> Mapping[str, str]:
    """Path to SHA-256 in lower-case hex. What is no line of sha256sum is passed over, and so are paths that
    lead out of the folder."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.removesuffix("\r"))
        if match is None:
            continue
        escaped, digest, path = match.groups()
        if escaped:
            path = re.sub(r"\\[\\nr]", lambda m: _ESCAPES[m.group()], path)
        path = path.removeprefix("./")
        if path.startswith("/") or ".." in path.split("/"):
            continue
        found[path] = digest.lower()
    return found


def read_checksums(root: Path) -> Mapping[str, str]:
    """The lines of the target's SHA256SUMS; empty where there is none."""
    try:
        return parse_checksums((root / NAME).read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise drive_error(error, root / NAME, doing="reading") from error


def write_checksums(root: Path, scratch: Path, files: Iterable[tuple[str, str]], calls: SystemCalls) -> None:
    """Rewrites SHA256SUMS atomically, by way of `scratch` (a path on the same file system).

    Raises:
        DriveError: it stays as it was.
    """
    write_atomically(root / NAME, scratch, format_checksums(files).encode(), calls)


def write_atomically(path: Path, scratch: Path, data: bytes, calls: SystemCalls) -> None:
    """Replaces a bookkeeping file of ours as a whole: after a power cut it is the old or the new one.

    Raises:
        DriveError: the file stays as it was.
    """
    try:
        with suppress(FileNotFoundError):
            calls.unlink(scratch)
        fd = calls.create(scratch)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[calls.write(fd, rest) :]
            calls.fsync(fd)
        finally:
            calls.close(fd)
        calls.replace(scratch, path)
        calls.fsync_folder(path.parent)
    except OSError as error:
        raise drive_error(error, path, size=len(data)) from error
