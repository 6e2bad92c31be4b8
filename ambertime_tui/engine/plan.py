"""What a job would do: for each asset of the library exactly one fate. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.drive.recorded import RecordedAsset, RecordedFile
from ambertime_tui.engine.overview import left_out_because
from ambertime_tui.engine.spec import Selection
from ambertime_tui.engine.status import Tally
from ambertime_tui.library.collector import collector_paused
from ambertime_tui.library.model import Asset, Availability, Library, Resource

MARGIN_SHARE = 0.01
MARGIN_BYTES = 64 * 1024 * 1024
"""What has to stay free on the drive beside the files: the record, folders, the ends of clusters."""
BYTES_PER_FILE = 64 * 1024
"""Half a cluster of a large exFAT drive, which each file wastes on average."""


class Fate(StrEnum):
    """What becomes of an asset in a job."""

    COPY = "copy"
    FETCH = "fetch"
    """One of its originals has to come from iCloud first."""
    ALREADY = "already"
    EXCLUDED = "excluded"
    """Not in the selection."""
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class PlannedAsset:
    """An asset, and what becomes of it."""

    asset: Asset
    fate: Fate
    resources: tuple[Resource, ...] = ()
    """The files to take: what the selection wants, can be had, and is not on the drive yet."""
    bytes: int = 0
    """Of `resources`, or of what is on the drive, or left out; as far as the library knows sizes."""
    reason: str = ""
    """A stable word for EXCLUDED, CANNOT and FETCH."""
    sentence: str = ""
    """The same for people, with what to do."""

    @property
    def day(self) -> str:
        """Local day of capture, ISO; empty: undated."""
        day = self.asset.day
        return "" if day is None else day.isoformat()


@dataclass(frozen=True, slots=True)
class Plan:
    """One PlannedAsset for each asset of the library, in the library's order."""

    assets: tuple[PlannedAsset, ...]

    def with_fate(self, fate: Fate) -> tuple[PlannedAsset, ...]:
        """Those with one fate, in the order of capture, undated ones last."""
        return tuple(sorted((a for a in self.assets if a.fate is fate), key=by_capture))

    def tally(self, fate: Fate) -> Tally:
        """How many have a fate, and their bytes."""
        count = size = 0
        for planned in self.assets:
            if planned.fate is fate:
                count += 1
                size += planned.bytes
        return Tally(count, size)


def by_capture(planned: PlannedAsset) -> tuple[bool, float, str]:
    """Sort key: oldest first, undated last, the same in every run."""
    created = planned.asset.created
    return (created is None, created or 0.0, planned.asset.uuid)


def make_plan(
    library: Library,
    selection: Selection,
    recorded: Mapping[str, RecordedAsset],
    largest_file: int | None = None,
    broken: Mapping[str, Collection[RecordedFile]] | None = None,
) -> Plan:
    """The fate of each asset.

    Args:
        library: what is on the phone, each original with its availability.
        selection: what is wanted.
        recorded: what the drive has already of this phone, by asset uuid.
        largest_file: bytes that one file may have on the drive; None: no limit.
        broken: recorded files that are damaged or missing on the drive, by asset uuid: to be taken again.
    """
    planned = []
    with collector_paused():
        for asset in library.assets:
            on_drive = _Recorded(recorded.get(asset.uuid), (broken or {}).get(asset.uuid, ()))
            planned.append(_planned(asset, selection, on_drive, largest_file))
    return Plan(tuple(planned))


def _planned(
    asset: Asset, selection: Selection, recorded: _Recorded, largest_file: int | None
) -> PlannedAsset:
    because = left_out_because(asset, selection)
    if because is not None:
        reason, sentence = because
        return PlannedAsset(asset, Fate.EXCLUDED, (), bytes_of(asset.originals), reason, sentence)
    lacking = [r for r in wanted(asset, selection) if not recorded.has(r)]
    local = tuple(r for r in lacking if r.availability is Availability.LOCAL)
    originals = [r for r in lacking if r.role.is_original]
    away = [r for r in originals if r.availability is Availability.ICLOUD]
    gone = [r for r in originals if r.availability is Availability.MISSING]
    if not asset.originals:
        return PlannedAsset(asset, Fate.CANNOT, (), 0, "missing", "The library knows of no original of it.")
    if away:
        to_take = tuple(r for r in lacking if r.availability is not Availability.MISSING)
        return _fitting(asset, Fate.FETCH, to_take, largest_file, "icloud", STILL_IN_ICLOUD)
    if local:
        return _fitting(asset, Fate.COPY, local, largest_file)
    if gone:
        return PlannedAsset(asset, Fate.CANNOT, (), bytes_of(gone), "missing", missing_sentence(gone))
    return PlannedAsset(asset, Fate.ALREADY, (), bytes_of(asset.originals))


class _Recorded:
    """What the drive has of an asset."""

    def __init__(self, recorded: RecordedAsset | None, broken: Collection[RecordedFile]) -> None:
        self._recorded = recorded
        self._broken = {file.role for file in broken}

    def has(self, resource: Resource) -> bool:
        """Originals never change; of an edit another size means that the photo was edited again."""
        if self._recorded is None or resource.role in self._broken:
            return False
        file = self._recorded.current(resource.role)
        if file is None:
            return False
        return resource.role.is_original or resource.size in (None, file.size)


STILL_IN_ICLOUD = (
    "Its original is only in iCloud. Include iCloud originals, or let the iPhone download it, and run again."
)


def missing_sentence(gone: Iterable[Resource]) -> str:
    """Why originals that are neither on the phone nor in iCloud are not taken."""
    names = ", ".join(r.name for r in gone)
    return (
        f"{names} is neither on the iPhone nor in iCloud. Open it in Photos on the iPhone: if it shows, run "
        "again; if not, this file is lost to the library, too."
    )


def wanted(asset: Asset, selection: Selection) -> tuple[Resource, ...]:
    """The resources of an asset that a selection takes."""
    return asset.resources if selection.edits else asset.originals


def bytes_of(resources: Iterable[Resource]) -> int:
    """Bytes as far as the library knows them."""
    return sum(r.size or 0 for r in resources)


def missing_originals(asset: Asset) -> tuple[Resource, ...]:
    """The originals that can be had from nowhere; the rest of the asset is archived without them."""
    return tuple(r for r in asset.originals if r.availability is Availability.MISSING)


def room_needed(planned: Iterable[PlannedAsset]) -> int:
    """Bytes the drive has to have free for these, with a margin."""
    size = files = 0
    for one in planned:
        size += one.bytes
        files += len(one.resources)
    return 0 if not files else int(size * (1 + MARGIN_SHARE)) + files * BYTES_PER_FILE + MARGIN_BYTES


def _fitting(
    asset: Asset,
    fate: Fate,
    resources: tuple[Resource, ...],
    largest_file: int | None,
    reason: str = "",
    sentence: str = "",
) -> PlannedAsset:
    if largest_file is not None:
        for resource in resources:
            if resource.size is not None and resource.size > largest_file:
                return PlannedAsset(
                    asset,
                    Fate.CANNOT,
                    (),
                    bytes_of(resources),
                    "too_large_for_drive",
                    f"{resource.name} has {resource.size / 1e9:.1f} GB, and this drive's file system holds "
                    f"files up to {largest_file / 1e9:.1f} GB. Use a drive with exFAT or ext4.",
                )
    return PlannedAsset(asset, fate, resources, bytes_of(resources), reason, sentence)
