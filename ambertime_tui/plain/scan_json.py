"""A scan as JSON Lines, documented in docs/json.md. Pure."""

from __future__ import annotations

from typing import Any

from ambertime_tui.engine.api.overview import Overview
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.library.model import Asset, Availability, Resource


def library_record(overview: Overview) -> dict[str, Any]:
    """The first record."""
    return {
        "ios_model_version": overview.model_version,
        "assets": overview.assets,
        "own": overview.own,
        "from_database": overview.from_database,
        "notices": list(overview.notices),
    }


def asset_record(asset: Asset) -> dict[str, Any]:
    """The record of one asset of your own."""
    local_time = asset.local_time
    return {
        "uuid": asset.uuid,
        "kind": asset.kind.value,
        "created": None if local_time is None else local_time.isoformat(),
        "original_filename": asset.original_filename,
        "directory": asset.directory,
        "filename": asset.filename,
        "live_photo": asset.live_photo,
        "raw_pair": asset.raw_pair,
        "edited": asset.edited,
        "hidden": asset.hidden,
        "trashed": asset.trashed,
        "burst": asset.burst_uuid is not None,
        "favourite": asset.favourite,
        "ownership": asset.ownership.value,
        "availability": asset.availability.value,
        "originals": [_resource(r) for r in asset.originals],
        "edits": [_resource(r) for r in asset.edits],
    }


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        "role": resource.role.value,
        "path": resource.path,
        "size": resource.size,
        "availability": resource.availability.value,
    }


class ListedTotals:
    """Counts and bytes of the listed assets, for the last record."""

    def __init__(self) -> None:
        self._assets = dict.fromkeys(Availability, 0)
        self._bytes = dict.fromkeys(Availability, 0)
        self._originals = dict.fromkeys(Availability, 0)

    def add(self, asset: Asset) -> None:
        """Count an asset that was listed."""
        self._assets[asset.availability] += 1
        for original in asset.originals:
            self._originals[original.availability] += 1
            self._bytes[original.availability] += original.size or 0

    def record(self, overview: Overview) -> dict[str, Any]:
        """The last record."""
        chosen = overview.selected
        return {
            "listed": sum(self._assets.values()),
            "assets": {kind.value: self._assets[kind] for kind in Availability},
            "originals": {
                kind.value: {"count": self._originals[kind], "bytes": self._bytes[kind]}
                for kind in (
                    Availability.LOCAL,
                    Availability.ICLOUD,
                    Availability.MISSING,
                    Availability.PENDING,
                )
            },
            "selected": {
                "local": _tally(chosen.local),
                "icloud": _tally(chosen.icloud),
                "missing": _tally(chosen.missing),
                "pending": _tally(chosen.pending),
            },
            "undated": overview.undated.all.count,
            "without_zone": overview.without_zone,
            "left_out": [
                {"reason": left.reason, "sentence": left.sentence, "count": left.count, "bytes": left.bytes}
                for left in overview.left_out
            ],
        }


def _tally(tally: Tally) -> dict[str, int]:
    return {"count": tally.count, "bytes": tally.bytes}
