"""The planning rules: which decision each asset of a library gets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ambertime_tui import units
from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.engine.api.overview import exclusion_reason
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.namesakes import Namesakes, PlaceKey
from ambertime_tui.engine.plan.plan import NOWHERE, Decision, Plan, PlanColumns, PlannedAsset, Share, bytes_of
from ambertime_tui.library.gc_pause import gc_paused
from ambertime_tui.library.model import Asset, Availability, Library, Resource, Role

MARGIN_SHARE = 0.01
MARGIN_BYTES = 64 * 1024 * 1024
"""Free space required on the drive besides the files: the record, folders, partly used clusters."""
BYTES_PER_FILE = 64 * 1024
"""Half a cluster of a large exFAT drive: the average waste per file."""
PLANNED_AT_ONCE = 128
"""Number of assets per query to the record."""
NOTHING_BROKEN: Mapping[str, Collection[RecordedFile]] = MappingProxyType({})


Recorded = Callable[[Sequence[str]], Mapping[str, Mapping[Role, int]]]
"""Returns what a drive has of some assets: by uuid, the bytes of the latest file of each role."""


def nothing_recorded(uuids: Sequence[str]) -> Mapping[str, Mapping[Role, int]]:
    """Return what an empty drive has: nothing."""
    return {}


class PlanBuilder:
    """Builds a plan from the assets of a scan, one by one."""

    def __init__(
        self,
        selection: Selection,
        recorded: Recorded = nothing_recorded,
        largest_file: int | None = None,
        broken: Mapping[str, Collection[RecordedFile]] = NOTHING_BROKEN,
        place_key: PlaceKey | None = None,
    ) -> None:
        """
        Args:
            selection: what to back up.
            recorded: what the drive already has of this phone; called for a hundred assets at a time.
            largest_file: largest file the drive can store, in bytes; None: no limit.
            broken: recorded files that are damaged or missing on the drive, by uuid. They are copied again.
            place_key: returns the same key for assets that would get the same name on the drive.
        """
        self._namesakes = None if place_key is None else Namesakes(place_key)
        self._selection = selection
        self._recorded = recorded
        self._largest_file = largest_file
        self._broken = broken
        self._columns = PlanColumns()
        self._waiting: list[Asset] = []

    def add(self, asset: Asset) -> None:
        """The next asset of the library."""
        if self._namesakes is not None:
            self._namesakes.add(asset)
        self._waiting.append(asset)
        if len(self._waiting) == PLANNED_AT_ONCE:
            self._plan_them()

    def plan(self, assets: Sequence[Asset]) -> Plan:
        """Return the plan for all added assets, which must equal `assets`."""
        self._plan_them()
        later = frozenset[int]()
        if self._namesakes is not None:
            later = self._namesakes.later(assets, self._columns.created)
            self._namesakes = None  # free its memory before the plan builds its index
        return Plan(assets, self._columns, later)

    def _plan_them(self) -> None:
        recorded = self._recorded([asset.uuid for asset in self._waiting])
        for asset in self._waiting:
            broken = {file.role for file in self._broken.get(asset.uuid, ())}
            on_drive = _OnDrive(recorded.get(asset.uuid, {}), broken)
            self._columns.add(_planned(asset, self._selection, on_drive, self._largest_file))
        self._waiting.clear()


def make_plan(
    library: Library,
    selection: Selection,
    recorded: Recorded = nothing_recorded,
    largest_file: int | None = None,
    broken: Mapping[str, Collection[RecordedFile]] = NOTHING_BROKEN,
) -> Plan:
    """Plan a whole library: see `PlanBuilder`."""
    builder = PlanBuilder(selection, recorded, largest_file, broken)
    with gc_paused():
        for asset in library.assets:
            builder.add(asset)
        return builder.plan(library.assets)


def _planned(
    asset: Asset, selection: Selection, on_drive: _OnDrive, largest_file: int | None
) -> PlannedAsset:
    because = exclusion_reason(asset, selection)
    if because is not None:
        reason, sentence = because
        return PlannedAsset(asset, Decision.EXCLUDED, (), bytes_of(asset.originals), reason, sentence)
    lacking = [r for r in wanted(asset, selection) if not on_drive.has(r)]
    local = tuple(r for r in lacking if r.availability is Availability.LOCAL)
    originals = [r for r in lacking if r.role.is_original]
    away = [r for r in originals if r.availability is Availability.ICLOUD]
    gone = [r for r in originals if r.availability in NOWHERE]
    if not asset.originals:
        return PlannedAsset(asset, Decision.CANNOT, (), 0, "missing", "The library lists no original for it.")
    if away:
        to_take = tuple(r for r in lacking if r.availability not in NOWHERE)
        return _fitting(asset, Decision.FETCH, to_take, largest_file, "icloud", STILL_IN_ICLOUD)
    edits_away = any(r.availability is Availability.ICLOUD for r in lacking)
    about = (EDIT_IN_ICLOUD, _EDIT_AWAY) if edits_away else ("", "")
    if local:
        return _fitting(asset, Decision.COPY, local, largest_file, *about)
    if gone:
        return PlannedAsset(asset, Decision.CANNOT, (), bytes_of(gone), *why_nowhere(gone))
    return PlannedAsset(asset, Decision.ALREADY, (), bytes_of(asset.originals), *about)


@dataclass(frozen=True, slots=True)
class _OnDrive:
    """The files of an asset that are on the drive."""

    sizes: Mapping[Role, int]
    broken: Collection[Role]

    def has(self, resource: Resource) -> bool:
        """Whether a file is on the drive. Originals never change; another size of an edit means a new
        edit."""
        size = self.sizes.get(resource.role)
        if size is None or resource.role in self.broken:
            return False
        return resource.role.is_original or resource.size in (None, size)


EDIT_TOO_LARGE = "edit_too_large"
"""Reason: the originals are copied, but the drive cannot store the edit."""
EDIT_IN_ICLOUD = "edit_icloud"
"""Reason: the originals are copied, but the edit is only in iCloud."""
_EDIT_AWAY = (
    "The original is on the drive; its edit is only in iCloud. Open the photo on the iPhone to download the "
    "edit, then run the backup again."
)
STILL_IN_ICLOUD = (
    "Its original is only in iCloud. Include iCloud originals, or open it on the iPhone, and run again."
)


PENDING_SENTENCE = (
    "The iPhone is still processing this item, so its original does not exist yet. Open it in Photos on the "
    "iPhone, wait until it is sharp, and run again."
)


def why_nowhere(gone: Iterable[Resource]) -> tuple[str, str]:
    """The reason and the sentence for originals that are neither on the phone nor in iCloud."""
    lost = [r for r in gone if r.availability is Availability.MISSING]
    return ("missing", missing_sentence(lost)) if lost else ("pending", PENDING_SENTENCE)


def missing_sentence(gone: Iterable[Resource]) -> str:
    """Explain why originals that are neither on the phone nor in iCloud are left out."""
    names = ", ".join(r.name for r in gone)
    return (
        f"{names} is neither on the iPhone nor in iCloud. Open it in Photos on the iPhone. If it opens, run "
        "again; if not, the library has lost this file."
    )


def wanted(asset: Asset, selection: Selection) -> tuple[Resource, ...]:
    """Return the resources of an asset that a selection includes."""
    return asset.resources if selection.edits else asset.originals


def room_needed(share: Share) -> int:
    """Return the free bytes the drive needs for some assets, including a margin."""
    if not share.files:
        return 0
    return int(share.bytes * (1 + MARGIN_SHARE)) + share.files * BYTES_PER_FILE + MARGIN_BYTES


def _fitting(
    asset: Asset,
    decision: Decision,
    resources: tuple[Resource, ...],
    largest_file: int | None,
    reason: str = "",
    sentence: str = "",
) -> PlannedAsset:
    too_large = [r for r in resources if largest_file is not None and (r.size or 0) > largest_file]
    original = next((r for r in too_large if r.role.is_original), None)
    if original is not None:
        return PlannedAsset(
            asset,
            Decision.CANNOT,
            (),
            bytes_of(resources),
            "too_large_for_drive",
            f"{original.name} has {units.size(original.size or 0)}, and this drive's file system stores "
            f"files up to {units.size(largest_file or 0)}. Use a drive with exFAT or ext4.",
        )
    if too_large:
        resources = tuple(r for r in resources if r not in too_large)
        if not reason:
            reason = EDIT_TOO_LARGE
            sentence = (
                f"The original is on the drive; its edit has {units.size(too_large[0].size or 0)}, and this "
                f"drive's file system stores files up to {units.size(largest_file or 0)}. Use a drive with "
                "exFAT or ext4 to include it."
            )
        if not resources:
            return PlannedAsset(asset, Decision.ALREADY, (), bytes_of(asset.originals), reason, sentence)
    return PlannedAsset(asset, decision, resources, bytes_of(resources), reason, sentence)
