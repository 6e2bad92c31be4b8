"""The seal: what the bookkeeping files of a target hashed to when a run left them.

A bit that a drive lost in the record may still leave a sound database that says another size or hash of some
photo. So each run that changed the record ends with a seal, and breaks the one before its first change: a
record beside a seal has to be, byte by byte, what the last run left.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from ambertime_tui.drive.errors import drive_error
from ambertime_tui.drive.layout import BACKUP, CHECKSUMS, INTEGRITY, OURS
from ambertime_tui.drive.record.checksums import comments_of, each_checksum, write_checksums
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.name_keys import is_text
from ambertime_tui.drive.volume.system_calls import SystemCalls

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class IntegrityHashes:
    """SHA-256 in hex of each file."""

    record: str
    backup: str
    checksums: str

    @property
    def own_hash(self) -> str:
        """SHA-256 of the seal: it may have lost a bit, too."""
        return hashlib.sha256(f"{self.record} {self.backup} {self.checksums}".encode()).hexdigest()


def read_integrity(root: Path) -> IntegrityHashes | None:
    """The seal of a target; None where there is none, or none that is whole."""
    try:
        fields = json.loads((root / OURS / INTEGRITY).read_bytes())
        own_hash = fields.pop("seal")
        integrity = IntegrityHashes(**fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return integrity if integrity.own_hash == own_hash else None


def write_integrity(root: Path, integrity: IntegrityHashes, calls: SystemCalls) -> None:
    """Seals the files of a target.

    Raises:
        DriveError: there is no seal then.
    """
    path = root / OURS / INTEGRITY
    data = json.dumps({**asdict(integrity), "seal": integrity.own_hash}, indent=1) + "\n"
    write_atomically(path, path.with_suffix(".new"), [data.encode()], calls)


def invalidate_integrity(root: Path, calls: SystemCalls) -> None:
    """Removes the seal, for good, before a sealed file changes.

    Raises:
        OSError: the drive failed; nothing may be changed.
    """
    with suppress(FileNotFoundError):
        calls.unlink(root / OURS / INTEGRITY)
        calls.fsync_folder(root / OURS)


def finalize_archive(root: Path, record: Record, calls: SystemCalls) -> None:
    """At the end of a run: SHA256SUMS and the backup copy of the record, each replaced atomically, and the
    seal over all three. Where nothing has changed since the last one, nothing is written.

    SHA256SUMS has the recorded files folder by folder, then all others. Lines that others wrote into it stay,
    of files that are there. However many lines there are, few of them are in memory at a time.

    Raises:
        DriveError: the older ones stay.
    """
    ours, backup = root / OURS, root / OURS / BACKUP
    try:
        integrity = read_integrity(root) if record.unchanged else None
        if integrity is not None and (hash_of(backup), hash_of(root / CHECKSUMS)) == (
            integrity.backup,
            integrity.checksums,
        ):
            return
        # Names that are no text cannot be recorded: their lines live in SHA256SUMS alone.
        others: dict[str, str] = {}

        def recordable() -> Iterator[tuple[str, str]]:
            for path, sha256 in each_checksum(root):
                if is_text(path):
                    yield path, sha256
                elif _is_there(root / path):
                    others[path] = sha256

        record.add_loose(recordable(), lambda path: _is_there(root / path))
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
        write_integrity(
            root, IntegrityHashes(hash_of(record.path), hash_of(backup), hash_of(root / CHECKSUMS)), calls
        )
    except OSError as error:
        raise drive_error(error, backup) from error


def hash_of(path: Path) -> str:
    """SHA-256 in hex of a file; empty where there is none.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except (FileNotFoundError, IsADirectoryError):
        return ""
    return digest.hexdigest()


def _is_there(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
