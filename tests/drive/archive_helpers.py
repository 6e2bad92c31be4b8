"""A small Photo Library with known bytes, a job that copies it, and checks of what must hold afterwards."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ambertime_tui.drive.errors import DriveError, RecordDamaged
from ambertime_tui.drive.record.reader import read_record
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.record.rows import assets_in
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.drive.verify.report import FileVerdict
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.discovery import Drive
from ambertime_tui.drive.volume.file_system import FileSystemTraits, traits_of
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.asset_writer import StagedAsset
from ambertime_tui.library.model import Asset, Availability, Kind, Resource, Role

PHONE = "00008101-000A1B2C3D4E5F60"
JULY = 1_721_000_000.0
"""2024-07-14 23:33:20 UTC."""
EXTENSIONS = {
    Role.PHOTO: ".HEIC",
    Role.VIDEO: ".MOV",
    Role.PAIRED_VIDEO: ".MOV",
    Role.ALTERNATE_PHOTO: ".DNG",
    Role.ADJUSTMENT_DATA: ".AAE",
    Role.OVER_CAPTURE_PHOTO: ".HEIC",
    Role.OVER_CAPTURE_VIDEO: ".MOV",
    Role.EDITED_PHOTO: ".HEIC",
    Role.EDITED_VIDEO: ".MOV",
    Role.EDITED_PAIRED_VIDEO: ".MOV",
    Role.EDIT_ADJUSTMENTS: ".plist",
}


def resource(role: Role, number: int = 1, name: str | None = None) -> Resource:
    """A resource on the phone."""
    name = f"IMG_{number:04}{EXTENSIONS[role]}" if name is None else name
    return Resource(role, "DCIM/100APPLE", name, None, Availability.LOCAL)


def asset(
    number: int,
    roles: Iterable[Role] = (Role.PHOTO,),
    *,
    name: str = "IMG_0001.HEIC",
    created: float | None = JULY,
    zone_offset: int | None = 0,
) -> Asset:
    """An asset whose uuid starts with its number in hex."""
    return Asset(
        uuid=f"{number:08X}-1111-4222-8333-444455556666",
        kind=Kind.PHOTO,
        created=created,
        zone_offset=zone_offset,
        directory="DCIM/100APPLE",
        filename=f"IMG_{number:04}.HEIC",
        original_filename=name,
        resources=tuple(resource(role, number) for role in roles),
    )


def content(of: Asset, part: Resource, edition: int = 1) -> bytes:
    """The bytes of a resource, different for each one."""
    seed = f"{of.uuid} {part.role} {edition}\n".encode()
    return seed * (40 + len(part.role) * 7)


LIBRARY = (
    asset(1, (Role.PHOTO, Role.PAIRED_VIDEO, Role.EDITED_PHOTO, Role.EDIT_ADJUSTMENTS)),
    asset(2, (Role.PHOTO, Role.PAIRED_VIDEO), created=None),
    asset(3, (Role.PHOTO,)),
    asset(4, (Role.PHOTO, Role.ALTERNATE_PHOTO), name="img_0004.heic"),
)
"""A Live Photo with an edit, an undated one, one with the same name as the first, and a RAW pair."""


def traits(name: str = "ext4") -> FileSystemTraits:
    """The traits of a file system by its name."""
    return traits_of(name)


def drive_at(path: Path, file_system: str = "ext4") -> Drive:
    """A drive for a test folder, as if it had that file system."""
    return Drive(path, "Test", "", file_system, traits(file_system), 1 << 40, 1 << 39, True, False, False)


def stage(
    target: Target,
    item: Asset,
    *,
    udid: str = PHONE,
    resources: Sequence[Resource] | None = None,
    edition: int = 1,
    repair: bool = False,
    namesake: bool = False,
) -> StagedAsset:
    """Write and stage an asset, without committing it."""
    repairs = target.inspect(udid).broken.get(item.uuid, ()) if repair else ()
    with target.writer(udid, item, resources=resources, repairs=repairs, namesake=namesake) as writer:
        for part in item.resources if resources is None else resources:
            data = content(item, part, edition)
            file = writer.begin(part, len(data), item.created, source_modified_at=JULY + edition)
            for start in range(file.written, len(data), 1000):
                file.write(data[start : start + 1000])
            file.finish()
        return writer.stage()


def copied(target: Target, item: Asset, **options: object) -> RecordedAsset:
    """Stage and commit an asset, which must succeed."""
    (outcome,) = target.commit([stage(target, item, **options)])  # type: ignore[arg-type]
    assert isinstance(outcome, RecordedAsset), outcome
    return outcome


@dataclass(slots=True)
class Trouble:
    """The errors of a job."""

    errors: list[DriveError]


def backup(
    root: Path,
    library: Sequence[Asset] = LIBRARY,
    *,
    calls: SystemCalls | None = None,
    drive: Drive | None = None,
    group: int = 2,
    acknowledged: Callable[[str], None] = lambda uuid: None,
) -> list[DriveError]:
    """A job like the engine's: stage a group, commit it, and retry each failed asset once."""
    errors: list[DriveError] = []
    try:
        with open_target(root, calls=calls, drive=drive or drive_at(root)) as target:
            for _ in range(2):
                known = recorded_assets(target.record, PHONE)
                missing = [item for item in library if item.uuid not in known]
                for start in range(0, len(missing), group):
                    _copy_group(target, missing[start : start + group], errors, acknowledged)
            target.finish()
    except DriveError as error:
        errors.append(error)
    return errors


