"""The planning rules: which decision each asset of a library gets. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ambertime_tui import units
from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.drive.record.rows import KnownFile
from ambertime_tui.engine.api.overview import exclusion_reason
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.namesakes import Namesakes, PlaceKey
from ambertime_tui.engine.plan.plan import NOWHERE, Decision, Plan, PlanColumns, PlannedAsset, Share, bytes_of
from ambertime_tui.engine.plan.recorded_state import (
    FileFacts,
    OnDrive,
    Recorded,
    State,
    is_proved,
    is_smaller,
)
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


def nothing_recorded(uuids: Sequence[str]) -> Mapping[str, Mapping[Role, KnownFile]]:
    """Return what an empty drive has: nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class LibraryFact:
    """Something that the library says about a recorded file, and that the record does not know yet."""

    uuid: str
    role: Role
    generation: int
    fingerprint: str | None
    size: int | None
    """Bytes according to the library, if the file has fewer and is not proved; else None."""


class PlanBuilder:
    """Builds a plan from the assets of a scan, one by one."""

    def __init__(
        self,
        selection: Selection,
        recorded: Recorded = nothing_recorded,
        largest_file: int | None = None,
        broken: Mapping[str, Collection[RecordedFile]] = NOTHING_BROKEN,
        place_key: PlaceKey | None = None,
        is_complete: Callable[[Asset, Resource], bool] = lambda asset, resource: False,
        on_fact: Callable[[LibraryFact], None] = lambda fact: None,
    ) -> None:
        """
        Args:
            selection: what to back up.
            recorded: what the drive already has of this phone; called for a hundred assets at a time.
            largest_file: largest file the drive can store, in bytes; None: no limit.
            broken: recorded files that are damaged or missing on the drive, by uuid. They are copied again.
            place_key: returns the same key for assets that would get the same name on the drive.
            is_complete: True if a recorded original with fewer bytes than the library says is complete.
            on_fact: called with what the record does not know yet.
        """
        self._namesakes = None if place_key is None else Namesakes(place_key)
        self._selection = selection
        self._recorded = recorded
        self._largest_file = largest_file
        self._broken = broken
        self._is_complete = is_complete
        self._on_fact = on_fact
        self._columns = PlanColumns()
        self.unsure = array("I")
        """Positions of assets with a file that may have changed on the phone; until `settle` it counts as the
        same."""
        self.differing: list[int] = []
        """Positions of assets with a recorded file that differs from a fingerprint which was not known
        before."""
        self._waiting: list[Asset] = []

    def add(self, asset: Asset) -> None:
        """Add the next asset of the library."""
        if self._namesakes is not None:
            self._namesakes.add(asset)
        self._waiting.append(asset)
        if len(self._waiting) == PLANNED_AT_ONCE:
            self.flush()

    def plan(self, assets: Sequence[Asset]) -> Plan:
        """Return the plan for all added assets, which must equal `assets`."""
        self.flush()
        later = frozenset[int]()
        if self._namesakes is not None:
            later = self._namesakes.later(assets, self._columns.created)
            self._namesakes = None  # free its memory before the plan builds its index
        return Plan(assets, self._columns, later)

    def to_look_at(
        self, numbers: Sequence[int], assets: Sequence[Asset]
    ) -> Iterator[tuple[int, tuple[Resource, ...]]]:
        """Yield the files of some unsure assets whose size and time on the phone decide.

        Args:
            numbers: some of `unsure`.
            assets: all added assets.
        """
        for number, asset, on_drive in self._on_drive(numbers, assets):
            files = wanted(asset, self._selection)
            yield number, tuple(r for r in files if on_drive.state_of(r) is State.UNSURE)

    def settle(self, numbers: Sequence[int], assets: Sequence[Asset], facts: Mapping[str, FileFacts]) -> None:
        """Plan some unsure assets again.

        Args:
            numbers: some of `unsure`.
            assets: all added assets.
            facts: what the phone says about their files, by path.
        """
        for number, asset, before in self._on_drive(numbers, assets):
            looked_at = replace(before, facts=facts)
            self._columns.change(number, self._planned(asset, looked_at))
            self._note_facts(number, asset, looked_at)

    def _on_drive(
        self, numbers: Sequence[int], assets: Sequence[Asset]
    ) -> Iterator[tuple[int, Asset, OnDrive]]:
        some = [assets[number] for number in numbers]
        recorded = self._recorded([asset.uuid for asset in some])
        for number, asset in zip(numbers, some, strict=True):
            broken = {file.role for file in self._broken.get(asset.uuid, ())}
            yield number, asset, OnDrive(recorded.get(asset.uuid, {}), broken)

    def flush(self) -> None:
        """Plan what was added: `unsure` is then complete."""
        recorded = self._recorded([asset.uuid for asset in self._waiting])
        for asset in self._waiting:
            broken = {file.role for file in self._broken.get(asset.uuid, ())}
            on_drive = OnDrive(recorded.get(asset.uuid, {}), broken)
            planned, number = self._planned(asset, on_drive), len(self._columns.decisions)
            self._columns.add(planned)
            if not on_drive.files or planned.decision is Decision.EXCLUDED:
                continue
            if any(on_drive.state_of(r) is State.UNSURE for r in wanted(asset, self._selection)):
                self.unsure.append(number)
            else:
                self._note_facts(number, asset, on_drive)
        self._waiting.clear()

    def _planned(self, asset: Asset, on_drive: OnDrive) -> PlannedAsset:
        return _planned(asset, self._selection, on_drive, self._largest_file, self._is_complete)

    def _note_facts(self, number: int, asset: Asset, on_drive: OnDrive) -> None:
        """Report what the record does not know yet about the files that are the same on drive and phone."""
        for resource in asset.originals:
            known = on_drive.files.get(resource.role)
            if known is None or on_drive.state_of(resource) is not State.PRESENT:
                continue
            fingerprint = resource.fingerprint or known.library_fingerprint
            proved = is_proved(known.fingerprint, fingerprint)
            smaller = is_smaller(known.size, resource) and not proved
            size = resource.size if smaller else None
            if (fingerprint, size) != (known.library_fingerprint, known.library_size):
                self._on_fact(LibraryFact(asset.uuid, resource.role, known.generation, fingerprint, size))
            if known.fingerprint and fingerprint and not proved and fingerprint != known.library_fingerprint:
                self.differing.append(number)


