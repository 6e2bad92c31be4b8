"""SHA256SUMS at the root of a target, in the format of GNU sha256sum: it needs nothing of ours to be
checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import drive_error
from ambertime_tui.drive.system_calls import SystemCalls

NAME = "SHA256SUMS"
_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)", re.DOTALL)
_TAGGED = re.compile(r"(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})", re.DOTALL)
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


@dataclass(frozen=True, slots=True)
class Checksums:
    """What a SHA256SUMS says. Names that are no UTF-8 are spelled as Python spells those of files."""

    files: Mapping[str, str]
    """Path to SHA-256 in lower-case hex."""
    comments: tuple[str, ...] = ()
    """Its lines that begin with #, which sha256sum passes over."""


def format_checksums(files: Iterable[tuple[str, str]], comments: Iterable[str] = ()) -> str:
    """Comments, then lines for (path, SHA-256 in hex), sorted by path; a path with a backslash or line end is
    escaped."""
    lines = [f"{comment}\n" for comment in comments]
    for path, digest in sorted(files):
        escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f"{chr(92) if escaped != path else ''}{digest.lower()}  {escaped}\n")
    return "".join(lines)


def parse_checksums(text: str) -> Checksums:
    """The lines of `sha256sum`, and of `shasum --tag`. What is neither is passed over, and so are paths that
    lead out of the folder."""
    found: dict[str, str] = {}
    comments: list[str] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        line = line.removesuffix("\r")
        if line.startswith("#"):
            comments.append(line)
        elif plain := _LINE.fullmatch(line):
            escaped, digest, path = plain.groups()
            _add(found, escaped, path, digest)
        elif tagged := _TAGGED.fullmatch(line):
            escaped, path, digest = tagged.groups()
            _add(found, escaped, path, digest)
    return Checksums(found, tuple(comments))


def _add(found: dict[str, str], escaped: str, path: str, digest: str) -> None:
    if escaped:
        path = re.sub(r"\\[\\nr]", lambda match: _ESCAPES[match.group()], path)
    path = path.removeprefix("./")
    if path and not path.startswith("/") and ".." not in path.split("/") and "\0" not in path:
        found[path] = digest.lower()


def read_checksums(root: Path) -> Checksums:
    """What the target's SHA256SUMS says; nothing where there is none.

    Raises:
        DriveError: it cannot be read.
    """
    try:
        return parse_checksums((root / NAME).read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        return Checksums({})
    except OSError as error:
        raise drive_error(error, root / NAME, doing="reading") from error


def write_checksums(root: Path, scratch: Path, sums: Checksums, calls: SystemCalls) -> None:
    """Rewrites SHA256SUMS atomically, by way of `scratch` (a path on the same file system).

    Raises:
        DriveError: it stays as it was.
    """
    text = format_checksums(sums.files.items(), sums.comments)
    write_atomically(root / NAME, scratch, text.encode("utf-8", "surrogateescape"), calls)


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
