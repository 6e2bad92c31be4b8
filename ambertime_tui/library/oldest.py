"""Find the oldest assets of a library without reading all of it, so that a backup can start immediately."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ambertime_tui.library import dates
from ambertime_tui.library.model import Asset
from ambertime_tui.library.schema import ATTRIBUTES, RESOURCES, Schema

_OVER_A_MONTH = 33 * 86400.0
"""Seconds. Times further apart are in different months in any time zone."""


def oldest_keys(
    database: sqlite3.Connection, schema: Schema, since: float | None, until: float | None, limit: int
) -> list[int]:
    """Return the primary keys of the oldest assets, oldest first.

    Args:
        database: a private copy.
        schema: its tables and columns.
        since: seconds since 1970; None: from the beginning.
        until: seconds since 1970; None: to the end.
        limit: maximum number.

    Raises:
        sqlite3.Error: the database is damaged.
    """
    rows = database.execute(
        f"SELECT Z_PK FROM {schema.asset_table} WHERE typeof(Z_PK) = 'integer' "
        "AND typeof(ZDATECREATED) IN ('real', 'integer') AND ZDATECREATED BETWEEN ? AND ? "
        "ORDER BY ZDATECREATED, Z_PK LIMIT ?",
        (
            dates.EARLIEST - dates.COCOA_EPOCH if since is None else since - dates.COCOA_EPOCH,
            dates.LATEST - dates.COCOA_EPOCH if until is None else until - dates.COCOA_EPOCH,
            limit,
        ),
    )
    return [key for (key,) in rows]


def with_unique_names(
    database: sqlite3.Connection,
    schema: Schema,
    assets: Iterable[Asset],
    key_of_name: Callable[[str], str],
) -> Iterator[Asset]:
    """Yield the dated assets whose name no other item captured within a month has.

    Args:
        database: a private copy.
        schema: its tables and columns.
        assets: dated assets.
        key_of_name: returns the same key for names that count as equal.

    Raises:
        sqlite3.Error: the database is damaged.
    """
    wanted = {asset: key_of_name(asset.original_filename) for asset in assets}
    captured: dict[str, list[float]] = {key: [] for key in wanted.values()}
    for created, *names in database.execute(_names_query(schema)):
        at = dates.unix_time(created)
        if at is None:
            continue
        for key in {key_of_name(name) for name in names if type(name) is str and name}:
            if key in captured:
                captured[key].append(at)
    for asset, key in wanted.items():
        near = Counter(abs(at - (asset.created or 0.0)) < _OVER_A_MONTH for at in captured[key])
        if near[True] == 1:  # itself
            yield asset


def most_files(database: sqlite3.Connection, schema: Schema) -> tuple[int, int]:
    """Return the maximum number of files that a backup could copy, and their known bytes.

    Raises:
        sqlite3.Error: the database is damaged.
    """
    (files, size) = database.execute(
        f"SELECT count(*), total(max(ZDATALENGTH, 0)) FROM {RESOURCES} "
        "WHERE ZRECIPEID = 0 OR ZVERSION = 2 "
        "OR typeof(ZRECIPEID) <> 'integer' OR typeof(ZVERSION) <> 'integer'"
    ).fetchone()
    (assets,) = database.execute(f"SELECT count(*) FROM {schema.asset_table}").fetchone()
    return int(files) + int(assets), int(size)


def _names_query(schema: Schema) -> str:
    table = schema.asset_table
    if not schema.has(ATTRIBUTES, "ZASSET", "ZORIGINALFILENAME"):
        return f"SELECT ZDATECREATED, ZFILENAME FROM {table}"
    return (
        f"SELECT a.ZDATECREATED, a.ZFILENAME, t.ZORIGINALFILENAME FROM {table} a "
        f"LEFT JOIN {ATTRIBUTES} t ON t.ZASSET = a.Z_PK"
    )
