"""A tree outside the target that must never change, whatever the target or the phone holds."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

LONG_AGO = 1_500_000_000

Facts = tuple[int, int, int, int, bytes]
"""Mode, inode, modification time, size, and bytes or target of a link."""


def make_outside(folder: Path, month: str, names: list[str]) -> None:
    """Create what an attack would like to overwrite, rename or delete.

    Args:
        folder: created here.
        month: the folder of the archive that gets files next.
        names: of these files.
    """
    (folder / month).mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "precious").write_bytes(b"")  # an empty file is a valid SQLite database
    (folder / "letter.txt").write_text("dear")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  letter.txt\n")
    for name in (*names, ".IMG_0100.JPG.part", "target.json", "lock"):
        (folder / name).write_bytes(b"a file of somebody else")
        (folder / month / name).write_bytes(b"a file of somebody else")
    with closing(sqlite3.connect(folder / "diary.sqlite3")) as database, database:
        database.execute("CREATE TABLE diary (day TEXT)")
        database.execute("INSERT INTO diary VALUES ('today')")
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o750 if path.is_dir() else 0o640)
        os.utime(path, (LONG_AGO, LONG_AGO))


def snapshot(folder: Path) -> dict[str, Facts]:
    """The folder and everything below it, by path."""
    found: dict[str, Facts] = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        facts = path.lstat()
        data = b""
        if stat.S_ISREG(facts.st_mode):
            data = path.read_bytes()
        elif stat.S_ISLNK(facts.st_mode):
            data = os.fsencode(path.readlink())
        found[str(path.relative_to(folder))] = (
            facts.st_mode,
            facts.st_ino,
            facts.st_mtime_ns,
            facts.st_size if data else 0,
            data,
        )
    return found


def changes(before: dict[str, Facts], after: dict[str, Facts]) -> list[str]:
    """The paths that were created, removed or changed."""
    return [
        f"outside, {path}: {_short(before.get(path))} -> {_short(after.get(path))}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _short(facts: Facts | None) -> str:
    if facts is None:
        return "nothing"
    *numbers, data = facts
    return f"{numbers} {data[:30]!r}"
