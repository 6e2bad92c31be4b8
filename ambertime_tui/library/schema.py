"""Which tables and columns a library database has: found out at run time, since every iOS changes some."""

from __future__ import annotations

import plistlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ambertime_tui.library.errors import LibraryUnreadable

NEWEST_KNOWN_MODEL = 19_999
"""PLModelVersion of iOS 26 is 19xxx; a larger one is of an iOS that came after this was written."""

ASSET_TABLES = ("ZASSET", "ZGENERICASSET")
"""iOS 14 and later; iOS 13."""
ATTRIBUTES = "ZADDITIONALASSETATTRIBUTES"
RESOURCES = "ZINTERNALRESOURCE"

REQUIRED_OF_ASSET = (
    "Z_PK",
    "ZUUID",
    "ZDIRECTORY",
    "ZFILENAME",
    "ZDATECREATED",
    "ZKIND",
    "ZTRASHEDSTATE",
    "ZHIDDEN",
)
EXPECTED_OF_ASSET = (
    "ZADDEDDATE",
    "ZKINDSUBTYPE",
    "ZFAVORITE",
    "ZSAVEDASSETTYPE",
    "ZCLOUDBATCHPUBLISHDATE",
    "ZMASTER",
)
EXPECTED_OF_ATTRIBUTES = ("ZORIGINALFILENAME", "ZTIMEZONEOFFSET", "ZTIMEZONENAME", "ZORIGINALFILESIZE")
EXPECTED_OF_RESOURCE = ("ZCLOUDLOCALSTATE",)
"""What every iOS from 13 to 26 has, and a scan can do without at a loss."""
EDITED_COLUMNS = ("ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS")
"""iOS 18 and later; before."""
BUNDLE_SCOPE_FROM = 15_000
"""PLModelVersion from which ZBUNDLESCOPE tells items of others (iOS 15)."""

REQUIRED_OF_RESOURCE = (
    "ZASSET",
    "ZRESOURCETYPE",
    "ZDATASTORESUBTYPE",
    "ZDATASTORECLASSID",
    "ZVERSION",
    "ZRECIPEID",
    "ZLOCALAVAILABILITY",
    "ZREMOTEAVAILABILITY",
    "ZDATALENGTH",
)


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables and columns of one database."""

    asset_table: str
    model_version: int | None
    """PLModelVersion; None where the database does not say."""
    columns: Mapping[str, frozenset[str]]
    """Column names by table name."""

    def column(self, table: str, *names: str, otherwise: str = "NULL") -> str:
        """The first of `names` that the table has, as an SQL expression; `otherwise` if it has none."""
        present = self.columns.get(table, frozenset())
        return next((f'"{table}"."{name}"' for name in names if name in present), otherwise)

    def has(self, table: str, *names: str) -> bool:
        """True where the table is there with all these columns."""
        return table in self.columns and self.columns[table].issuperset(names)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Columns that are not required, but that every known iOS has, and this database has not."""
        expected = [f"{self.asset_table}.{name}" for name in EXPECTED_OF_ASSET]
        expected += [f"{RESOURCES}.{name}" for name in EXPECTED_OF_RESOURCE]
        if ATTRIBUTES in self.columns:
            expected += [f"{ATTRIBUTES}.{name}" for name in EXPECTED_OF_ATTRIBUTES]
        if self.model_version is not None and self.model_version >= BUNDLE_SCOPE_FROM:
            expected.append(f"{self.asset_table}.ZBUNDLESCOPE")
        lacking = [name for name in expected if not self.has(*name.split("."))]
        if not any(self.has(self.asset_table, name) for name in EDITED_COLUMNS):
            lacking.append(f"{self.asset_table}.{EDITED_COLUMNS[0]}")
        return tuple(lacking)


def detect_schema(database: sqlite3.Connection) -> Schema:
    """Look at the tables of a database.

    Raises:
        LibraryUnreadable: it is no Photos library, or a required table or column is missing; names it.
        sqlite3.Error: it is damaged.
    """
    columns = {table: _columns(database, table) for table in _tables(database)}
    asset_table = next((table for table in ASSET_TABLES if table in columns), None)
    if asset_table is None:
        raise LibraryUnreadable(
            "This is a database, but not that of a Photo Library: "
            "it has neither a table ZASSET nor ZGENERICASSET."
        )
    model_version = _model_version(database, columns)
    missing: list[str] = []
    for table, required in ((asset_table, REQUIRED_OF_ASSET), (RESOURCES, REQUIRED_OF_RESOURCE)):
        if table not in columns:
            missing.append(f"the table {table}")
        else:
            missing += [f"{table}.{name}" for name in required if name not in columns[table]]
    if missing:
        raise LibraryUnreadable(_without(missing, model_version))
    return Schema(asset_table, model_version, columns)


def _without(missing: Sequence[str], model_version: int | None) -> str:
    version = "" if model_version is None else f" (model version {model_version})"
    names = [name for name in missing if not name.startswith("the ")]
    tables = [name for name in missing if name.startswith("the ")]
    columns = f"the column{'' if len(names) == 1 else 's'} {', '.join(names)}" if names else ""
    newer = model_version is None or model_version > NEWEST_KNOWN_MODEL
    cause = "of an iOS newer than this AmberTime knows" if newer else "damaged, or not that of a phone"
    what = " and ".join(filter(None, (*tables, columns)))
    return (
        f"The library database{version} lacks {what}, without which originals cannot be told apart: "
        f"it is probably {cause}."
    )


def album_join(database: sqlite3.Connection, schema: Schema) -> tuple[str, str, str, str | None] | None:
    """The table that says which assets are in which album: its name, album, asset and order column.

    Core Data numbers its entities anew with each model, and the numbers are part of the names: the entity
    Album has number N in Z_PRIMARYKEY, and the table is Z_NASSETS. None: there is no such table.
    """
    if not schema.has("Z_PRIMARYKEY", "Z_NAME", "Z_ENT"):
        return None
    row = database.execute("SELECT Z_ENT FROM Z_PRIMARYKEY WHERE Z_NAME = 'Album'").fetchone()
    if row is None or type(row[0]) is not int:
        return None
    table, album = f"Z_{row[0]}ASSETS", f"Z_{row[0]}ALBUMS"
    names = sorted(schema.columns.get(table, ()))
    assets = [name for name in names if re.fullmatch(r"Z_\d+ASSETS", name)]
    if album not in names or not assets:
        return None
    order = f"Z_FOK_{assets[0].removeprefix('Z_')}"
    return table, album, assets[0], order if order in names else None


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in rows if isinstance(name, str) and re.fullmatch(r"\w+", name)]


def _columns(database: sqlite3.Connection, table: str) -> frozenset[str]:
    rows = database.execute(f'PRAGMA table_info("{table}")').fetchall()
    return frozenset(row[1] for row in rows if isinstance(row[1], str))


def _model_version(database: sqlite3.Connection, columns: Mapping[str, frozenset[str]]) -> int | None:
    if "Z_PLIST" not in columns.get("Z_METADATA", ()):
        return None
    row = database.execute("SELECT Z_PLIST FROM Z_METADATA").fetchone()
    if row is None or not isinstance(row[0], bytes):
        return None
    try:
        content = plistlib.loads(row[0])
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, MemoryError):
        return None
    version = content.get("PLModelVersion") if isinstance(content, dict) else None
    return version if type(version) is int else None