def make_plan(
    library: Library,
    selection: Selection,
    recorded: Recorded = nothing_recorded,
    largest_file: int | None = None,
    broken: Mapping[str, Collection[RecordedFile]] = NOTHING_BROKEN,
) -> Plan:
    """Plan a whole library without a look at the phone: see `PlanBuilder`."""
    builder = PlanBuilder(selection, recorded, largest_file, broken)
    with gc_paused():
        for asset in library.assets:
            builder.add(asset)
        return builder.plan(library.assets)


def _planned(
    asset: Asset,
    selection: Selection,
    on_drive: OnDrive,
    largest_file: int | None,
    is_complete: Callable[[Asset, Resource], bool],
) -> PlannedAsset:
    because = exclusion_reason(asset, selection)
    if because is not None:
        reason, sentence = because
        return PlannedAsset(asset, Decision.EXCLUDED, (), bytes_of(asset.originals), reason, sentence)
    if not asset.originals:
        return PlannedAsset(asset, Decision.CANNOT, (), 0, "missing", "The library lists no original for it.")
    lacking = _lacking(wanted(asset, selection), on_drive)
    smaller = [r for r in asset.originals if _is_doubtful(r, on_drive) and not is_complete(asset, r)]
    arriving = [r for r in smaller if r.in_icloud and not r.flagged_local]
    local = tuple(r for r in lacking if r.availability is Availability.LOCAL)
    in_icloud = [r for r in lacking if r.availability is Availability.ICLOUD]
    away = tuple(r for r in asset.resources if r in in_icloud or r in arriving)
    gone = [r for r in lacking if r.role.is_original and r.availability in NOWHERE]
    in_part = any(r.role in on_drive.files for r in asset.resources if r not in lacking and r not in smaller)
    local, too_large = _without_too_large(local, largest_file)
    if any(r.role.is_original for r in away):
        away, away_too_large = _without_too_large(away, largest_file)
        too_large = (*too_large, *away_too_large)
    in_part = in_part or any(r.role.is_original for r in local)
    about = _reason(lacking, away, smaller, arriving, gone, too_large, largest_file, in_part=in_part)
    if not any(r.role.is_original for r in away):
        away = ()
    if local:
        return PlannedAsset(asset, Decision.COPY, local, bytes_of(local), *about, awaits=away)
    if away:
        return PlannedAsset(asset, Decision.FETCH, away, bytes_of(away), *about)
    left = (*(r for r in too_large if r.role.is_original), *gone, *smaller)
    if left:
        return PlannedAsset(asset, Decision.CANNOT, (), bytes_of(left), *about)
    return PlannedAsset(asset, Decision.ALREADY, (), bytes_of(asset.originals), *about)


def _lacking(files: Sequence[Resource], on_drive: OnDrive) -> list[Resource]:
    """The files that the drive does not have. An edit is one unit: its render and its adjustments belong
    together, so that all are copied if one has changed."""
    lacking = [r for r in files if _is_lacking(r, on_drive)]
    changed = [r for r in lacking if not r.role.is_original and r.role in on_drive.files]
    if any(r.role not in on_drive.broken for r in changed):
        lacking = [r for r in files if r in lacking or not r.role.is_original]
    return lacking


