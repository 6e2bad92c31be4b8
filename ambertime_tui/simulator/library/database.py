"""Write Photos.sqlite: first the rows, then the indexes. The newest changes are only in its log."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ambertime_tui.simulator.library.albums import write_albums, write_members, write_people, write_shares
from ambertime_tui.simulator.library.core_data import (
    TableWriter,
    close_keeping_log,
    connect,
    core_data_time,
    transaction,
)
from ambertime_tui.simulator.library.flags import RESOURCE_ROW, mark_purged
from ambertime_tui.simulator.library.grown import GROUP, GrownRows
from ambertime_tui.simulator.library.made_assets import MadeAsset
from ambertime_tui.simulator.library.made_library import MadeLibrary
from ambertime_tui.simulator.library.rows import (
    ASSET_CONSTANTS,
    ATTRIBUTE_CONSTANTS,
    PURGED_AT,
    RESOURCE_CONSTANTS,
    asset_row,
    attributes_row,
    master_row,
    resource_rows,
)
from ambertime_tui.simulator.library.schema import Schema, schema_for
from ambertime_tui.simulator.library.variants import FILE_TYPES

_NEWEST = 12
"""Maximum number of assets, and of purges, that are only in the log. A phone's log holds up to 4 MB."""
_LAYOUT = ("page_size = 4096", "auto_vacuum = 2")
_BULK = ("journal_mode = OFF", "temp_store = MEMORY", "cache_size = -262144")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_database(library: MadeLibrary) -> None:
    """Write Photos.sqlite and its log into an existing folder.

    Without the log, a reader sees too few assets, and some purged originals as local.
    """
    schema = schema_for(library.recipe.ios)
    path = library.database
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    connection = connect(path)
    try:
        for pragma in (*_LAYOUT, *_BULK):
            connection.execute(f"PRAGMA {pragma}")
        assets = library.assets
        held_back = min(_NEWEST, len(assets) // 20)
        settled = assets[: len(assets) - held_back]
        late = [a for a in settled if a.state == "icloud"][-min(_NEWEST, len(assets) // 20) or len(settled) :]
        with transaction(connection):
            _create(connection, schema)
            rows = _AssetRows(connection, schema, library)
            late_uuids = {asset.uuid for asset in late}
            at_first = [_before_purge(asset) if asset.uuid in late_uuids else asset for asset in settled]
            if library.recipe.grown:
                _write_over_years(connection, schema, library, rows, at_first)
            else:
                for asset in at_first:
                    rows.add(asset)
                rows.finish()
            write_shares(connection, schema)
            album_keys = write_albums(connection, schema, library.albums)
            write_members(connection, schema, library.albums, album_keys, rows.keys, settled)
            write_people(connection, schema, settled, rows.keys)
        if not library.recipe.grown:
            _create_indexes(connection, schema)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        newest = assets[len(settled) :]
        _write_log(connection, schema, rows, late, newest)
        with transaction(connection):
            write_members(connection, schema, library.albums, album_keys, rows.keys, newest)
            write_people(connection, schema, newest, rows.keys)
    finally:
        close_keeping_log(connection, path)


def asset_keys(connection: sqlite3.Connection, schema: Schema) -> dict[str, int]:
    """Return the primary keys of the assets, by UUID."""
    return dict(connection.execute(f"SELECT ZUUID, Z_PK FROM {schema.asset_table}").fetchall())


def _write_over_years(
    connection: sqlite3.Connection,
    schema: Schema,
    library: MadeLibrary,
    rows: _AssetRows,
    assets: Sequence[MadeAsset],
) -> None:
    """Write assets in small groups into an indexed database, each with what Photos computes about it.

    So the pages of all tables and indexes alternate, as in a library that grew over years.
    """
    for statement in _statements(schema.indexes):
        connection.execute(statement)
    grown = GrownRows(connection, schema, library.recipe.seed, len(library.assets))
    for start in range(0, len(assets), GROUP):
        group = assets[start : start + GROUP]
        for asset in group:
            rows.add(asset)
        rows.finish()
        grown.add(group, rows.keys)
    grown.finish()


def _write_log(
    connection: sqlite3.Connection,
    schema: Schema,
    rows: _AssetRows,
    late: Sequence[MadeAsset],
    newest: Sequence[MadeAsset],
) -> None:
    with transaction(connection):
        for asset in late:
            roles = [r.role for r in asset.resources if r.flag == "icloud" and r.role in RESOURCE_ROW]
            mark_purged(connection, schema, rows.keys[asset.uuid], roles, PURGED_AT)
    for some in (newest[::2], newest[1::2]):
        with transaction(connection):
            for asset in some:
                rows.add(asset)
            rows.finish()


def _create(connection: sqlite3.Connection, schema: Schema) -> None:
    for statement in _statements(schema.tables):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO Z_METADATA (Z_VERSION, Z_UUID, Z_PLIST) VALUES (1, ?, ?)",
        ("3C434AF9-440E-438B-8D5C-7E017CAAA61D", schema.metadata()),
    )
    if "ZUNIFORMTYPEIDENTIFIER" in schema.columns:
        types = TableWriter(connection, schema, "ZUNIFORMTYPEIDENTIFIER", "UniformTypeIdentifier")
        for kind in FILE_TYPES:
            types.add(
                {
                    "ZIDENTIFIER": kind.uti,
                    "ZCONFORMSTOIMAGE": int(kind.conformance in (1, 2)),
                    "ZCONFORMSTORAWIMAGE": int(kind.conformance == 2),
                    "ZCONFORMSTOMOVIE": int(kind.conformance == 3),
                }
            )
        types.finish()


def _create_indexes(connection: sqlite3.Connection, schema: Schema) -> None:
    table, tree = schema.asset_table, f"Z_RT_{schema.asset_table.removeprefix('Z').title()}_boundedByRect"
    tree = next(name for name in schema.columns if name.lower() == tree.lower())
    with transaction(connection):
        connection.execute(
            f"INSERT INTO {tree} SELECT Z_PK, ZLATITUDE, ZLATITUDE, ZLONGITUDE, ZLONGITUDE FROM {table}"
        )
        for statement in _statements(schema.indexes):
            connection.execute(statement)


def _statements(sql: str) -> list[str]:
    """Split a schema file into statements. Each statement starts on a new line."""
    found, current = [], ""
    for line in sql.splitlines():
        if line.startswith("--"):
            continue
        current += line + "\n"
        if sqlite3.complete_statement(current):
            found.append(current.strip())
            current = ""
    return [statement for statement in found if statement]


def _before_purge(asset: MadeAsset) -> MadeAsset:
    return asset.with_resources(tuple(replace(r, flag="local") for r in asset.resources))


class _AssetRows:
    """Adds assets with all their rows, and keeps their keys."""

    def __init__(self, connection: sqlite3.Connection, schema: Schema, library: MadeLibrary) -> None:
        def table(name: str, entity: str, constants: Mapping[str, int] | None = None) -> TableWriter:
            return TableWriter(connection, schema, name, entity, constants or {})

        root = "Asset" if schema.asset_table == "ZASSET" else "GenericAsset"
        self._assets = table(schema.asset_table, root, ASSET_CONSTANTS)
        self._asset_entity = schema.asset_entity
        self._attributes = table(
            "ZADDITIONALASSETATTRIBUTES", "AdditionalAssetAttributes", ATTRIBUTE_CONSTANTS
        )
        self._masters = table("ZCLOUDMASTER", "CloudMaster")
        self._resources = table("ZINTERNALRESOURCE", "InternalResource", RESOURCE_CONSTANTS)
        self._moments = table("ZMOMENT", "Moment")
        self._moment_of_day: dict[tuple[int, int, int], int] = {}
        self._icloud_photos = library.recipe.icloud_photos
        self._total = len(library.assets)
        self.keys: dict[str, int] = {}

    def add(self, asset: MadeAsset) -> None:
        """Add one asset."""
        in_cloud = self._icloud_photos and asset.ownership in ("own", "shared_library", "icloud_link")
        key = self._assets.last_key + 1
        # Attributes are numbered in reverse, so that a join on the wrong key finds the wrong row.
        attributes = self._total + 1 - key
        master = self._masters.add(master_row(asset)) if in_cloud else None
        self._assets.add(
            asset_row(asset, attributes, master, self._moment(asset), in_cloud), key, self._asset_entity
        )
        self._attributes.add(attributes_row(asset, key), attributes)
        for row in resource_rows(asset, key, in_cloud):
            self._resources.add(row)
        self.keys[asset.uuid] = key

    def finish(self) -> None:
        """Write the pending rows."""
        for table in (self._moments, self._masters, self._assets, self._attributes, self._resources):
            table.finish()

    def _moment(self, asset: MadeAsset) -> int | None:
        if asset.undated or asset.created is None or asset.burst_pick == 2:
            return None
        day = _EPOCH + timedelta(seconds=asset.created + (asset.zone_offset or 0))
        known = self._moment_of_day.get((day.year, day.month, day.day))
        if known is None:
            seconds = core_data_time(asset.created)
            known = self._moments.add(
                {
                    "ZUUID": f"{asset.uuid[:-4]}0000",
                    "ZSTARTDATE": seconds,
                    "ZENDDATE": seconds,
                    "ZREPRESENTATIVEDATE": seconds,
                    "ZTIMEZONEOFFSET": asset.zone_offset,
                    "ZTRASHEDSTATE": 0,
                    "ZAGGREGATIONSCORE": -1.0,
                }
            )
            self._moment_of_day[(day.year, day.month, day.day)] = known
        return known
