"""Build a small library database row by row, with the parts of Apple's schema that a scan reads, for each
iOS."""

from __future__ import annotations

import plistlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ambertime_tui.library.model import Catalogue
from ambertime_tui.library.photos_db import LibraryReader

COCOA_EPOCH = 978_307_200
ADDED = 700_000_000.0
"""When all items were added to a planted library, in the database's seconds: 2023-03-08."""

LOCAL, PURGED = 1, -1


@dataclass(frozen=True)
class Generation:
    """The differences between the databases of iOS versions."""

    ios: str
    model: int
    asset_table: str = "ZASSET"
    edited: str = "ZHASADJUSTMENTS"
    type_table: bool = False
    album: int = 26
    album_asset: str = "Z_3ASSETS"
    face_person: str = "ZPERSON"
    face_asset: str = "ZASSET"
    bundle_scope: bool = True
    library_scope: bool = True
    collection_share: bool = False


GENERATIONS = (
    Generation(
        "13", 13703, "ZGENERICASSET", type_table=True, album_asset="Z_34ASSETS", bundle_scope=False,
        library_scope=False,
    ),
    Generation("14", 14204, type_table=True, bundle_scope=False),
    Generation("15", 15323, album=27),
    Generation("16", 16320, album=28),
    Generation("17", 17401, album=28, face_person="ZPERSONFORFACE", face_asset="ZASSETFORFACE"),
    Generation("18", 18600, edited="ZADJUSTMENTSSTATE", album=30, face_person="ZPERSONFORFACE",
               face_asset="ZASSETFORFACE"),
    Generation("26", 19320, edited="ZADJUSTMENTSSTATE", album=33, face_person="ZPERSONFORFACE",
               face_asset="ZASSETFORFACE", collection_share=True),
)  # fmt: skip
NEXT = Generation(
    "27", 270_008_501, edited="ZADJUSTMENTSSTATE", album=34, face_person="ZPERSONFORFACE",
    face_asset="ZASSETFORFACE", collection_share=True,
)  # fmt: skip
IOS_18 = GENERATIONS[5]

_TYPES = {
    "public.jpeg": "1",
    "public.heic": "3",
    "com.adobe.raw-image": "9",
    "com.apple.quicktime-movie": "23",
}


def catalogue_of(database: Path) -> Catalogue:
    """What users add to a library."""
    with closing(LibraryReader(database)) as reader:
        return reader.catalogue()


