"""The rows of a library database, asset by asset.

Three cursors, sorted by the asset's primary key, are read in parallel: assets, their additional
attributes, and the records of their files. This needs memory only for the rows of one asset, and no joins.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from ambertime_tui import units
from ambertime_tui.library.notices import Notices
from ambertime_tui.library.schema import ATTRIBUTES, RESOURCES, Schema

Row = tuple[Any, ...]
"""An untrusted row: any column can hold a value of any type."""

ABSENT = -1
"""Value for a column that the database does not have, if 0 has a meaning."""
_BEFORE_ALL = -(1 << 63)


class AssetColumns(NamedTuple):
    """The SQL columns selected from an asset's own row, in this order."""

    key: str
    uuid: str
    directory: str
    filename: str
    created: str
    kind: str
    subtype: str
    hidden: str
    trashed: str
    favourite: str
    edited: str
    """ABSENT if the database has no such column."""
    burst: str
    saved_type: str
    bundle_scope: str
    published: str
    """1 if ZCLOUDBATCHPUBLISHDATE is set."""
    collection_share: str
    """1 if ZCOLLECTIONSHARE is set."""
    library_scope: str
    """1 if ZLIBRARYSCOPE is set."""
    master_state: str
    """ZCLOUDLOCALSTATE of the asset's ZCLOUDMASTER."""
    processing: str
    """1 where a photo or video is still to be processed (ZDEFERREDPROCESSINGNEEDED and its like)."""


class AttributesColumns(NamedTuple):
    """The SQL columns selected from ZADDITIONALASSETATTRIBUTES."""

    asset: str
    original_filename: str
    zone_offset: str
    zone_name: str
    original_size: str
    inferred_offset: str
    """ZINFERREDTIMEZONEOFFSET: iCloud photos often have no other offset."""
    fingerprint: str
    """Of the main original: ZMASTERFINGERPRINT (until iOS 17), ZORIGINALSTABLEHASH (iOS 18 and later)."""


class ResourceColumns(NamedTuple):
    """The SQL columns selected from ZINTERNALRESOURCE."""

    asset: str
    kind: str
    subtype: str
    store: str
    """ZDATASTORECLASSID: 0 is the user's own library."""
    version: str
    recipe: str
    local: str
    remote: str
    cloud_state: str
    length: str
    file_type: str
    """Compact or uniform type identifier."""
    fingerprint: str


def rows_by_asset(
    database: sqlite3.Connection, schema: Schema, notices: Notices, keys: Sequence[int] | None = None
) -> Iterator[tuple[Row, Row, list[Row]]]:
    """Yield each asset with its additional attributes and the records of its files, in the order of Z_PK.

    Args:
        database: a private copy.
        schema: its tables and columns.
        notices: collects rows without an asset.
        keys: primary keys of the assets to read; None: all.

    Yields:
        The asset's row (`AssetColumns`), the row of its attributes (`AttributesColumns`, all None if absent),
            and the rows of its files (`ResourceColumns`).

    Raises:
        sqlite3.Error: the database is damaged.
    """
    some = "" if keys is None else " IN (SELECT value FROM json_each(:keys))"
    which = {} if keys is None else {"keys": json.dumps(list(keys))}
    attributes = _Groups(database.execute(_attributes_query(schema, some), which), ATTRIBUTES, notices)
    resources = _Groups(database.execute(_resources_query(schema, some), which), RESOURCES, notices)
    nothing: list[Row] = [(None,) * len(AttributesColumns._fields)]
    for row in database.execute(_assets_query(schema, some), which):
        key = row[0]
        if type(key) is int:
            yield row, (attributes.of(key) or nothing)[0], resources.of(key)
    attributes.finish()
    resources.finish()


class _Groups:
    """The rows of one table by asset. Access them in ascending order of keys."""

    def __init__(self, rows: Iterator[Row], table: str, notices: Notices) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._table = table
        self._notices = notices
        self._lost = 0
        self._key: int | None = _BEFORE_ALL
        self._group: Iterable[Row] = ()
        self._step()

    def of(self, key: int) -> list[Row]:
        """Return all rows of an asset."""
        while self._key is not None and self._key < key:
            self._step()
        if self._key != key:
            return []
        rows = list(self._group)
        self._step()
        return rows

    def finish(self) -> None:
        """Read the rest, and report rows without a valid asset key."""
        while self._key is not None:
            self._step()
        if self._lost:
            self._notices.add(
                f"{units.plural(self._lost, 'row')} of {self._table} without a valid asset left out."
            )

    def _step(self) -> None:
        for key, group in self._groups:
            if type(key) is int:
                if self._key is not None and key < self._key:
                    raise sqlite3.DatabaseError(f"the index of {self._table} is out of order")
                self._key, self._group = key, group
                return
            self._lost += sum(1 for _ in group)
        self._key = None


