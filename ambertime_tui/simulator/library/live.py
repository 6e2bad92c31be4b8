"""A library in use: originals are offloaded and downloaded again, and the database is updated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from ambertime_tui.simulator.library.content import derivative
from ambertime_tui.simulator.library.core_data import close_keeping_log, connect, core_data_time, transaction
from ambertime_tui.simulator.library.database import asset_keys
from ambertime_tui.simulator.library.flags import (
    RESOURCE_ROW,
    mark_arrived,
    mark_not_remote,
    mark_purged,
)
from ambertime_tui.simulator.library.history import write_history
from ambertime_tui.simulator.library.made_assets import ORIGINAL_ROLES, MadeAsset, MadeResource
from ambertime_tui.simulator.library.made_library import MadeLibrary
from ambertime_tui.simulator.library.media_tree import Derivatives, modified_at
from ambertime_tui.simulator.library.schema import schema_for


class LiveLibrary:
    """A generated library whose originals are purged and restored, over a normal connection in WAL mode.

    Every change is a separate transaction, as in Photos. The `MadeLibrary` still describes the library as it
    was generated; `where` returns the current state. Not thread-safe.
    """

    def __init__(self, library: MadeLibrary, clock: Callable[[], float] = time.time) -> None:
        self._library = library
        self._clock = clock
        self._schema = schema_for(library.recipe.ios)
        self._assets = library.by_uuid
        self._connection = connect(library.database)
        self._keys = asset_keys(self._connection, self._schema)
        self._derivatives = Derivatives(library)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and keep its log."""
        close_keeping_log(self._connection, self._library.database)

    def where(self, uuid: str) -> dict[str, tuple[bool, bool]]:
        """Return, by role of each original, whether it is flagged as local and whether its file exists."""
        asset = self._assets[uuid]
        found = {}
        for resource in asset.originals:
            kind, _, version, recipe = RESOURCE_ROW[resource.role]
            row = self._connection.execute(
                "SELECT ZLOCALAVAILABILITY FROM ZINTERNALRESOURCE WHERE ZASSET = ? AND ZDATASTORECLASSID = 0"
                " AND ZRESOURCETYPE = ? AND ZVERSION = ? AND ZRECIPEID = ?",
                (self._keys[uuid], kind, version, recipe),
            ).fetchone()
            found[resource.role] = (row is not None and row[0] > 0, self._path(resource).exists())
        return found

    def purge(self, uuid: str, roles: Iterable[str] | None = None) -> None:
        """Offload originals: first the flags, in one transaction, then the files.

        Args:
            uuid: The asset.
            roles: The roles to offload; None: all originals of the asset.
        """
        asset, resources = self._chosen(uuid, roles)
        self.flag_purged(uuid, [resource.role for resource in resources])
        self.remove_files(uuid, [resource.role for resource in resources])
        gone = asset.with_resources(tuple(_absent(r) if r in resources else r for r in asset.resources))
        self._derivatives.write(gone)

    def arrive(self, uuid: str, roles: Iterable[str] | None = None) -> int:
        """Download originals: first the files, byte for byte, then the flags, in one transaction.

        Args:
            uuid: The asset.
            roles: The roles to download; None: all originals of the asset.

        Returns:
            The number of downloaded bytes.
        """
        _, resources = self._chosen(uuid, roles)
        chosen = [resource.role for resource in resources]
        size = self.place_files(uuid, chosen)
        self.flag_arrived(uuid, chosen)
        return size

    def flag_purged(self, uuid: str, roles: Iterable[str] | None = None) -> None:
        """First half of a purge: update the database."""
        _, resources = self._chosen(uuid, roles)
        with transaction(self._connection) as connection:
            now = core_data_time(self._clock())
            key = self._keys[uuid]
            mark_purged(connection, self._schema, key, [resource.role for resource in resources], now)
            write_history(connection, self._schema, [key], now)

    def remove_files(self, uuid: str, roles: Iterable[str] | None = None) -> None:
        """Second half of a purge: delete the files."""
        for resource in self._chosen(uuid, roles)[1]:
            self._path(resource).unlink(missing_ok=True)

    def place_files(self, uuid: str, roles: Iterable[str] | None = None) -> int:
        """First half of a download: write files to a cache and rename them. Return the number of bytes."""
        asset, resources = self._chosen(uuid, roles)
        staging = self._library.media / "PhotoData" / "CPL" / "storage" / "filecache"
        staging.mkdir(parents=True, exist_ok=True)
        for resource in resources:
            path = self._path(resource)
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = staging / f"{asset.uuid}.{resource.role}"
            self._library.content(asset, resource).write_to(staged, modified_at(asset))
            staged.replace(path)
        return sum(resource.size for resource in resources)

    def place_smaller(self, uuid: str, role: str) -> None:
        """Put a smaller version at the path of an original: at most half of its bytes."""
        asset, resources = self._chosen(uuid, [role])
        for resource in resources:
            path = self._path(resource)
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = self._library.folder / f"{asset.uuid}.{resource.role}.smaller"
            staged.write_bytes(derivative(self._library.recipe.seed, 0)[: resource.size // 2])
            staged.replace(path)

    def flag_arrived(self, uuid: str, roles: Iterable[str] | None = None) -> None:
        """Second half of a download: update the database."""
        _, resources = self._chosen(uuid, roles)
        files = [(r.role, r.name, self._path(r).stat().st_ino) for r in resources]
        with transaction(self._connection) as connection:
            now = core_data_time(self._clock())
            key = self._keys[uuid]
            mark_arrived(connection, self._schema, key, files, now)
            write_history(connection, self._schema, [key], now)

    def flag_not_remote(self, uuid: str, roles: Iterable[str]) -> None:
        """Mark originals as not in iCloud, as a failed download does."""
        with transaction(self._connection) as connection:
            mark_not_remote(connection, self._schema, self._keys[uuid], roles)

    def flag_processed(self, uuid: str) -> None:
        """Note that iOS has made the originals of an asset."""
        self._set_columns(uuid, {"ZDEFERREDPROCESSINGNEEDED": 0, "ZVIDEODEFERREDPROCESSINGNEEDED": 0})

    def move_date(self, uuid: str, seconds: float) -> None:
        """Move the capture date of an asset."""
        with transaction(self._connection) as connection:
            connection.execute(
                f"UPDATE {self._schema.asset_table} SET ZDATECREATED = ZDATECREATED + ? WHERE Z_PK = ?",
                (seconds, self._keys[uuid]),
            )

    def _set_columns(self, uuid: str, values: dict[str, int]) -> None:
        table = self._schema.asset_table
        with transaction(self._connection) as connection:
            for column in values.keys() & self._schema.columns[table]:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? WHERE Z_PK = ?", (values[column], self._keys[uuid])
                )

    def _chosen(self, uuid: str, roles: Iterable[str] | None) -> tuple[MadeAsset, list[MadeResource]]:
        asset = self._assets[uuid]
        wanted = ORIGINAL_ROLES if roles is None else tuple(roles)
        return asset, [resource for resource in asset.resources if resource.role in wanted]

    def _path(self, resource: MadeResource) -> Path:
        return self._library.media / resource.path


def _absent(resource: MadeResource) -> MadeResource:
    return replace(resource, present=False)