class Planted:
    """A library database under construction. Call `written` before reading it."""

    def __init__(self, path: Path, generation: Generation = IOS_18) -> None:
        self.path = path
        self.generation = generation
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA synchronous = OFF")
        for statement in _schema(generation):
            self.database.execute(statement)
        plist = plistlib.dumps({"PLModelVersion": generation.model}, fmt=plistlib.FMT_BINARY)
        self.database.execute("INSERT INTO Z_METADATA VALUES (1, ?)", (plist,))
        self.database.execute(f"INSERT INTO Z_PRIMARYKEY VALUES ({generation.album}, 'Album')")
        self._assets = 0

    def asset(
        self,
        filename: str = "",
        *,
        about: Mapping[str, Any] | None = None,
        original: bool = True,
        edited: int = 0,
        **columns: Any,
    ) -> int:
        """Add an asset (by default a local HEIC) and return its primary key."""
        self._assets += 1
        key = self._assets
        name = filename or f"IMG_{key:04}.HEIC"
        values: dict[str, Any] = {
            "Z_PK": key,
            "ZUUID": uuid_of(key),
            "ZDIRECTORY": "DCIM/100APPLE",
            "ZFILENAME": name,
            "ZDATECREATED": 600_000_000.0 + key,
            "ZADDEDDATE": ADDED,
            "ZKIND": 0,
            "ZKINDSUBTYPE": 0,
            "ZHIDDEN": 0,
            "ZTRASHEDSTATE": 0,
            "ZFAVORITE": 0,
            self.generation.edited: edited,
            "ZSAVEDASSETTYPE": 3,
        } | columns
        self.insert(self.generation.asset_table, values)
        attributes = {"ZASSET": key, "ZORIGINALFILENAME": name, "ZTIMEZONEOFFSET": 7200} | dict(about or {})
        self.insert("ZADDITIONALASSETATTRIBUTES", attributes)
        if original:
            self.resource(key, kind=values["ZKIND"] if values["ZKIND"] in (0, 1) else 0)
        return key

    def resource(
        self,
        asset: int,
        *,
        kind: int = 0,
        subtype: int = 1,
        version: int = 0,
        recipe: int = 0,
        local: int = LOCAL,
        remote: int = 1,
        synced: int = 3,
        length: int = 1000,
        uti: str = "public.heic",
        **columns: Any,
    ) -> None:
        """Add a record of a file of an asset."""
        values: dict[str, Any] = {
            "ZASSET": asset,
            "ZRESOURCETYPE": kind,
            "ZDATASTORESUBTYPE": subtype,
            "ZDATASTORECLASSID": 0,
            "ZVERSION": version,
            "ZRECIPEID": recipe,
            "ZLOCALAVAILABILITY": local,
            "ZREMOTEAVAILABILITY": remote,
            "ZCLOUDLOCALSTATE": synced,
            "ZDATALENGTH": length,
        }
        if self.generation.type_table:
            values["ZUNIFORMTYPEIDENTIFIER"] = self._type(uti)
        else:
            values["ZCOMPACTUTI"] = _TYPES.get(uti, "_" + uti)
        self.insert("ZINTERNALRESOURCE", values | columns)

    def album(self, title: str, assets: list[int], **columns: Any) -> None:
        """Add an album with assets in this order."""
        cursor = self.insert("ZGENERICALBUM", {"ZKIND": 2, "ZTITLE": title, "ZTRASHEDSTATE": 0} | columns)
        g = self.generation
        for order, asset in enumerate(assets):
            self.insert(
                f"Z_{g.album}ASSETS",
                {
                    f"Z_{g.album}ALBUMS": cursor.lastrowid,
                    g.album_asset: asset,
                    f"Z_FOK_{g.album_asset.removeprefix('Z_')}": order,
                },
            )

    def person(self, name: str, assets: list[int]) -> None:
        """Add a named person whose face is in some assets."""
        person = self.insert("ZPERSON", {"ZFULLNAME": name}).lastrowid
        for asset in assets:
            self.insert(
                "ZDETECTEDFACE", {self.generation.face_person: person, self.generation.face_asset: asset}
            )

    def insert(self, table: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        """Add a row."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.database.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
        )

    def written(self) -> Path:
        """Close the database and return its path."""
        self.database.commit()
        self.database.close()
        return self.path

    def _type(self, uti: str) -> int:
        found = self.database.execute(
            "SELECT Z_PK FROM ZUNIFORMTYPEIDENTIFIER WHERE ZIDENTIFIER = ?", (uti,)
        ).fetchone()
        if found:
            return int(found[0])
        return int(self.insert("ZUNIFORMTYPEIDENTIFIER", {"ZIDENTIFIER": uti}).lastrowid or 0)


def uuid_of(key: int) -> str:
    """The identifier of a planted asset."""
    return f"{key:08X}-0000-4000-8000-000000000000"


def change(path: Path, *statements: str) -> None:
    """Run statements on a finished database."""
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def _schema(g: Generation) -> list[str]:
    scopes = ", ZBUNDLESCOPE INTEGER" if g.bundle_scope else ""
    scopes += ", ZLIBRARYSCOPE INTEGER" if g.library_scope else ""
    scopes += ", ZCOLLECTIONSHARE INTEGER" if g.collection_share else ""
    types = "ZUNIFORMTYPEIDENTIFIER INTEGER" if g.type_table else "ZCOMPACTUTI VARCHAR"
    statements = [
        f"CREATE TABLE {g.asset_table} (Z_PK INTEGER PRIMARY KEY, ZKIND INTEGER, ZKINDSUBTYPE INTEGER, "
        f"ZHIDDEN INTEGER, ZTRASHEDSTATE INTEGER, ZFAVORITE INTEGER, {g.edited} INTEGER, "
        "ZSAVEDASSETTYPE INTEGER, ZMASTER INTEGER, ZDATECREATED TIMESTAMP, ZADDEDDATE TIMESTAMP, "
        "ZCLOUDBATCHPUBLISHDATE TIMESTAMP, ZUUID VARCHAR, ZDIRECTORY VARCHAR, ZFILENAME VARCHAR, "
        f"ZAVALANCHEUUID VARCHAR{scopes})",
        "CREATE TABLE ZADDITIONALASSETATTRIBUTES (Z_PK INTEGER PRIMARY KEY, ZASSET INTEGER, "
        "ZTIMEZONEOFFSET INTEGER, ZORIGINALFILESIZE INTEGER, ZORIGINALFILENAME VARCHAR, "
        "ZTIMEZONENAME VARCHAR, ZTITLE VARCHAR)",
        "CREATE TABLE ZINTERNALRESOURCE (Z_PK INTEGER PRIMARY KEY, ZASSET INTEGER, ZRESOURCETYPE INTEGER, "
        "ZDATASTORESUBTYPE INTEGER, ZDATASTORECLASSID INTEGER, ZVERSION INTEGER, ZRECIPEID INTEGER, "
        "ZLOCALAVAILABILITY INTEGER, ZREMOTEAVAILABILITY INTEGER, ZCLOUDLOCALSTATE INTEGER, "
        f"ZDATALENGTH INTEGER, {types})",
        "CREATE INDEX ZINTERNALRESOURCE_ZASSET_INDEX ON ZINTERNALRESOURCE (ZASSET)",
        "CREATE INDEX ZADDITIONALASSETATTRIBUTES_ZASSET_INDEX ON ZADDITIONALASSETATTRIBUTES (ZASSET)",
        "CREATE TABLE ZCLOUDMASTER (Z_PK INTEGER PRIMARY KEY, ZCLOUDLOCALSTATE INTEGER)",
        "CREATE TABLE ZGENERICALBUM (Z_PK INTEGER PRIMARY KEY, ZKIND INTEGER, ZTRASHEDSTATE INTEGER, "
        "ZTITLE VARCHAR)",
        f"CREATE TABLE Z_{g.album}ASSETS (Z_{g.album}ALBUMS INTEGER, {g.album_asset} INTEGER, "
        f"Z_FOK_{g.album_asset.removeprefix('Z_')} INTEGER)",
        "CREATE TABLE ZPERSON (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR)",
        "CREATE TABLE ZDETECTEDFACE (Z_PK INTEGER PRIMARY KEY, "
        f"{g.face_person} INTEGER, {g.face_asset} INTEGER)",
        "CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR)",
        "CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_PLIST BLOB)",
    ]
    if g.type_table:
        statements.append(
            "CREATE TABLE ZUNIFORMTYPEIDENTIFIER (Z_PK INTEGER PRIMARY KEY, ZIDENTIFIER VARCHAR)"
        )
    return statements
