"""The commit step: rename parts to their final names, sync and list the folders, then write the record.

One caller at a time. A group of staged assets shares the folder syncs and one record transaction. If anything
fails, an asset is recorded completely or not at all. A file that already has its final name stays; the next
run recognizes it by its bytes.
"""

from __future__ import annotations

import errno
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from ambertime_tui.drive.errors import (
    DriveError,
    NameNotKept,
    WriteFailed,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile, ReservedName
from ambertime_tui.drive.writing.asset_writer import StagedAsset
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.destinations import NamedAsset, choose_destinations
from ambertime_tui.drive.writing.file_writer import StagedFile
from ambertime_tui.drive.writing.lost_parts import remove_lost_parts_of
from ambertime_tui.drive.writing.naming import names_to_come
from ambertime_tui.library.model import Role

_TRIES = 32
"""How often to choose other names because another program took one just before the rename."""


def commit_staged(
    context: WriteContext, record: Record, staged: Sequence[StagedAsset]
) -> tuple[RecordedAsset | DriveError, ...]:
    """Make staged assets visible and record them. Returns the outcome of each, in the same order.

    If the outcome is an error, nothing of that asset is recorded and its parts are removed.
    """
    outcomes: dict[int, RecordedAsset | DriveError] = {}
    with context.commit_lock:
        try:
            _commit(context, record, staged, outcomes)
        except BaseException:
            for number, asset in enumerate(staged):
                if number not in outcomes:
                    _discard_staged(context, asset)
            raise
    return tuple(outcomes[number] for number in range(len(staged)))


def _commit(
    context: WriteContext,
    record: Record,
    staged: Sequence[StagedAsset],
    outcomes: dict[int, RecordedAsset | DriveError],
) -> None:
    """Commit each asset, and enter its outcome."""
    named: dict[int, NamedAsset] = {}
    for number, asset in enumerate(staged):
        try:
            named[number] = _name_files(context, asset)
        except DriveError as error:
            outcomes[number] = error
            _discard_staged(context, asset)
    for folder in sorted({f for asset in named.values() for f in asset.folders}):
        trouble = _sync_and_check_folder(context, folder, named.values())
        for number in [n for n, one in named.items() if trouble and folder in one.folders]:
            outcomes[number] = trouble or outcomes[number]
            _undo(context, named.pop(number))
    for number, one in list(named.items()):
        if one.lost_name is not None:
            outcomes[number] = NameNotKept(context.root / one.lost_name.path)
            _undo(context, named.pop(number))
    outcomes |= _record_all(context, record, named)


def _record_all(
    context: WriteContext, record: Record, named: Mapping[int, NamedAsset]
) -> dict[int, RecordedAsset | DriveError]:
    """Record all assets in one transaction; if that fails, each in its own, so that one failure costs one
    asset."""
    rows = {number: _recorded_asset(context, one) for number, one in named.items()}
    if not rows:
        return {}
    outcomes: dict[int, RecordedAsset | DriveError] = {}
    try:
        record.commit(list(rows.values()), [aside for one in named.values() for aside in one.aside])
        outcomes.update(rows)
    except DriveError as error:
        for number, row in rows.items():
            if len(rows) > 1:
                outcomes |= _record_all(context, record, {number: named[number]})
            elif _is_recorded(record, row):
                outcomes[number] = row
            else:
                outcomes[number] = error
                _leave_unrecorded(context, named[number])
        if len(rows) > 1:
            return outcomes
    for number, outcome in outcomes.items():
        if isinstance(outcome, RecordedAsset):
            for file in outcome.files:
                context.names.add_recorded(file.folder, file.name)
            for name in outcome.reserved:
                context.names.add_reserved(name.folder, name.name)
            context.existing.note_recorded(outcome.udid, (file.size for file in outcome.files))
            context.parts.forget(named[number].parts)
            _discard_unneeded(context, named[number])
            _remove_lost_parts(context, named[number])
            _release_names(context, named[number].staged)
    return outcomes


def _is_recorded(record: Record, row: RecordedAsset) -> bool:
    """Whether a transaction took effect although it reported an error: only its last sync failed."""
    try:
        return record.find_asset(row.udid, row.uuid) == row
    except DriveError:
        return False


def _discard_staged(context: WriteContext, staged: StagedAsset) -> None:
    """Remove the parts of an asset that will not be committed, and release its names and existing files."""
    for file in staged.files:
        if file.part is not None:
            context.parts.discard(file.part)
        if file.existing is not None:
            context.existing.release(file.existing, file.size)
    _release_names(context, staged)


def _discard_unneeded(context: WriteContext, named: NamedAsset) -> None:
    for file in named.unneeded:
        if file.part is not None:
            context.parts.discard(file.part)


def _remove_lost_parts(context: WriteContext, named: NamedAsset) -> None:
    if context.may_have_lost_parts:
        for file in named.files:
            remove_lost_parts_of(context, file.folder, file.name)


def _release_names(context: WriteContext, staged: StagedAsset) -> None:
    context.names.release(staged.place.folder, (file.name for file in staged.place.files))


def _name_files(context: WriteContext, staged: StagedAsset) -> NamedAsset:
    """Rename all parts of an asset to their final names, or none of them."""
    for _ in range(_TRIES):
        named = choose_destinations(context, staged)
        try:
            _rename_all(context, named)
        except FileExistsError:
            for folder in named.folders:
                context.names.forget_listing(folder)
            continue
        return named
    raise WriteFailed(context.root / staged.place.folder / staged.place.files[0].name, errno.EEXIST, "naming")


def _rename_all(context: WriteContext, named: NamedAsset) -> None:
    """Do all renames of an asset; after an error, undo those that were done."""
    root, calls = context.root, context.calls
    try:
        for aside in named.aside:
            calls.rename_noreplace(root / aside.instead_of, root / aside.path)
            named.renamed.append((aside.instead_of, aside.path))
        for file in named.files:
            part = file.staged.part
            if part is not None:
                context.folders.ensure(file.folder)
                calls.rename_noreplace(root / part, root / file.path)
                named.renamed.append((part, file.path))
    except FileExistsError:
        _undo_renames(context, named)
        raise
    except DriveError:
        _undo_renames(context, named)
        raise
    except OSError as error:
        _undo_renames(context, named)
        raise drive_error(error, root / named.folder / named.stem, doing="naming") from error


def _undo_renames(context: WriteContext, named: NamedAsset) -> None:
    """Rename everything back. A file that cannot be renamed back keeps its final name, unrecorded."""
    while named.renamed:
        old, new = named.renamed.pop()
        with suppress(OSError):
            context.calls.rename_noreplace(context.root / new, context.root / old)


def _sync_and_check_folder(
    context: WriteContext, folder: str, named: Collection[NamedAsset]
) -> DriveError | None:
    """Sync a folder and list it: a name counts as the drive spells it. Returns the error, if any."""
    path = context.root / folder
    placed_here = [(asset, file) for asset in named for file in asset.files if file.folder == folder]
    try:
        context.calls.fsync_folder(path)
        present = context.names.present(folder, [file.name for _, file in placed_here])
    except OSError as error:
        return drive_error(error, path, doing="syncing the folder")
    except DriveError as error:
        return error
    lacking = [(asset, file) for asset, file in placed_here if file.name not in present]
    composed = {unicodedata.normalize("NFC", name): name for name in present} if lacking else {}
    for asset, file in lacking:
        spelled = composed.get(unicodedata.normalize("NFC", file.name))
        if spelled is None:
            asset.lost_name = file
        else:
            asset.files[asset.files.index(file)] = replace(file, name=spelled)
    return None


def _recorded_asset(context: WriteContext, named: NamedAsset) -> RecordedAsset:
    """What to record: the new files, and those recorded before."""
    staged, now = named.staged, context.clock()
    files: dict[tuple[Role, int], RecordedFile] = {}
    if staged.recorded is not None:
        files = {(file.role, file.generation): file for file in staged.recorded.files}
    for named_file in named.files:
        file, resource = named_file.staged, named_file.staged.placed.resource
        row = RecordedFile(
            role=resource.role,
            folder=named_file.folder,
            name=named_file.name,
            true_name=named_file.true_name,
            size=file.size,
            sha256=file.sha256,
            modified_at=file.modified_at,
            read_back=file.read_back,
            written_at=now,
            source_path=resource.path,
            source_modified_at=file.source_modified_at,
            generation=named_file.generation,
            preexisting=file.existing is not None,
            fingerprint=file.fingerprint,
            library_fingerprint=resource.fingerprint if resource.role.is_original else None,
            library_size=_library_size(file),
        )
        files[row.role, row.generation] = row
    order = list(Role)
    recorded = RecordedAsset(
        udid=staged.udid,
        uuid=staged.asset.uuid,
        original_filename=staged.asset.original_filename,
        folder=named.folder if staged.recorded is None else staged.recorded.folder,
        stem=named.stem if staged.recorded is None else staged.recorded.stem,
        files=tuple(sorted(files.values(), key=lambda file: (order.index(file.role), file.generation))),
        completed_at=now,
    )
    reserved = {} if staged.recorded is None else {name.role: name for name in staged.recorded.reserved}
    for resource, name in names_to_come(staged.asset, context.traits, recorded):
        reserved[resource.role] = ReservedName(resource.role, recorded.folder, name)
    there = {file.role for file in recorded.files}
    names = sorted(reserved.values(), key=lambda name: order.index(name.role))
    return replace(recorded, reserved=tuple(name for name in names if name.role not in there))


def _library_size(file: StagedFile) -> int | None:
    """Bytes according to the library, if the file has fewer and its fingerprint does not prove it."""
    resource = file.placed.resource
    if not resource.role.is_original or resource.size is None or file.size >= resource.size:
        return None
    proved = file.fingerprint is not None and file.fingerprint == resource.fingerprint
    return None if proved else resource.size


def _undo(context: WriteContext, named: NamedAsset) -> None:
    """Discard the files of an asset after a failed folder sync or a changed name, like parts after a failed
    fsync.

    A file that cannot be removed is not used by this job, because the cache of its folder cannot be trusted.
    """
    _undo_renames(context, named)
    for folder in named.folders:
        context.names.forget_listing(folder)
    _discard_staged(context, named.staged)


def _leave_unrecorded(context: WriteContext, named: NamedAsset) -> None:
    """Keep files that are named and synced but not recorded: the next attempt recognizes them."""
    for file in named.files:
        context.existing.release(file.path, file.staged.size)
        context.names.forget_listing(file.folder)
    context.parts.forget(named.parts)
    _discard_unneeded(context, named)
    _release_names(context, named.staged)
