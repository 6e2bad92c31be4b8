"""A Photo Library of a few assets, built by hand: each test chooses bytes, flags and fingerprints."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

from ambertime_tui.library.fingerprint import fingerprint_of

COCOA_EPOCH = 978_307_200
TAKEN = 1_700_000_000.0
PHOTO, VIDEO, PAIRED_VIDEO, RAW, AAE = (0, 1, 0, 0), (1, 1, 0, 0), (3, 18, 0, 0), (4, 17, 0, 0), (5, 22, 0, 0)
"""ZRESOURCETYPE, ZDATASTORESUBTYPE, ZVERSION and ZRECIPEID of an original."""
RENDER = (0, 2, 2, 65938)
"""The same of an edited photo."""
_SCHEMA = """
CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY, ZUUID TEXT, ZDIRECTORY TEXT, ZFILENAME TEXT, ZDATECREATED REAL,
 ZADDEDDATE REAL, ZKIND INT, ZKINDSUBTYPE INT, ZHIDDEN INT, ZTRASHEDSTATE INT, ZFAVORITE INT,
 ZADJUSTMENTSSTATE INT, ZAVALANCHEUUID TEXT, ZSAVEDASSETTYPE INT, ZBUNDLESCOPE INT, ZMASTER INT,
 ZCLOUDBATCHPUBLISHDATE REAL, ZLIBRARYSCOPE INT);
CREATE TABLE ZADDITIONALASSETATTRIBUTES (Z_PK INTEGER PRIMARY KEY, ZASSET INT, ZORIGINALFILENAME TEXT,
 ZTIMEZONEOFFSET INT, ZTIMEZONENAME TEXT, ZORIGINALFILESIZE INT);
CREATE TABLE ZINTERNALRESOURCE (Z_PK INTEGER PRIMARY KEY, ZASSET INT, ZRESOURCETYPE INT,
 ZDATASTORESUBTYPE INT, ZDATASTORECLASSID INT, ZVERSION INT, ZRECIPEID INT,
 ZLOCALAVAILABILITY INT, ZREMOTEAVAILABILITY INT, ZCLOUDLOCALSTATE INT,
 ZDATALENGTH INT, ZCOMPACTUTI TEXT, ZFINGERPRINT TEXT);
"""
_UTI = {"heic": "3", "jpg": "1", "png": "6", "mov": "23", "dng": "9", "aae": "37"}


def some_bytes(seed: object, size: int) -> bytes:
    """Bytes that depend on a seed."""
    return (sha256(str(seed).encode()).digest() * (size // 32 + 1))[:size]


def holds(target: Path, data: bytes) -> bool:
    """True if a file in the target's Photos folder has exactly these bytes."""
    files = (path for path in (target / "Photos").rglob("*") if path.is_file())
    return any(path.stat().st_size == len(data) and path.read_bytes() == data for path in files)


def names(target: Path) -> list[str]:
    """The names of all files in the target's Photos folder, sorted."""
    return sorted(path.name for path in (target / "Photos").rglob("*") if path.is_file())


