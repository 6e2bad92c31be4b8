"""The rows of a library database, asset by asset.

Three cursors, each in the order of the asset's primary key, are read side by side: assets, their additional
attributes, the records of their files. So nothing has to be held but the rows of one asset, and SQLite joins
nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from ambertime_tui.library.notices import Notices
from ambertime_tui.library.schema import ATTRIBUTES, RESOURCES, Schema

Row = tuple[object, ...]
"""A foreign row: any column can hold a value of any type."""

_BEFORE_ALL = -(1 << 63)


class AssetRow(NamedTuple):
    """The columns of an asset's own row."""

    key: object
    uuid: object
    directory: object
    filename: object
    created: object
    added: object
    kind: object
    subtype: object
    hidden: object
    trashed: object
    favourite: object
    edited: object
    burst: object
    saved_type: object
    bundle_scope: object
    published: object
    """1 where ZCLOUDBATCHPUBLISHDATE is set."""
    collection_share: object
    """1 where ZCOLLECTIONSHARE is set."""
    library_scope: object
    """1 where ZLIBRARYSCOPE is set."""
    master_state: object
    """ZCLOUDLOCALSTATE of the asset's ZCLOUDMASTER."""


class AttributesRow(NamedTuple):
    """The columns of an asset's row of ZADDITIONALASSETATTRIBUTES."""

    asset: object = None
    original_filename: object = None
    zone_offset: object = None
    zone_name: object = None
    title: object = None
    original_size: object = None


class ResourceRow(NamedTuple):
    """The columns of a row of ZINTERNALRESOURCE."""

    asset: object
    kind: object
    subtype: object
    store: object
    """ZDATASTORECLASSID: 0 is the person's own library."""
    version: object
    recipe: object
    local: object
    remote: object
    cloud_state: object
    length: object
    file_type: object
    """Compact or uniform type identifier."""


def rows_by_asset(
    database: sqlite3.Connection, schema: Schema, notices: Notices
) -> Iterator[tuple[AssetRow, AttributesRow, list[ResourceRow]]]:
    """Each asset with its additional attributes and the records of its files, in the order of Z_PK.

    Raises:
        sqlite3.Error: the database is damaged.
    """
    attributes = _Groups(database.execute(_attributes_query(schema)), ATTRIBUTES, notices)
    resources = _Groups(database.execute(_resources_query(schema)), RESOURCES, notices)
    none = AttributesRow()
    for row in map(AssetRow._make, database.execute(_assets_query(schema))):
        if type(row.key) is not int:
            continue
        about = attributes.of(row.key)
        files = resources.of(row.key)
        yield row, AttributesRow._make(about[0]) if about else none, list(map(ResourceRow._make, files))
    attributes.finish()
    resources.finish()


class _Groups:
    """The rows of one table by asset; to be asked in ascending order of keys."""

    def __init__(self, rows: Iterator[Row], table: str, notices: Notices) -> None:
        self._rows = rows
        self._table = table
        self._notices = notices
        self._lost = 0
        self._ahead: Row | None = None
        self._ahead_key = _BEFORE_ALL
        self._step()

    def of(self, key: int) -> list[Row]:
        """All rows of an asset."""
        while self._ahead is not None and self._ahead_key < key:
            self._step()
        group = []
        while self._ahead is not None and self._ahead_key == key:
            group.append(self._ahead)
            self._step()
        return group

    def finish(self) -> None:
        """Read the rest, and tell of rows that say of no asset that they are its own."""
        while self._ahead is not None:
            self._step()
        if self._lost:
            self._notices.say(
                f"{self._lost:,} rows of {self._table} do not say to which asset they belong; left out."
            )

    def _step(self) -> None:
        for row in self._rows:
            key = row[0]
            if type(key) is not int:
                self._lost += 1
                continue
            if key < self._ahead_key:
                raise sqlite3.DatabaseError(f"the index of {self._table} is out of order")
            self._ahead, self._ahead_key = row, key
            return
        self._ahead = None


def _assets_query(schema: Schema) -> str:
    table = schema.asset_table
    column = schema.column
    master = "NULL"
    if schema.has(table, "ZMASTER") and schema.has("ZCLOUDMASTER", "Z_PK", "ZCLOUDLOCALSTATE"):
        master = f"(SELECT m.ZCLOUDLOCALSTATE FROM ZCLOUDMASTER m WHERE m.Z_PK = {table}.ZMASTER)"
    columns = AssetRow(
        key="Z_PK",
        uuid="ZUUID",
        directory="ZDIRECTORY",
        filename="ZFILENAME",
        created="ZDATECREATED",
        added=column(table, "ZADDEDDATE"),
        kind="ZKIND",
        subtype=column(table, "ZKINDSUBTYPE", otherwise="0"),
        hidden="ZHIDDEN",
        trashed="ZTRASHEDSTATE",
        favourite=column(table, "ZFAVORITE", otherwise="0"),
        edited=column(table, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS", otherwise="0"),
        burst=column(table, "ZAVALANCHEUUID"),
        saved_type=column(table, "ZSAVEDASSETTYPE", otherwise="3"),
        bundle_scope=f"ifnull({column(table, 'ZBUNDLESCOPE')}, 0)",
        published=f"{column(table, 'ZCLOUDBATCHPUBLISHDATE')} IS NOT NULL",
        collection_share=f"{column(table, 'ZCOLLECTIONSHARE')} IS NOT NULL",
        library_scope=f"{column(table, 'ZLIBRARYSCOPE')} IS NOT NULL",
        master_state=master,
    )
    return f"SELECT {', '.join(map(str, columns))} FROM {table} ORDER BY Z_PK"


def _attributes_query(schema: Schema) -> str:
    if not schema.has(ATTRIBUTES, "ZASSET"):
        return "SELECT NULL WHERE 0"
    columns = AttributesRow(
        asset="ZASSET",
        original_filename=schema.column(ATTRIBUTES, "ZORIGINALFILENAME"),
        zone_offset=schema.column(ATTRIBUTES, "ZTIMEZONEOFFSET"),
        zone_name=schema.column(ATTRIBUTES, "ZTIMEZONENAME"),
        title=schema.column(ATTRIBUTES, "ZTITLE"),
        original_size=schema.column(ATTRIBUTES, "ZORIGINALFILESIZE"),
    )
    return f"SELECT {', '.join(map(str, columns))} FROM {ATTRIBUTES} ORDER BY ZASSET"


def _resources_query(schema: Schema) -> str:
    """Originals and edits. A row whose version or recipe is no number stays in: it may be an original."""
    columns = ResourceRow(
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
    )
    return (
        f"SELECT {', '.join(map(str, columns))} FROM {RESOURCES} WHERE ZRECIPEID = 0 OR ZVERSION = 2 "
        "OR typeof(ZRECIPEID) <> 'integer' OR typeof(ZVERSION) <> 'integer' ORDER BY ZASSET"
    )


def _file_type(schema: Schema) -> str:
    """iOS 15 and later keep the type in the row; iOS 13 and 14 in a table of its own."""
    if schema.has(RESOURCES, "ZCOMPACTUTI"):
        return "ZCOMPACTUTI"
    table = "ZUNIFORMTYPEIDENTIFIER"
    if schema.has(RESOURCES, table) and schema.has(table, "Z_PK", "ZIDENTIFIER"):
        return f"(SELECT u.ZIDENTIFIER FROM {table} u WHERE u.Z_PK = {RESOURCES}.{table})"
    return "NULL"
