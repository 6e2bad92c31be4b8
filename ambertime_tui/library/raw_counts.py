"""Counts of a library database by the raw values of its columns, for reports about unknown iOS versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from ambertime_tui.library.schema import RESOURCES, Schema

_MOST_VALUES = 40
"""Different values of a column that are counted. No known column has more than twenty."""


@dataclass(frozen=True, slots=True)
class RawCounts:
    """Number of rows by value. A value that is not a number counts as -1000."""

    scopes: Mapping[int, int]
    """Assets by ZBUNDLESCOPE; empty without that column."""
    saved_types: Mapping[int, int]
    """Assets by ZSAVEDASSETTYPE; empty without that column."""
    resource_types: Mapping[int, int]
    """Original resources (version 0) by ZRESOURCETYPE."""
    local_availability: Mapping[int, int]
    """Original resources by ZLOCALAVAILABILITY."""
    remote_availability: Mapping[int, int]
    """Original resources by ZREMOTEAVAILABILITY."""


def raw_counts(database: sqlite3.Connection, schema: Schema) -> RawCounts:
    """Count the rows of a library database.

    Raises:
        sqlite3.Error: the database is damaged.
    """

    def count(table: str, column: str, where: str = "") -> Mapping[int, int]:
        if not schema.has(table, column):
            return {}
        found: dict[int, int] = {}
        rows = database.execute(
            f"SELECT {column}, count(*) FROM {table} {where} GROUP BY {column} ORDER BY 2 DESC LIMIT ?",
            (_MOST_VALUES,),
        )
        for value, number in rows:
            key = value if isinstance(value, int) else -1000
            found[key] = found.get(key, 0) + number
        return found

    originals = "WHERE ZVERSION = 0"
    return RawCounts(
        scopes=count(schema.asset_table, "ZBUNDLESCOPE"),
        saved_types=count(schema.asset_table, "ZSAVEDASSETTYPE"),
        resource_types=count(RESOURCES, "ZRESOURCETYPE", originals),
        local_availability=count(RESOURCES, "ZLOCALAVAILABILITY", originals),
        remote_availability=count(RESOURCES, "ZREMOTEAVAILABILITY", originals),
    )
