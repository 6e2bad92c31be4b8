"""Which tables and columns a library database has: found out at run time, since every iOS changes some."""

from __future__ import annotations

import plistlib
import re
import sqlite3
from collections.abc import Mapping
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
    for table, required in ((asset_table, REQUIRED_OF_ASSET), (RESOURCES, REQUIRED_OF_RESOURCE)):
        missing = [name for name in required if name not in columns.get(table, ())]
        if missing:
            version = "" if model_version is None else f" (model version {model_version})"
            what = (
                f"the column {table}.{missing[0]}"
                if table in columns and len(missing) == 1
                else f"the columns {', '.join(f'{table}.{name}' for name in missing)}"
                if table in columns
                else f"the table {table}"
            )
            raise LibraryUnreadable(
                f"The library database{version} lacks {what}, without which originals cannot be told apart: "
                "it is probably of an iOS newer than this AmberTime knows."
            )
    return Schema(asset_table, model_version, columns)


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
