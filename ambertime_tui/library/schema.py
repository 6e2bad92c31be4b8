"""Detect the tables and columns of a library database at run time, because every iOS version changes some."""

from __future__ import annotations

import plistlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ambertime_tui.library.errors import LibraryUnreadable, SchemaUnknown

NEWEST_KNOWN_MODEL = 19_999
"""PLModelVersion of iOS 26 is 19xxx. A larger one belongs to a newer, unknown iOS."""

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
"""Columns that iOS 13 to 26 all have. A scan works without them, but knows less."""
EDITED_COLUMNS = ("ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS")
"""iOS 18 and later; before."""
BUNDLE_SCOPE_FROM = 15_000
"""First PLModelVersion with ZBUNDLESCOPE, which marks other people's items (iOS 15)."""

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
    """PLModelVersion; None if unknown."""
    columns: Mapping[str, frozenset[str]]
    """Column names by table name."""

    def column(self, table: str, *names: str, default: str = "NULL") -> str:
        """Return the first of `names` that the table has, as an SQL expression; else `default`."""
        present = self.columns.get(table, frozenset())
        return next((f'"{table}"."{name}"' for name in names if name in present), default)

    def has(self, table: str, *names: str) -> bool:
        """True if the table exists and has all these columns."""
        return table in self.columns and self.columns[table].issuperset(names)

    @property
    def missing_columns(self) -> tuple[str, ...]:
        """Optional columns that every known iOS has, but this database does not."""
        expected = [f"{self.asset_table}.{name}" for name in EXPECTED_OF_ASSET]
        expected += [f"{RESOURCES}.{name}" for name in EXPECTED_OF_RESOURCE]
        if ATTRIBUTES in self.columns:
            expected += [f"{ATTRIBUTES}.{name}" for name in EXPECTED_OF_ATTRIBUTES]
        if self.model_version is not None and self.model_version >= BUNDLE_SCOPE_FROM:
            expected.append(f"{self.asset_table}.ZBUNDLESCOPE")
        missing = [name for name in expected if not self.has(*name.split("."))]
        if not any(self.has(self.asset_table, name) for name in EDITED_COLUMNS):
            missing.append(f"{self.asset_table}.{EDITED_COLUMNS[0]}")
        return tuple(missing)


def detect_schema(database: sqlite3.Connection) -> Schema:
    """Read the tables and columns of a database.

    Raises:
        LibraryUnreadable: not a Photos library, or a required table or column is missing.
        sqlite3.Error: the database is damaged.
    """
    columns = {table: _columns(database, table) for table in _tables(database)}
    asset_table = next((table for table in ASSET_TABLES if table in columns), None)
    if asset_table is None:
        raise LibraryUnreadable(
            "This database is not a Photo Library: it has neither a table ZASSET nor ZGENERICASSET."
        )
    model_version = _model_version(database, columns)
    missing: list[str] = []
    for table, required in ((asset_table, REQUIRED_OF_ASSET), (RESOURCES, REQUIRED_OF_RESOURCE)):
        if table not in columns:
            missing.append(f"the table {table}")
        else:
            missing += [f"{table}.{name}" for name in required if name not in columns[table]]
    if missing:
        raise SchemaUnknown(_missing_sentence(missing, model_version))
    return Schema(asset_table, model_version, columns)


def _missing_sentence(missing: Sequence[str], model_version: int | None) -> str:
    version = "" if model_version is None else f" (model version {model_version})"
    names = [name for name in missing if not name.startswith("the ")]
    tables = [name for name in missing if name.startswith("the ")]
    columns = f"the {'column' if len(names) == 1 else 'columns'} {', '.join(names)}" if names else ""
    newer = model_version is None or model_version > NEWEST_KNOWN_MODEL
    cause = "from a newer iOS than this AmberTime supports" if newer else "damaged, or not from a phone"
    what = " and ".join(filter(None, (*tables, columns)))
    return (
        f"The library database{version} lacks {what}, which AmberTime needs to identify originals. "
        f"It is probably {cause}."
    )


def album_join(database: sqlite3.Connection, schema: Schema) -> tuple[str, str, str, str | None] | None:
    """Return the table that maps albums to assets: its name, and its album, asset and order columns.

    Core Data renumbers its entities with each model, and the numbers are part of the names: if the entity
    Album has number N in Z_PRIMARYKEY, the table is Z_NASSETS. None: there is no such table.
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
