"""Conversion between rows of the record and RecordedAsset and RecordedFile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.library.model import Role

_FILE_COLUMNS = (
    "role, generation, folder, name, true_name, size, sha256, modified_at, read_back, written_at, "
    "source_path, source_modified_at, adopted"
)
ROLES = {role.value: role for role in Role}
READ_BACKS = {how.value: how for how in ReadBack}
_ROLE_ORDER = {role.value: number for number, role in enumerate(Role)}


def file_row(asset: RecordedAsset, file: RecordedFile) -> tuple[object, ...]:
    return (
        asset.udid,
        asset.uuid,
        file.role.value,
        file.generation,
        file.folder,
        file.name,
        name_key(file.name),
        storable_text(file.true_name),
        file.size,
        bytes.fromhex(file.sha256),
        file.modified_at,
        file.read_back.value,
        file.written_at,
        storable_text(file.source_path),
        file.source_modified_at,
        int(file.preexisting),
    )


def storable_text(name: str) -> str:
    """A name from the phone that SQLite can store: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode()


def assets_in(
    connection: sqlite3.Connection, where: str = "", parameters: tuple[str, ...] = ()
) -> Iterator[RecordedAsset]:
    """The recorded assets that `where` selects, ordered by udid and uuid.

    Reads both tables in parallel and holds one asset in memory at a time.
    """
    order = "ORDER BY udid, uuid"
    rows = connection.execute(f"SELECT udid, uuid, {_FILE_COLUMNS} FROM file {where} {order}", parameters)
    groups = groupby(rows, key=itemgetter(0, 1))
    group = next(groups, None)
    folders: dict[str, str] = {}
    for udid, uuid, original_filename, folder, stem, completed_at in connection.execute(
        f"SELECT udid, uuid, original_filename, folder, stem, completed_at FROM asset {where} {order}",
        parameters,
    ):
        own: list[RecordedFile] = []
        if group is not None and group[0] == (udid, uuid):
            own = [_file(folders, *columns) for _, _, *columns in group[1]]
            own.sort(key=lambda file: (_ROLE_ORDER[file.role], file.generation))
            group = next(groups, None)
        folder = folders.setdefault(folder, folder)
        yield RecordedAsset(udid, uuid, original_filename, folder, stem, tuple(own), completed_at)


def sizes_in(connection: sqlite3.Connection, udid: str) -> Iterator[tuple[str, Role, int]]:
    """Uuid, role and bytes of each recorded file of a phone; newest of a role last."""
    rows = connection.execute(
        "SELECT uuid, role, size FROM file WHERE udid = ? ORDER BY uuid, role, generation", (udid,)
    )
    return ((uuid, ROLES[role], size) for uuid, role, size in rows)


def files_in(
    connection: sqlite3.Connection,
) -> Iterator[tuple[str, bytes, int, float | None, float, str, str, Role]]:
    """Each recorded file, folder by folder.

    The values are path, SHA-256, bytes, modification time, time of writing, udid, uuid and role.

    Raises:
        ValueError, KeyError, TypeError: a row is not valid.
    """
    rows = connection.execute(
        "SELECT folder, name, sha256, size, modified_at, written_at, udid, uuid, role FROM file "
        "ORDER BY folder"
    )
    for folder, name, sha256, size, modified_at, written_at, udid, uuid, role in rows:
        modified = None if modified_at is None else float(modified_at)
        path = f"{folder}/{name}" if folder else name
        yield path, digest_of(sha256), int(size), modified, float(written_at), udid, uuid, ROLES[role]


def digest_of(column: object) -> bytes:
    """Check a SHA-256 from a row.

    Raises:
        TypeError: it is not one.
    """
    if not isinstance(column, bytes):
        raise TypeError(f"{column!r} is not a hash")
    return column


def _file(
    folders: dict[str, str],
    role: str,
    generation: int,
    folder: str,
    name: str,
    true_name: str,
    size: int,
    sha256: bytes,
    modified_at: float | None,
    read_back: str,
    written_at: float,
    source_path: str,
    source_modified_at: float | None,
    adopted: int,
) -> RecordedFile:
    return RecordedFile(
        role=ROLES[role],
        folder=folders.setdefault(folder, folder),
        name=name,
        true_name=true_name,
        size=size,
        sha256=sha256.hex(),
        modified_at=modified_at,
        read_back=READ_BACKS[read_back],
        written_at=written_at,
        source_path=source_path,
        source_modified_at=source_modified_at,
        generation=generation,
        preexisting=bool(adopted),
    )