def _is_lacking(resource: Resource, on_drive: OnDrive) -> bool:
    state = on_drive.state_of(resource)
    if state is State.UNSURE and not resource.role.is_original:
        return resource.size not in (None, on_drive.files[resource.role].size)
    return state is State.ABSENT


def _is_doubtful(resource: Resource, on_drive: OnDrive) -> bool:
    """True for a recorded original that has fewer bytes than the library says and is not proved."""
    known = on_drive.files.get(resource.role)
    if known is None or on_drive.state_of(resource) is not State.PRESENT:
        return False
    return is_smaller(known.size, resource) and not is_proved(known.fingerprint, resource.fingerprint)


def _reason(
    lacking: Sequence[Resource],
    away: Sequence[Resource],
    smaller: Sequence[Resource],
    arriving: Sequence[Resource],
    gone: Sequence[Resource],
    too_large: Sequence[Resource],
    largest_file: int | None,
    *,
    in_part: bool,
) -> tuple[str, str]:
    """The most important reason why an asset is not completely on the drive, and its sentence."""
    originals_too_large = [r for r in too_large if r.role.is_original]
    if originals_too_large:
        return "too_large_for_drive", _too_large(originals_too_large[0], largest_file)
    originals_away = [r for r in away if r.role.is_original]
    if any(r not in arriving for r in originals_away):
        return ("in_part", IN_PART) if in_part else ("icloud", STILL_IN_ICLOUD)
    if smaller:
        return "smaller", SMALLER_IN_ICLOUD if originals_away else SMALLER
    if gone:
        reason, sentence = why_nowhere(gone)
        return ("in_part", f"{sentence} {REST_ON_DRIVE}") if in_part else (reason, sentence)
    if any(r.availability is Availability.ICLOUD for r in lacking):
        return EDIT_IN_ICLOUD, _EDIT_AWAY
    if too_large:
        return EDIT_TOO_LARGE, (
            f"The original is on the drive; its edit has {units.size(too_large[0].size or 0)}, and this "
            f"drive's file system stores files up to {units.size(largest_file or 0)}. Use a drive with exFAT "
            "or ext4 to include it."
        )
    return "", ""


EDIT_TOO_LARGE = "edit_too_large"
"""Reason: the originals are copied, but the drive cannot store the edit."""
EDIT_IN_ICLOUD = "edit_icloud"
"""Reason: the originals are copied, but the edit is only in iCloud."""
_EDIT_AWAY = (
    "The original is on the drive; its edit is only in iCloud. Open the photo on the iPhone to download the "
    "edit, then run the backup again."
)
ONLY_IN_ICLOUD = "{files} only in iCloud; the other files are on the drive."
IN_PART = f"{ONLY_IN_ICLOUD} Include iCloud originals, or open it on the iPhone, and run again."
"""`{files}`: the names and a verb; see `with_names`."""
REST_ON_DRIVE = "Its other files are on the drive."
SMALLER = (
    "Its file on the iPhone has fewer bytes than the library says, and may be incomplete. It is on the drive "
    "as it is. Open it in Photos on the iPhone; if it looks right there, nothing is missing."
)
SMALLER_IN_ICLOUD = (
    "Its file on the iPhone has fewer bytes than the library says: iOS may not have downloaded all of it. It "
    "is on the drive as it is. Include iCloud originals, or open it on the iPhone, and run again."
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


def with_names(sentence: str, asset: Asset) -> str:
    """Replace `{files}` by the names of an asset's originals that are only in iCloud."""
    return with_names_of(sentence, (r for r in asset.originals if r.availability is Availability.ICLOUD))


def with_names_of(sentence: str, away: Iterable[Resource]) -> str:
    """Replace `{files}` by the names of some originals and a verb."""
    names = [resource.name for resource in away]
    verb = "is" if len(names) < 2 else "are"
    return sentence.replace("{files}", f"{', '.join(names) or 'Part of it'} {verb}")


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


def _without_too_large(
    resources: tuple[Resource, ...], largest_file: int | None
) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
    """Split files into those that the drive can store, and the others."""
    if largest_file is None:
        return resources, ()
    too_large = tuple(r for r in resources if (r.size or 0) > largest_file)
    return tuple(r for r in resources if r not in too_large), too_large


def _too_large(original: Resource, largest_file: int | None) -> str:
    return (
        f"{original.name} has {units.size(original.size or 0)}, and this drive's file system stores files up "
        f"to {units.size(largest_file or 0)}. Use a drive with exFAT or ext4."
    )
