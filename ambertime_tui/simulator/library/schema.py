"""The database schemas of the iOS versions, and the names that differ between them."""

from __future__ import annotations

import plistlib
import sqlite3
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MODEL_VERSIONS = {13: 13703, 14: 14204, 15: 15323, 16: 16320, 18: 18600, 26: 19063}
"""PLModelVersion by iOS."""
_FRAMEWORK_VERSIONS = {13: 977, 14: 1042, 15: 1138, 16: 1244, 18: 1448, 26: 1500}


@dataclass(frozen=True, slots=True)
class Schema:
    """The empty database of one iOS version."""

    ios: int
    tables: str
    """SQL for tables and entities."""
    indexes: str
    """SQL for indexes and triggers, which are created after a bulk insert."""
    columns: dict[str, frozenset[str]]
    entities: dict[str, int]
    """Entity numbers (Z_PRIMARYKEY) by name."""
    album_join: tuple[str, str, str, str]
    """Join table, its album column, its asset column, its order column."""

    @property
    def asset_table(self) -> str:
        """ZGENERICASSET on iOS 13, ZASSET on later versions."""
        return "ZASSET" if "ZASSET" in self.columns else "ZGENERICASSET"

    @property
    def asset_entity(self) -> int:
        """Entity number of an asset row."""
        return self.entities["Asset"]

    def metadata(self) -> bytes:
        """The property list in Z_METADATA."""
        return plistlib.dumps(
            {
                "NSPersistenceFrameworkVersion": _FRAMEWORK_VERSIONS[self.ios],
                "NSStoreModelVersionHashesVersion": 3,
                "NSStoreModelVersionIdentifiers": [""],
                "NSStoreType": "SQLite",
                "PLLegacyMigrationState": 2,
                "PLModelVersion": MODEL_VERSIONS[self.ios],
                "_NSAutoVacuumLevel": "2",
                "migrationManagerClass": "NSSQLiteInPlaceMigrationManager",
            },
            fmt=plistlib.FMT_BINARY,
        )


@cache
def schema_for(ios: int) -> Schema:
    """Return the schema of an iOS version.

    Raises:
        ValueError: There is no schema for this version.
    """
    if ios not in MODEL_VERSIONS:
        known = ", ".join(map(str, MODEL_VERSIONS))
        raise ValueError(f"no database schema for iOS {ios}; available: {known}")
    sql = files("ambertime_tui.simulator.library").joinpath("schemas", f"ios{ios}.sql").read_text("utf-8")
    tables, _, indexes = sql.partition("-- indexes\n")
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(tables)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {
            name: frozenset(row[1] for row in connection.execute(f'PRAGMA table_info("{name}")'))
            for name in names
        }
        entities = {row[0]: row[1] for row in connection.execute("SELECT Z_NAME, Z_ENT FROM Z_PRIMARYKEY")}
    finally:
        connection.close()
    number = entities["Album"]
    join = f"Z_{number}ASSETS"
    asset = next(c for c in columns[join] if c.endswith("ASSETS") and not c.startswith("Z_FOK"))
    order = next(c for c in columns[join] if c.startswith("Z_FOK"))
    return Schema(ios, tables, indexes, columns, entities, (join, f"Z_{number}ALBUMS", asset, order))