def _assets_query(schema: Schema, some: str) -> str:
    table = schema.asset_table
    column = schema.column
    master = "NULL"
    if schema.has(table, "ZMASTER") and schema.has("ZCLOUDMASTER", "Z_PK", "ZCLOUDLOCALSTATE"):
        master = f"(SELECT m.ZCLOUDLOCALSTATE FROM ZCLOUDMASTER m WHERE m.Z_PK = {table}.ZMASTER)"
    columns = AssetColumns(
        key="Z_PK",
        uuid="ZUUID",
        directory="ZDIRECTORY",
        filename="ZFILENAME",
        created="ZDATECREATED",
        kind="ZKIND",
        subtype=column(table, "ZKINDSUBTYPE", default="0"),
        hidden="ZHIDDEN",
        trashed="ZTRASHEDSTATE",
        favourite=column(table, "ZFAVORITE", default="0"),
        edited=column(table, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS", default=str(ABSENT)),
        burst=column(table, "ZAVALANCHEUUID"),
        saved_type=column(table, "ZSAVEDASSETTYPE", default="3"),
        bundle_scope=f"ifnull({column(table, 'ZBUNDLESCOPE')}, 0)",
        published=f"{column(table, 'ZCLOUDBATCHPUBLISHDATE')} IS NOT NULL",
        collection_share=f"{column(table, 'ZCOLLECTIONSHARE')} IS NOT NULL",
        library_scope=f"ifnull({column(table, 'ZLIBRARYSCOPE')}, 0) <> 0",
        master_state=master,
        processing=f"(ifnull({column(table, 'ZDEFERREDPROCESSINGNEEDED')}, 0) NOT IN (0, '')"
        f" OR ifnull({column(table, 'ZVIDEODEFERREDPROCESSINGNEEDED')}, 0) NOT IN (0, ''))",
    )
    where = f" WHERE Z_PK{some}" if some else ""
    return f"SELECT {', '.join(columns)} FROM {table}{where} ORDER BY Z_PK"


def _attributes_query(schema: Schema, some: str) -> str:
    if not schema.has(ATTRIBUTES, "ZASSET"):
        return "SELECT NULL WHERE 0"
    columns = AttributesColumns(
        asset="ZASSET",
        original_filename=schema.column(ATTRIBUTES, "ZORIGINALFILENAME"),
        zone_offset=schema.column(ATTRIBUTES, "ZTIMEZONEOFFSET"),
        zone_name=schema.column(ATTRIBUTES, "ZTIMEZONENAME"),
        original_size=schema.column(ATTRIBUTES, "ZORIGINALFILESIZE"),
        inferred_offset=schema.column(ATTRIBUTES, "ZINFERREDTIMEZONEOFFSET"),
        fingerprint=schema.column(ATTRIBUTES, "ZORIGINALSTABLEHASH", "ZMASTERFINGERPRINT"),
    )
    where = f" WHERE ZASSET{some}" if some else ""
    return f"SELECT {', '.join(columns)} FROM {ATTRIBUTES}{where} ORDER BY ZASSET"


def _resources_query(schema: Schema, some: str) -> str:
    """Select originals and edits. Rows with an invalid version or recipe are included: they may be
    originals."""
    columns = ResourceColumns(
        asset="ZASSET",
        kind="ZRESOURCETYPE",
        subtype="ZDATASTORESUBTYPE",
        store="ZDATASTORECLASSID",
        version="ZVERSION",
        recipe="ZRECIPEID",
        local="ZLOCALAVAILABILITY",
        remote="ZREMOTEAVAILABILITY",
        cloud_state=schema.column(RESOURCES, "ZCLOUDLOCALSTATE"),
        length="ZDATALENGTH",
        file_type=_file_type(schema),
        fingerprint=schema.column(RESOURCES, "ZFINGERPRINT"),
    )
    return (
        f"SELECT {', '.join(columns)} FROM {RESOURCES} WHERE (ZRECIPEID = 0 OR ZVERSION = 2 "
        "OR typeof(ZRECIPEID) <> 'integer' OR typeof(ZVERSION) <> 'integer')"
        f"{f' AND ZASSET{some}' if some else ''} ORDER BY ZASSET"
    )


def _file_type(schema: Schema) -> str:
    """iOS 15 and later store the type in the row, iOS 13 and 14 in a separate table."""
    if schema.has(RESOURCES, "ZCOMPACTUTI"):
        return "ZCOMPACTUTI"
    table = "ZUNIFORMTYPEIDENTIFIER"
    if schema.has(RESOURCES, table) and schema.has(table, "Z_PK", "ZIDENTIFIER"):
        return f"(SELECT u.ZIDENTIFIER FROM {table} u WHERE u.Z_PK = {RESOURCES}.{table})"
    return "NULL"
