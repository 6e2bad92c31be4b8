"""Core Data's persistent history: every save records a transaction and its changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ambertime_tui.simulator.library.schema import Schema

_CHANGE, _TRANSACTION, _UPDATE = 16001, 16002, 1


def write_history(connection: sqlite3.Connection, schema: Schema, assets: Sequence[int], now: float) -> None:
    """Add a row to ATRANSACTION and one per asset to ACHANGE, and update Z_PRIMARYKEY.

    Args:
        connection: A connection with an open transaction.
        schema: The schema of the database.
        assets: The primary keys of the changed assets.
        now: Core Data time.
    """
    number = _next(connection, "TRANSACTION", 1)
    connection.execute(
        "INSERT INTO ATRANSACTION (Z_PK, Z_ENT, ZTIMESTAMP) VALUES (?, ?, ?)", (number, _TRANSACTION, now)
    )
    last = _next(connection, "CHANGE", len(assets))
    connection.executemany(
        "INSERT INTO ACHANGE (Z_PK, Z_ENT, ZCHANGETYPE, ZENTITY, ZENTITYPK, ZTRANSACTIONID)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (last - len(assets) + place, _CHANGE, _UPDATE, schema.asset_entity, asset, number)
            for place, asset in enumerate(assets, 1)
        ],
    )


def _next(connection: sqlite3.Connection, entity: str, count: int) -> int:
    connection.execute("UPDATE Z_PRIMARYKEY SET Z_MAX = Z_MAX + ? WHERE Z_NAME = ?", (count, entity))
    return int(connection.execute("SELECT Z_MAX FROM Z_PRIMARYKEY WHERE Z_NAME = ?", (entity,)).fetchone()[0])
