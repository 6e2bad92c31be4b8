"""Hashes of the bookkeeping files of a target, to detect a change between runs.

After a flipped bit the record may still be a valid database, with a different size or hash for some photo. So
each run that changes the record ends by writing hashes, and removes the old ones before its first change. As
long as the hashes exist, the record must be byte for byte what the last run left.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from ambertime_tui.drive.layout import BACKUP, CHECKSUMS, INTEGRITY, OURS, RECORD
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.checksums import comments_of, each_checksum, write_checksums
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.name_keys import is_text
from ambertime_tui.drive.volume.own_files import is_own_file, open_own_file, read_own_json
from ambertime_tui.drive.volume.system_calls import SystemCalls

LONGEST_FILE = 8 << 30
"""Bytes. The record of a million items has 1.5 GB."""
TOO_LONG = "too long"
"""Instead of a hash."""
_BLOCK = 1 << 20
_LONGEST = 64 << 10
"""Bytes of the file with the hashes."""


@dataclass(frozen=True, slots=True)
class IntegrityHashes:
    """SHA-256 in hex of each file."""

    record: str
    backup: str
    checksums: str

    @property
    def own_hash(self) -> str:
        """SHA-256 of the hashes themselves, because a bit may flip in them as well."""
        return hashlib.sha256(f"{self.record} {self.backup} {self.checksums}".encode()).hexdigest()


def read_integrity(root: Path) -> IntegrityHashes | None:
    """Read the hashes of a target. None if they are missing or damaged."""
    try:
        fields = read_own_json(root, INTEGRITY, _LONGEST)
    except (OSError, ValueError):
        return None
    match fields:
        case {
            "record": str() as record,
            "backup": str() as backup,
            "checksums": str() as checksums,
            "seal": str() as seal,
        }:
            integrity = IntegrityHashes(record, backup, checksums)
            return integrity if seal == integrity.own_hash else None
    return None


def write_integrity(root: Path, integrity: IntegrityHashes, calls: SystemCalls) -> None:
    """Write the hashes of a target.

    Raises:
        DriveError: the hashes are not written.
    """
    path = root / OURS / INTEGRITY
    data = json.dumps({**asdict(integrity), "seal": integrity.own_hash}, indent=1) + "\n"
    write_atomically(path, path.with_suffix(".new"), [data.encode()], calls)


def invalidate_integrity(root: Path, calls: SystemCalls) -> None:
    """Remove the hashes durably, before one of the files changes.

    Raises:
        OSError: the drive failed; do not change any of the files.
    """
    with suppress(FileNotFoundError):
        calls.unlink(root / OURS / INTEGRITY)
        calls.fsync_folder(root / OURS)


def finalize_archive(root: Path, record: Record, calls: SystemCalls) -> None:
    """Write SHA256SUMS, the backup copy of the record, and the hashes of all three, at the end of a run.

    Each file is replaced atomically. If nothing changed since the last run, nothing is written. SHA256SUMS
    lists the recorded files folder by folder, then all others. Lines that other tools wrote are kept if their
    file exists and is not in a recycle bin or the like. Memory use does not depend on the number of lines.

    Raises:
        DriveError: the old files are kept.
    """
    ours, backup = root / OURS, root / OURS / BACKUP
    try:
        integrity = read_integrity(root) if record.unchanged else None
        if integrity is not None and _hashes_of(root) == integrity:
            return
        # SQLite cannot store names that are not text, so their lines are kept in SHA256SUMS only.
        others: dict[str, str] = {}

        def recordable() -> Iterator[tuple[str, str]]:
            for path, sha256 in each_checksum(root):
                if is_text(path):
                    yield path, sha256
                elif is_own_file(root, path):
                    others[path] = sha256

        record.add_loose(recordable(), lambda path: is_own_file(root, path))
        comments = comments_of(root)
        invalidate_integrity(root, calls)
        everything = chain(record.iter_hashes(), record.iter_loose(), sorted(others.items()))
        write_checksums(root, ours / "SHA256SUMS.new", everything, comments, calls)
        scratch = ours / (BACKUP + ".new")
        with suppress(FileNotFoundError):
            calls.unlink(scratch)
        record.back_up(scratch)
        calls.replace(scratch, backup)
        calls.fsync_folder(ours)
        write_integrity(root, _hashes_of(root), calls)
    except OSError as error:
        raise drive_error(error, backup) from error


def _hashes_of(root: Path) -> IntegrityHashes:
    return IntegrityHashes(
        hash_of(root, f"{OURS}/{RECORD}"), hash_of(root, f"{OURS}/{BACKUP}"), hash_of(root, CHECKSUMS)
    )


def hash_of(root: Path, path: str) -> str:
    """SHA-256 in hex of a file of a target, by its relative path.

    Empty if it does not exist, `TOO_LONG` if it is longer than any file of ours: a sparse file of 16 TB would
    be read for hours.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open_own_file(root, path) as stream:
            if os.fstat(stream.fileno()).st_size > LONGEST_FILE:
                return TOO_LONG
            while block := stream.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()
