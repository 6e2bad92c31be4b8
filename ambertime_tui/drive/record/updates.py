"""Changes of recorded rows that belong to no copied file: Apple's fingerprints, and forgotten assets."""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import NamedTuple

from ambertime_tui.drive.record.queries import RecordQueries
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.record.row_checksums import TABLES
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.library.model import Role

_ROWS_AT_ONCE = 512
_FORGET = (
    "INSERT OR REPLACE INTO forgotten SELECT udid, uuid, original_filename, folder, stem, :now, "
    "row_checksum('forgotten', udid, uuid, original_filename, folder, stem, :now) "
    "FROM asset WHERE (udid, uuid) = (:udid, :uuid)"
)


class LibraryFacts(NamedTuple):
    """What a phone's library says about a recorded file. See `RecordedFile`."""

    uuid: str
    role: Role
    generation: int
    library_fingerprint: str | None
    library_size: int | None


class ComputedFingerprint(NamedTuple):
    """Apple's fingerprint of the bytes of an archived file."""

    path: str
    """Relative to the target."""
    sha256: str
    """In hex, of the bytes that were read."""
    fingerprint: str


class RecordUpdates(RecordQueries):
    """The changes that `Record` offers besides recording what was copied.

    All raise RecordFailed if the drive cannot be written, and RecordDamaged if a row is not valid.
    """

    @abstractmethod
    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """One transaction."""

    @abstractmethod
    def _ensure_free_space(self, assets: Sequence[RecordedAsset], others: int) -> None:
        """Make room for some assets and other rows."""

    def set_library_facts(self, udid: str, facts: Iterable[LibraryFacts]) -> None:
        """Store what the library says about recorded files of a phone. Skips files that are not recorded.

        Writes nothing if the record has these facts already. After an error, some may have been stored.
        """
        self._update_files(
            ("library_fingerprint", "library_size"),
            "(udid, uuid, role, generation) = (:udid, :uuid, :role, :generation)",
            ({"udid": udid, **fact._asdict(), "role": fact.role.value} for fact in facts),
        )

    def add_fingerprints(self, files: Iterable[ComputedFingerprint]) -> None:
        """Store the fingerprints of archived files, for each asset that has the file with these bytes.

        Writes nothing if the record has them already. After an error, some may have been stored.
        """
        self._update_files(
            ("fingerprint",),
            "(folder, name_key, name, sha256) = (:folder, :name_key, :name, :sha256)",
            (
                {
                    "folder": folder,
                    "name_key": name_key(name),
                    "name": name,
                    "sha256": bytes.fromhex(file.sha256),
                    "fingerprint": file.fingerprint,
                }
                for file in files
                for folder, _, name in (file.path.rpartition("/"),)
            ),
        )

    def forget(self, assets: Iterable[tuple[str, str]], now: float) -> None:
        """Mark recorded assets (udid, uuid) as deleted on purpose. Deletes nothing.

        Args:
            assets: those that are not recorded are skipped.
            now: seconds since 1970.
        """
        marks = [{"udid": udid, "uuid": uuid, "now": now} for udid, uuid in assets]
        self._ensure_free_space((), len(marks))
        with self._writing() as connection:
            connection.executemany(_FORGET, marks)

    def unforget(self, assets: Iterable[tuple[str, str]]) -> None:
        """Remove the marks of `forget` from assets (udid, uuid). Recording a file of one does the same."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM forgotten WHERE (udid, uuid) = (?, ?)", assets)

    def _update_files(self, columns: Sequence[str], where: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Set columns of the files that `where` selects, and their checksums.

        Each row has the new values by column, and the parameters of `where`.
        """
        changed = " OR ".join(f"{column} IS NOT :{column}" for column in columns)
        values = ", ".join(f":{column}" if column in columns else column for column in TABLES["file"])
        select = f"SELECT 1 FROM file WHERE {where} AND ({changed})"
        update = (
            f"UPDATE file SET {', '.join(f'{column} = :{column}' for column in columns)}, "
            f"checksum = row_checksum('file', {values}) WHERE {where}"
        )
        remaining = iter(rows)
        while chunk := list(islice(remaining, _ROWS_AT_ONCE)):
            with self._read() as connection:
                chunk = [row for row in chunk if connection.execute(select, row).fetchone()]
            if chunk:
                self._ensure_free_space((), len(chunk))
                with self._writing() as connection:
                    connection.executemany(update, chunk)
