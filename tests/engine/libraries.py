"""Random libraries, selections and records, for property tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hypothesis import settings
from hypothesis import strategies as st

from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.rows import KnownFile
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.engine.plan.recorded_state import Recorded
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.library.model import Asset, Availability, Kind, Library, Ownership, Resource, Role

few = settings(max_examples=50, deadline=None)
"""Enough examples for the properties here; no deadline, because other tests run at the same time."""

WHERE = st.sampled_from([Availability.LOCAL, Availability.ICLOUD, Availability.MISSING])
ROLES = st.lists(st.sampled_from(list(Role)), unique=True, max_size=5)


@st.composite
def assets(draw: st.DrawFn, number: int) -> Asset:
    """One asset; its uuid comes from `number`."""
    resources = tuple(
        Resource(
            role,
            "DCIM/100APPLE",
            f"IMG_{number:04}.{role.value}",
            draw(st.none() | st.integers(0, 10_000)),
            draw(WHERE),
            in_icloud=draw(st.booleans()),
        )
        for role in sorted(draw(ROLES), key=list(Role).index)
    )
    return Asset(
        uuid=f"{number:08X}",
        kind=Kind.PHOTO,
        created=draw(st.none() | st.floats(0, 2e9)),
        zone_offset=draw(st.sampled_from([None, 0, 3600, -36000])),
        directory="DCIM/100APPLE",
        filename=f"IMG_{number:04}.HEIC",
        original_filename=f"IMG_{number:04}.HEIC",
        resources=resources,
        ownership=draw(st.sampled_from(list(Ownership))),
        hidden=draw(st.booleans()),
        trashed=draw(st.booleans()),
    )


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    """A library of up to eight assets."""
    count = draw(st.integers(0, 8))
    return Library(tuple(draw(assets(number)) for number in range(count)), 18600)


DAYS = st.none() | st.dates(date(1970, 1, 1), date(2033, 1, 1))
RANGES = st.tuples(DAYS, DAYS).map(
    lambda ends: DateRange(*ends) if None in ends else DateRange(*sorted(filter(None, ends)))
)
SELECTIONS = st.builds(
    Selection,
    range=RANGES,
    hidden=st.booleans(),
    trashed=st.booleans(),
    edits=st.booleans(),
)


def recorded_file(role: Role, size: int) -> RecordedFile:
    """A recorded file."""
    return RecordedFile(
        role,
        "Photos/2024-01",
        f"{role}.x",
        f"{role}.x",
        size,
        "0" * 64,
        None,
        ReadBack.FROM_DRIVE,
        0.0,
        "DCIM",
    )


def known(file: RecordedFile) -> KnownFile:
    """What a plan knows of a recorded file."""
    return KnownFile(
        file.size,
        file.source_modified_at,
        file.fingerprint,
        file.library_fingerprint,
        file.library_size,
        file.generation,
    )


def recorded_asset(uuid: str, files: tuple[RecordedFile, ...]) -> RecordedAsset:
    """A recorded asset."""
    return RecordedAsset("udid", uuid, "IMG.HEIC", "Photos/2024-01", "IMG", files, 0.0)


@st.composite
def records(draw: st.DrawFn, library: Library) -> dict[str, RecordedAsset]:
    """What an earlier run may have recorded: any resources of any asset, and an asset deleted since."""
    known = {}
    for asset in library.assets:
        if draw(st.booleans()):
            roles = draw(st.sets(st.sampled_from(asset.resources))) if asset.resources else set()
            files = tuple(recorded_file(r.role, draw(st.sampled_from([r.size or 0, 7]))) for r in roles)
            known[asset.uuid] = recorded_asset(asset.uuid, files)
    known["DELETED"] = recorded_asset("DELETED", ())
    return known


def recorded_in(assets: Mapping[str, RecordedAsset]) -> Recorded:
    """Look up sizes in the given recorded assets, as a drive's record does."""

    def sizes(uuids: Sequence[str]) -> Mapping[str, Mapping[Role, KnownFile]]:
        found = {uuid: assets[uuid] for uuid in uuids if uuid in assets}
        return {
            uuid: {file.role: known(file) for file in sorted(one.files, key=lambda f: f.generation)}
            for uuid, one in found.items()
        }

    return sizes


def capture_order(planned: PlannedAsset) -> tuple[bool, float, str]:
    """The sort key of assets by capture time: oldest first, undated last."""
    created = planned.asset.created
    return (created is None, created or 0.0, planned.asset.uuid)
