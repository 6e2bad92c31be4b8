"""SHA256SUMS at the root of a target, in the format of GNU sha256sum. It can be checked without AmberTime."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from ambertime_tui import units
from ambertime_tui.drive.layout import CHECKSUMS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.own_files import open_own_file
from ambertime_tui.drive.volume.relative_path import is_safe_path
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.volume.system_calls import SystemCalls

_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)", re.DOTALL)
_TAGGED = re.compile(r"(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})", re.DOTALL)
_LINES_AT_ONCE = 4096
_SHOWN = 60
LONGEST_FILE = 8 << 30
"""Bytes. The lines of a million files have 130 MB; a sparse file of 16 TB would be read for hours."""
_LONGEST_LINE = 64 << 10
"""Bytes."""
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


def checksum_line(path: str, sha256: str) -> str:
    """Format the line for a path and its SHA-256 in hex. Backslashes and line ends are escaped."""
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{chr(92) if escaped != path else ''}{sha256.lower()}  {escaped}\n"


def _parsed(line: str) -> tuple[str, str] | None:
    """Parse a line of `sha256sum` or `shasum --tag` into path and SHA-256 in lower-case hex, or None."""
    line = line.removesuffix("\r")
    if plain := _LINE.fullmatch(line):
        escaped, digest, path = plain.groups()
    elif tagged := _TAGGED.fullmatch(line):
        escaped, path, digest = tagged.groups()
    else:
        return None
    if escaped:
        path = re.sub(r"\\[\\nr]", lambda match: _ESCAPES[match.group()], path)
    path = path.removeprefix("./")
    return path, digest.lower()


def each_checksum(root: Path) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 in hex of each line of the target's SHA256SUMS, in its order.

    Leaves out paths that lead out of the target (see `refused_lines`), and those into recycle bins and the
    like, which are emptied without notice. Names that are not UTF-8 contain surrogates, like those from
    `os.fsdecode`.

    Raises:
        DriveError: it cannot be read.
    """
    return (line for line in _parsed_lines(root) if is_safe_path(line[0]) and not service_in(line[0]))


def refused_lines(root: Path) -> tuple[str, ...]:
    """A sentence if SHA256SUMS has paths that lead out of the target; else empty.

    Raises:
        DriveError: it cannot be read.
    """
    count, example = 0, ""
    for path, _ in _parsed_lines(root):
        if not is_safe_path(path):
            count, example = count + 1, example or path[:_SHOWN]
    if not count:
        return ()
    return (
        f"AmberTime ignores {units.plural(count, 'line')} of {root / CHECKSUMS}, because a path in it "
        f"is not inside the archive, such as {example!a}.",
    )


def _parsed_lines(root: Path) -> Iterator[tuple[str, str]]:
    return filter(None, map(_parsed, _lines(root)))


def comments_of(root: Path) -> Iterator[str]:
    """Yield the lines of the target's SHA256SUMS that start with #.

    Raises:
        DriveError: it cannot be read.
    """
    return (line.removesuffix("\r") for line in _lines(root) if line.startswith("#"))


def _lines(root: Path) -> Iterator[str]:
    try:
        with open_own_file(root, CHECKSUMS) as stream:
            for number, line in enumerate(_bounded_lines(stream)):
                text = line.decode("utf-8", "surrogateescape").removesuffix("\n")
                yield text if number else text.removeprefix("\ufeff")
    except FileNotFoundError:
        return
    except OSError as error:
        raise drive_error(error, root / CHECKSUMS, doing="reading") from error


def _bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file up to LONGEST_FILE, without those that are longer than any path."""
    whole, left = True, LONGEST_FILE
    while left > 0 and (line := stream.readline(_LONGEST_LINE)):
        left -= len(line)
        complete = line.endswith(b"\n")
        if whole and (complete or len(line) < _LONGEST_LINE):
            yield line
        whole = complete


def write_checksums(
    root: Path,
    scratch: Path,
    files: Iterable[tuple[str, str]],
    comments: Iterable[str],
    calls: SystemCalls,
) -> None:
    """Replace SHA256SUMS atomically.

    Args:
        root: the target.
        scratch: temporary file on the same file system.
        files: paths and their SHA-256 in hex, in the order of the lines. Streamed, not held in memory.
        comments: lines that start with #.
        calls: the operating system.

    Raises:
        DriveError: the file is unchanged.
    """
    lines = chain((f"{comment}\n" for comment in comments), (checksum_line(*file) for file in files))
    write_atomically(root / CHECKSUMS, scratch, _blocks(lines), calls)


def _blocks(lines: Iterator[str]) -> Iterator[bytes]:
    while block := "".join(islice(lines, _LINES_AT_ONCE)):
        yield block.encode("utf-8", "surrogateescape")
