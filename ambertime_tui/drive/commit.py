"""The commit step: parts get their names, folders are synced and listed back, the record says so. In this
order.

One caller at a time; several staged assets share the syncs of their folders and one record transaction.
Whatever fails, an asset is in the record whole or not at all, and a file that has its name already stays: the
next run finds it and adopts it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ambertime_tui.drive.errors import DriveError, NameNotKept, WriteFailed, drive_error
from ambertime_tui.drive.naming import PlacedFile, name_key, place, split
from ambertime_tui.drive.record import AsideFile, Record
from ambertime_tui.drive.recorded import RecordedAsset, RecordedFile
from ambertime_tui.drive.workspace import Workspace
from ambertime_tui.drive.writer import StagedAsset, StagedFile, discard_part
from ambertime_tui.library.model import Role

_TRIES = 32
"""How often other names are chosen because a stranger took one in the very moment of the rename."""


@dataclass(slots=True)
class _InPlace:
    """An asset whose files have their names, unrecorded yet."""

    staged: StagedAsset
    folder: str
    stem: str
    files: list[tuple[StagedFile, str, str, PlacedFile]] = field(default_factory=list)
    """Each with folder, name and what it was placed as."""
    aside: list[AsideFile] = field(default_factory=list)

    @property
    def folders(self) -> set[str]:
        """All folders whose names changed for it."""
        return {folder for _, folder, _, _ in self.files}


def commit_staged(
    workspace: Workspace, record: Record, staged: Sequence[StagedAsset]
) -> tuple[RecordedAsset | DriveError, ...]:
    """Makes staged assets visible and records them; the outcome of each, in their order.

    Where an outcome is an error nothing of that asset is recorded and its parts are gone.
    """
    outcomes: dict[int, RecordedAsset | DriveError] = {}
    in_place: dict[int, _InPlace] = {}
    with workspace.commit_lock:
        for number, asset in enumerate(staged):
            try:
                in_place[number] = _named(workspace, asset)
            except DriveError as error:
                outcomes[number] = error
                abandon(workspace, asset)
        for folder in sorted({f for placed in in_place.values() for f in placed.folders}):
            trouble = _settled_folder(workspace, folder, in_place.values())
            if trouble is not None:
                for number in [n for n, placed in in_place.items() if folder in placed.folders]:
                    outcomes[number] = trouble
                    _leave_unrecorded(workspace, in_place.pop(number))
        rows: dict[int, RecordedAsset] = {}
        for number, placed in list(in_place.items()):
            try:
                rows[number] = _described(workspace, placed)
            except DriveError as error:
                outcomes[number] = error
                _leave_unrecorded(workspace, in_place.pop(number))
        if rows:
            try:
                record.commit(list(rows.values()), [aside for n in rows for aside in in_place[n].aside])
            except DriveError as error:
                for number in rows:
                    outcomes[number] = error
                    _leave_unrecorded(workspace, in_place[number])
            else:
                for number, row in rows.items():
                    outcomes[number] = row
                    for file in row.files:
                        workspace.names.recorded(file.folder, file.name)
                    _release(workspace, in_place[number].staged)
    return tuple(outcomes[number] for number in range(len(staged)))


def abandon(workspace: Workspace, staged: StagedAsset) -> None:
    """Throws away what was staged and is not going to be committed."""
    for file in staged.files:
        if file.part is not None:
            discard_part(workspace, file.part)
        if file.adopted is not None:
            workspace.existing.give_back(file.adopted, file.size)
    _release(workspace, staged)


def _release(workspace: Workspace, staged: StagedAsset) -> None:
    workspace.parts.forget([file.part for file in staged.files if file.part is not None])
    workspace.names.release(staged.place.folder, (file.name for file in staged.place.files))


def _named(workspace: Workspace, staged: StagedAsset) -> _InPlace:
    """Renames all parts of an asset into place under one stem, or none of them."""
    to_name = [file for file in staged.files if file.part is not None]
    for _ in range(_TRIES):
        target = _destination(workspace, staged)
        try:
            _rename_all(workspace, target, to_name)
        except FileExistsError:
            for folder in target.folders:
                workspace.names.look_again(folder)
            continue
        return target
    raise WriteFailed(workspace.root / staged.place.folder / staged.place.files[0].name, 17, "naming")


def _destination(workspace: Workspace, staged: StagedAsset) -> _InPlace:
    """Where each file goes, now that it is known which are adopted and what lies on the drive."""
    names = workspace.names
    own = {name_key(file.name) for file in staged.place.files}
    adopted = [file.adopted for file in staged.files if file.adopted is not None]
    base, folder, stem = staged.recorded, staged.place.folder, staged.place.stem
    if adopted and base is None:
        original = next(
            (f.adopted for f in staged.files if f.adopted and f.placed.resource.role.is_original), None
        )
        planned = {f"{folder}/{file.name}" for file in staged.place.files}
        if original is not None and original not in planned:
            folder, _, name = original.rpartition("/")
            stem = split(name)[0]
            base = RecordedAsset(staged.udid, staged.asset.uuid, "", folder, stem, (), 0.0)
    result = _InPlace(staged, folder, stem)
    rest = [file for file in staged.files if file.adopted is None and file.repairs is None]

    def taken(where: str) -> set[str]:
        given = names.given(where) - (own if where == staged.place.folder else set())
        here = {name_key(path.rpartition("/")[2]) for path in adopted if path.rpartition("/")[0] == where}
        return given | (names.on_drive(where) - here)

    with names.lock:
        placed = place(
            staged.asset,
            workspace.traits,
            taken,
            resources=[file.placed.resource for file in rest],
            recorded=base,
        )
    if base is None:
        result.stem = placed.stem
    for file, place_of_file in zip(rest, placed.files, strict=True):
        result.files.append((file, placed.folder, place_of_file.name, place_of_file))
    for file in staged.files:
        if file.adopted is not None:
            where, _, name = file.adopted.rpartition("/")
            result.files.append((file, where, name, file.placed))
        elif file.repairs is not None:
            _destination_of_repair(workspace, result, file, taken)
    return result


def _rename_all(workspace: Workspace, target: _InPlace, to_name: Iterable[StagedFile]) -> None:
    del to_name
    done: list[tuple[str, str]] = []
    root, calls = workspace.root, workspace.calls
    try:
        for aside in target.aside:
            calls.rename_noreplace(root / aside.instead_of, root / aside.path)
            done.append((aside.instead_of, aside.path))
        for file, folder, name, _ in target.files:
            if file.part is None:
                continue
            workspace.folders.ensure(folder)
            path = f"{folder}/{name}" if folder else name
            calls.rename_noreplace(root / file.part, root / path)
            done.append((file.part, path))
    except (OSError, DriveError) as error:
        for old, new in reversed(done):
            with suppress(OSError):
                calls.rename_noreplace(root / new, root / old)
        if isinstance(error, FileExistsError | DriveError):
            raise
        raise drive_error(error, root / target.folder / target.stem, doing="naming") from error


def _destination_of_repair(workspace: Workspace, result: _InPlace, file: StagedFile, taken: object) -> None:
    raise NotImplementedError


def _settled_folder(workspace: Workspace, folder: str, in_place: Iterable[_InPlace]) -> DriveError | None:
    """Syncs a folder and lists it back: a name counts only as the drive gives it."""
    path = workspace.root / folder
    try:
        workspace.calls.fsync_folder(path)
        there = workspace.names.listed(folder)
    except OSError as error:
        return drive_error(error, path, doing="syncing the folder")
    except DriveError as error:
        return error
    composed = {unicodedata.normalize("NFC", name): name for name in there}
    for placed in in_place:
        for number, (file, where, name, placed_as) in enumerate(placed.files):
            if where != folder:
                continue
            given = name if name in there else composed.get(unicodedata.normalize("NFC", name), "")
            placed.files[number] = (file, where, given, placed_as)
    return None


def _described(workspace: Workspace, placed: _InPlace) -> RecordedAsset:
    staged, now = placed.staged, workspace.clock()
    files: dict[tuple[Role, int], RecordedFile] = {}
    if staged.recorded is not None:
        files = {(file.role, file.generation): file for file in staged.recorded.files}
    for file, folder, name, placed_as in placed.files:
        if not name:
            raise NameNotKept(workspace.root / folder / placed_as.name)
        resource = file.placed.resource
        row = RecordedFile(
            role=resource.role,
            folder=folder,
            name=name,
            true_name=placed_as.true_name,
            size=file.size,
            sha256=file.sha256,
            modified_at=file.modified_at,
            read_back=file.read_back,
            written_at=now,
            source_path=resource.path,
            source_modified_at=file.source_modified_at,
            generation=placed_as.generation if file.repairs is None else file.repairs.generation,
            adopted=file.adopted is not None,
        )
        files[row.role, row.generation] = row
    order = list(Role)
    return RecordedAsset(
        udid=staged.udid,
        uuid=staged.asset.uuid,
        original_filename=staged.asset.original_filename,
        folder=placed.folder if staged.recorded is None else staged.recorded.folder,
        stem=placed.stem if staged.recorded is None else staged.recorded.stem,
        files=tuple(sorted(files.values(), key=lambda file: (order.index(file.role), file.generation))),
        completed_at=now,
    )


def _leave_unrecorded(workspace: Workspace, placed: _InPlace) -> None:
    """The files have their names but are not recorded: the next attempt adopts them."""
    for file, folder, name, placed_as in placed.files:
        path = f"{folder}/{name or placed_as.name}" if folder else name or placed_as.name
        workspace.existing.give_back(path, file.size)
        workspace.names.look_again(folder)
    _release(workspace, placed.staged)