class SmallLibrary:
    """A media folder with DCIM and PhotoData/Photos.sqlite."""

    def __init__(self, media: Path, *, fingerprints: bool = False) -> None:
        """
        Args:
            media: the folder that AFC serves; created here.
            fingerprints: whether `add` and `add_file` store Apple's fingerprints.
        """
        self.media = media
        self._fingerprints = fingerprints
        self._count = 0
        (media / "DCIM/100APPLE").mkdir(parents=True, exist_ok=True)
        (media / "PhotoData").mkdir()
        with self._database() as database:
            database.executescript(_SCHEMA)

    def add(
        self,
        name: str,
        data: bytes,
        *,
        size: int | None = None,
        local: int = 1,
        remote: int = 1,
        file: bool = True,
        subtype: int = 0,
        fingerprint: str | None = None,
    ) -> str:
        """Add an asset with its main original, and return its UUID.

        Args:
            name: file name and original file name.
            data: the bytes of its file.
            size: bytes according to the library; None: those of `data`.
            local: ZLOCALAVAILABILITY.
            remote: ZREMOTEAVAILABILITY.
            file: False: the file is not on the phone.
            subtype: ZKINDSUBTYPE.
            fingerprint: the library's, if it is not that of `data`.
        """
        self._count += 1
        number, uuid = self._count, str(uuid5(NAMESPACE_DNS, f"asset {self._count}")).upper()
        kind = 1 if name.lower().endswith(".mov") else 0
        size = len(data) if size is None else size
        with self._database() as database:
            database.execute(
                "INSERT INTO ZASSET (Z_PK, ZUUID, ZDIRECTORY, ZFILENAME, ZDATECREATED, ZADDEDDATE, ZKIND, "
                "ZKINDSUBTYPE, ZHIDDEN, ZTRASHEDSTATE, ZFAVORITE, ZADJUSTMENTSSTATE, ZSAVEDASSETTYPE, "
                "ZBUNDLESCOPE) VALUES (?, ?, 'DCIM/100APPLE', ?, ?, ?, ?, ?, 0, 0, 0, 0, 3, 0)",
                (number, uuid, name, TAKEN - COCOA_EPOCH, TAKEN - COCOA_EPOCH, kind, subtype),
            )
            database.execute(
                "INSERT INTO ZADDITIONALASSETATTRIBUTES VALUES (?, ?, ?, 0, NULL, ?)",
                (number, number, name, size),
            )
        what = VIDEO if kind else PHOTO
        self.add_file(uuid, what, name, data, size=size, local=local, remote=remote, file=file)
        if fingerprint is not None:
            self.set(uuid, fingerprint=fingerprint)
        return uuid

    def add_file(
        self,
        uuid: str,
        what: tuple[int, int, int, int],
        name: str,
        data: bytes,
        *,
        size: int | None = None,
        local: int = 1,
        remote: int = 1,
        file: bool = True,
    ) -> None:
        """Add a resource to an asset: see `add`."""
        mark = fingerprint_of(data) if self._fingerprints and what[2] == 0 else None
        with self._database() as database:
            database.execute(
                "INSERT INTO ZINTERNALRESOURCE (ZASSET, ZRESOURCETYPE, ZDATASTORESUBTYPE, ZVERSION, "
                "ZRECIPEID, ZDATASTORECLASSID, ZLOCALAVAILABILITY, ZREMOTEAVAILABILITY, ZCLOUDLOCALSTATE, "
                "ZDATALENGTH, ZCOMPACTUTI, ZFINGERPRINT) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
                (
                    self._number(database, uuid),
                    *what,
                    local,
                    remote,
                    3 if remote else 0,
                    len(data) if size is None else size,
                    _UTI.get(name.rpartition(".")[2].lower(), "1"),
                    mark,
                ),
            )
        if file:
            self.write(name, data)

    def edit(self, uuid: str, render: bytes, adjustments: bytes) -> None:
        """Give an asset an edit, or replace the one it has, as iOS keeps it."""
        with self._database() as database:
            number = self._number(database, uuid)
            (name,) = database.execute("SELECT ZFILENAME FROM ZASSET WHERE Z_PK = ?", (number,)).fetchone()
            database.execute("UPDATE ZASSET SET ZADJUSTMENTSSTATE = 2 WHERE Z_PK = ?", (number,))
            database.execute("DELETE FROM ZINTERNALRESOURCE WHERE ZASSET = ? AND ZVERSION = 2", (number,))
        folder = f"../../PhotoData/Mutations/DCIM/100APPLE/{name.rpartition('.')[0]}/Adjustments"
        self.add_file(uuid, RENDER, f"{folder}/FullSizeRender.jpg", render, remote=0)
        self.write(f"{folder}/Adjustments.plist", adjustments)

    def set(self, uuid: str, *, size: int | None = None, fingerprint: str | None = None) -> None:
        """Change what the library says about the originals of an asset."""
        with self._database() as database:
            number = self._number(database, uuid)
            for column, value in {"ZDATALENGTH": size, "ZFINGERPRINT": fingerprint}.items():
                if value is not None:
                    database.execute(
                        f"UPDATE ZINTERNALRESOURCE SET {column} = ? WHERE ZASSET = ? AND ZVERSION = 0",
                        (value, number),
                    )

    def set_local(self, uuid: str, what: tuple[int, int, int, int], local: int) -> None:
        """Change the flag that says whether a resource is on the phone."""
        with self._database() as database:
            database.execute(
                "UPDATE ZINTERNALRESOURCE SET ZLOCALAVAILABILITY = ? WHERE ZASSET = ? AND ZRESOURCETYPE = ?",
                (local, self._number(database, uuid), what[0]),
            )

    def write(self, name: str, data: bytes) -> Path:
        """Write a file into DCIM/100APPLE, and return its path."""
        path = (self.media / "DCIM/100APPLE" / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.media / "PhotoData/Photos.sqlite")) as database, database:
            yield database

    @staticmethod
    def _number(database: sqlite3.Connection, uuid: str) -> int:
        (number,) = database.execute("SELECT Z_PK FROM ZASSET WHERE ZUUID = ?", (uuid,)).fetchone()
        return int(number)
