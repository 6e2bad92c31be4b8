"""Reading a file of ours that somebody filled with millions of tiny values takes little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest

from ambertime_tui.drive.record.absent import load_absent
from ambertime_tui.drive.record.checksums import comments_of, refused_lines
from ambertime_tui.drive.record.integrity import read_integrity
from ambertime_tui.drive.record.verdicts import load_findings
from ambertime_tui.drive.volume.marker import read_marker
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.part_journal import PartJournal

MIB = 1 << 20


def read_parts(root: Path) -> None:
    PartJournal(root, root / ".ambertime/parts", SystemCalls()).remove_leftovers()


def read_comments(root: Path) -> None:
    for _ in comments_of(root):
        pass


@pytest.mark.parametrize(
    ("name", "piece", "read", "most"),
    [
        ("SHA256SUMS", b"0" * 64 + b"  /x\n", refused_lines, 2),
        ("SHA256SUMS", b"#\n", read_comments, 2),
        (".ambertime/parts", b"\n", read_parts, 2),
        (".ambertime/parts", b'"/"\n', read_parts, 2),
        (".ambertime/findings.json", b"[],", load_findings, 12),
        (".ambertime/absent.json", b"[],", load_absent, 12),
        (".ambertime/seal.json", b"[],", read_integrity, 2),
        (".ambertime/target.json", b"[],", read_marker, 2),
    ],
    ids=lambda value: value.decode(errors="replace").strip() if isinstance(value, bytes) else None,
)
def test_millions_of_tiny_values_take_little_memory(
    tmp_path: Path, name: str, piece: bytes, read: Callable[[Path], object], most: int
) -> None:
    (tmp_path / ".ambertime").mkdir()
    size = 4 * MIB
    with (tmp_path / name).open("wb") as stream:
        stream.write(b"[" if name.endswith("json") else b"")
        stream.writelines(repeat(piece, size // len(piece)))
        stream.write(b"0]" if name.endswith("json") else b"")
    tracemalloc.start()
    try:
        read(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < most * MIB
    finally:
        tracemalloc.stop()
