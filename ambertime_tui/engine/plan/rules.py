"""Planning: the rules by which each asset of a library gets its decision. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.engine.api.overview import exclusion_reason
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.namesakes import Namesakes, PlaceKey
from ambertime_tui.engine.plan.plan import Decision, Plan, PlanColumns, PlannedAsset, Share, bytes_of
from ambertime_tui.library.gc_pause import gc_paused
from ambertime_tui.library.model import Asset, Availability, Library, Resource, Role

MARGIN_SHARE = 0.01
MARGIN_BYTES = 64 * 1024 * 1024
"""What has to stay free on the drive beside the files: the record, folders, the ends of clusters."""
BYTES_PER_FILE = 64 * 1024
"""Half a cluster of a large exFAT drive, which each file wastes on average."""
PLANNED_AT_ONCE = 128
"""Assets for which the record is asked together."""
NOTHING_BROKEN: Mapping[str, Collection[RecordedFile]] = MappingProxyType({})


Recorded = Callable[[Sequence[str]], Mapping[str, Mapping[Role, int]]]
"""What a drive has of some assets (their uuids): the bytes of the newest file of each role, by uuid."""


def nothing_recorded(uuids: Sequence[str]) -> Mapping[str, Mapping[Role, int]]:
    """An empty drive."""
    return {}


class PlanBuilder:
    """Plans assets as they come from a scan."""

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
            selection: what is wanted.
            recorded: what the drive has already of this phone; asked for a hundred assets at once.
            largest_file: bytes that one file may have on the drive; None: no limit.
            broken: recorded files that are damaged or missing on the drive, by uuid: to be taken again.
            place_key: tells assets that would have one name on the drive.
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
        """The plan for all that came, which are the assets given."""
        self._plan_them()
        later = frozenset[int]()
        if self._namesakes is not None:
            later = self._namesakes.later(assets, self._columns.created)
            self._namesakes = None  # the plan has columns of its own to make now
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
    """The decision of each asset of a library: see `PlanBuilder`."""
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
    gone = [r for r in originals if r.availability is Availability.MISSING]
    if not asset.originals:
        return PlannedAsset(
            asset, Decision.CANNOT, (), 0, "missing", "The library knows of no original of it."
        )
    if away:
        to_take = tuple(r for r in lacking if r.availability is not Availability.MISSING)
        return _fitting(asset, Decision.FETCH, to_take, largest_file, "icloud", STILL_IN_ICLOUD)
    edits_away = any(r.availability is Availability.ICLOUD for r in lacking)
    about = (EDIT_IN_ICLOUD, _EDIT_AWAY) if edits_away else ("", "")
    if local:
        return _fitting(asset, Decision.COPY, local, largest_file, *about)
    if gone:
        return PlannedAsset(asset, Decision.CANNOT, (), bytes_of(gone), "missing", missing_sentence(gone))
    return PlannedAsset(asset, Decision.ALREADY, (), bytes_of(asset.originals), *about)


@dataclass(frozen=True, slots=True)
class _OnDrive:
    """What the drive has of an asset."""

    sizes: Mapping[Role, int]
    broken: Collection[Role]

    def has(self, resource: Resource) -> bool:
        """Originals never change; of an edit another size means that the photo was edited again."""
        size = self.sizes.get(resource.role)
        if size is None or resource.role in self.broken:
            return False
        return resource.role.is_original or resource.size in (None, size)


EDIT_TOO_LARGE = "edit_too_large"
"""The reason of an asset whose originals are copied and whose edit the drive cannot hold."""
EDIT_IN_ICLOUD = "edit_icloud"
"""The reason of an asset whose originals are copied and whose edit is only in iCloud."""
_EDIT_AWAY = (
    "The original is on the drive; its edit is only in iCloud. Open the photo on the iPhone, which brings it "
    "down, and run again."
)
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


def room_needed(share: Share) -> int:
    """Bytes the drive has to have free for some assets, with a margin."""
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
            f"{original.name} has {(original.size or 0) / 1e9:.1f} GB, and this drive's file system holds "
            f"files up to {(largest_file or 0) / 1e9:.1f} GB. Use a drive with exFAT or ext4.",
        )
    if too_large:
        resources = tuple(r for r in resources if r not in too_large)
        if not reason:
            reason = EDIT_TOO_LARGE
            sentence = (
                f"The original is on the drive; its edit has {(too_large[0].size or 0) / 1e9:.1f} GB, and "
                f"this drive's file system holds files up to {(largest_file or 0) / 1e9:.1f} GB. Use a drive "
                "with exFAT or ext4 to have it, too."
            )
        if not resources:
            return PlannedAsset(asset, Decision.ALREADY, (), bytes_of(asset.originals), reason, sentence)
    return PlannedAsset(asset, decision, resources, bytes_of(resources), reason, sentence)