def _copy_group(
    target: Target, group: Sequence[Asset], errors: list[DriveError], acknowledged: Callable[[str], None]
) -> None:
    staged: list[StagedAsset] = []
    for item in group:
        try:
            target.check()
            staged.append(stage(target, item))
        except DriveError as error:
            errors.append(error)
    for outcome in target.commit(staged):
        if isinstance(outcome, DriveError):
            errors.append(outcome)
        else:
            acknowledged(outcome.uuid)


def recorded_assets(record: Record, udid: str = PHONE) -> dict[str, RecordedAsset]:
    """The assets of a phone in a record, by uuid."""
    with closing(sqlite3.connect(record.path)) as connection:
        return {asset.uuid: asset for asset in assets_in(connection, "WHERE udid = ?", (udid,))}


def recorded_in(root: Path) -> tuple[RecordedAsset, ...]:
    """The recorded assets of a target; none if the record is not valid."""
    try:
        return read_record(root, lambda record: tuple(assets_in(record))) or ()
    except RecordDamaged:
        return ()


def verdicts_of(root: Path, **options: Any) -> dict[str, FileVerdict]:
    """The verification result of each file, by path."""
    found: dict[str, FileVerdict] = {}
    verify(root, on_file=lambda one: found.update({one.path: one}), **options)
    return found


def assert_promise(root: Path, library: Sequence[Asset] = LIBRARY) -> dict[str, RecordedAsset]:
    """Check that every recorded file is on the drive, complete, with the bytes from the phone."""
    truth = {item.uuid: item for item in library}
    recorded = {item.uuid: item for item in recorded_in(root)}
    for uuid, found in recorded.items():
        item = truth[uuid]
        assert {file.role for file in found.files} == {part.role for part in item.resources}, uuid
        for file in found.files:
            data = (root / file.path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file.sha256, file.path
            assert len(data) == file.size
            assert data == content(item, next(p for p in item.resources if p.role is file.role)), file.path
    return recorded


def assert_complete(root: Path, library: Sequence[Asset] = LIBRARY) -> None:
    """Check that every asset is copied once and no part is left."""
    recorded = assert_promise(root, library)
    assert set(recorded) == {item.uuid for item in library}
    files = sorted(
        path.relative_to(root).as_posix() for path in (root / "Photos").rglob("*") if path.is_file()
    )
    assert files == sorted(file.path for item in recorded.values() for file in item.files)


def with_role(item: Asset, *roles: Role) -> Asset:
    """The asset with additional resources."""
    return replace(item, resources=(*item.resources, *(resource(role) for role in roles)))


def tree(root: Path) -> dict[str, bytes]:
    """All files of a target except `.ambertime`, with their bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".ambertime" not in path.parts
    }


def flip_a_bit(path: Path, at: int) -> None:
    """Damage by a drive does not change the modification time."""
    facts = path.stat()
    data = bytearray(path.read_bytes())
    data[at // 8 % len(data)] ^= 1 << at % 8
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
