"""The commit step: parts get their names, folders are synced and listed back, the record says so. In this
order.

One caller at a time; several staged assets share the syncs of their folders and one record transaction.
Whatever fails, an asset is in the record whole or not at all, and a file that has its name already stays: the
next run finds it and adopts it.
"""

from __future__ import annotations

import errno
import itertools
import stat
import unicodedata
from collections.abc import Collection, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ambertime_tui.drive.errors import DriveError, NameNotKept, WriteFailed, drive_error
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import AsideFile, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Verdict, judge
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.writing.asset_writer import StagedAsset
from ambertime_tui.drive.writing.file_writer import StagedFile, discard_part
from ambertime_tui.drive.writing.naming import aside_name, keys_of, place, split
from ambertime_tui.drive.writing.read_back import FileDigest
from ambertime_tui.drive.writing.workspace import Names, Workspace
from ambertime_tui.library.model import Role

_TRIES = 32
"""How often other names are chosen because a stranger took one in the very moment of the rename."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A staged file and the name it gets."""

    staged: StagedFile
    folder: str
    name: str
    true_name: str
    generation: int

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(slots=True)
class _InPlace:
    """An asset whose files have their names, unrecorded yet."""

    staged: StagedAsset
    folder: str
    stem: str
    files: list[_Named] = field(default_factory=list)
    aside: list[AsideFile] = field(default_factory=list)
    unneeded: list[StagedFile] = field(default_factory=list)
    """Good copies of files that turned out to be whole."""
    renamed: list[tuple[str, str]] = field(default_factory=list)
    """What was renamed, in order: from, to."""
    not_kept: _Named | None = None
    """A file that the drive does not list under the name it was given."""

    @property
    def folders(self) -> set[str]:
        """All folders whose names changed for it."""
        return {file.folder for file in self.files} | {
            file.part.rpartition("/")[0]
            for file in (named.staged for named in self.files)
            if file.part is not None
        }


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
            for number in [n for n, placed in in_place.items() if trouble and folder in placed.folders]:
                outcomes[number] = trouble or outcomes[number]
                _taken_back(workspace, in_place.pop(number))
        for number, placed in list(in_place.items()):
            if placed.not_kept is not None:
                outcomes[number] = NameNotKept(workspace.root / placed.not_kept.path)
                _taken_back(workspace, in_place.pop(number))
        outcomes |= _recorded(workspace, record, in_place)
    return tuple(outcomes[number] for number in range(len(staged)))


def _recorded(
    workspace: Workspace, record: Record, in_place: Mapping[int, _InPlace]
) -> dict[int, RecordedAsset | DriveError]:
    """One transaction for all; where that fails, one for each, so that none has to pay for another."""
    rows = {number: _described(workspace, placed) for number, placed in in_place.items()}
    if not rows:
        return {}
    outcomes: dict[int, RecordedAsset | DriveError] = {}
    try:
        record.commit(list(rows.values()), [aside for placed in in_place.values() for aside in placed.aside])
        outcomes.update(rows)
    except DriveError as error:
        for number, row in rows.items():
            if len(rows) > 1:
                outcomes |= _recorded(workspace, record, {number: in_place[number]})
            elif _is_recorded(record, row):
                outcomes[number] = row
            else:
                outcomes[number] = error
                _left_unrecorded(workspace, in_place[number])
        if len(rows) > 1:
            return outcomes
    for number, outcome in outcomes.items():
        if isinstance(outcome, RecordedAsset):
            for file in outcome.files:
                workspace.names.recorded(file.folder, file.name)
            parts = [file.staged.part for file in in_place[number].files if file.staged.part is not None]
            workspace.parts.forget(parts)
            _discard_unneeded(workspace, in_place[number])
            _release(workspace, in_place[number].staged)
    return outcomes


def _is_recorded(record: Record, row: RecordedAsset) -> bool:
    """Whether a transaction that ended with an error holds all the same (only its last sync failed)."""
    try:
        return record.asset_files(row.udid, row.uuid) == row
    except DriveError:
        return False


def abandon(workspace: Workspace, staged: StagedAsset) -> None:
    """Throws away what was staged and is not going to be committed."""
    for file in staged.files:
        if file.part is not None:
            discard_part(workspace, file.part)
        if file.adopted is not None:
            workspace.existing.give_back(file.adopted, file.size)
    _release(workspace, staged)


def _discard_unneeded(workspace: Workspace, placed: _InPlace) -> None:
    for file in placed.unneeded:
        if file.part is not None:
            discard_part(workspace, file.part)


def _release(workspace: Workspace, staged: StagedAsset) -> None:
    workspace.names.release(staged.place.folder, (file.name for file in staged.place.files))


def _named(workspace: Workspace, staged: StagedAsset) -> _InPlace:
    """Renames all parts of an asset into place under one stem, or none of them."""
    for _ in range(_TRIES):
        target = _destination(workspace, staged)
        try:
            _rename_all(workspace, target)
        except FileExistsError:
            for folder in target.folders:
                workspace.names.look_again(folder)
            continue
        return target
    raise WriteFailed(
        workspace.root / staged.place.folder / staged.place.files[0].name, errno.EEXIST, "naming"
    )


def _destination(workspace: Workspace, staged: StagedAsset) -> _InPlace:
    """Where each file goes, now that it is known which are adopted and what lies on the drive."""
    names = workspace.names
    base, result = staged.recorded, _InPlace(staged, staged.place.folder, staged.place.stem)
    adopted = [file.adopted for file in staged.files if file.adopted is not None]
    if base is None:
        base = _asset_found_elsewhere(staged)
        if base is not None:
            result.folder, result.stem = base.folder, base.stem
    own = keys_of(file.name for file in staged.place.files)
    to_place: list[StagedFile] = []
    for file in staged.files:
        if file.adopted is not None:
            folder, _, name = file.adopted.rpartition("/")
            result.files.append(_Named(file, folder, name, file.placed.true_name, _generation(file)))
        elif file.repairs is None or not _repaired(workspace, result, file, file.repairs):
            to_place.append(file)

    def taken(folder: str) -> Container[str]:
        found = keys_of(path.rpartition("/")[2] for path in adopted if path.rpartition("/")[0] == folder)
        return _NotFree(
            names.given(folder),
            own if folder == staged.place.folder else set(),
            names.on_drive(folder),
            found,
        )

    wanted = [file.placed.resource for file in to_place]
    placed = place(
        staged.asset,
        workspace.traits,
        taken,
        resources=wanted,
        recorded=base,
        namesake=staged.namesake,
    )
    if base is None:
        result.stem = placed.stem
    for file, its in zip(to_place, placed.files, strict=True):
        generation = its.generation if file.repairs is None else file.repairs.generation
        result.files.append(_Named(file, placed.folder, its.name, its.true_name, generation))
    return result


@dataclass(frozen=True, slots=True)
class _NotFree:
    """Names that an asset cannot have: given to others, or lying there."""

    given: Names
    own: set[str]
    """What of `given` is its own."""
    on_drive: Names
    adopted: set[str]
    """What of `on_drive` is going to be its own."""

    def __contains__(self, key: object) -> bool:
        return (key in self.given and key not in self.own) or (
            key in self.on_drive and key not in self.adopted
        )


def _generation(file: StagedFile) -> int:
    return file.placed.generation if file.repairs is None else file.repairs.generation


def _asset_found_elsewhere(staged: StagedAsset) -> RecordedAsset | None:
    """The asset as it lies there already, for its other files to join, where its originals were found in a
    place of their own; None where they are where we would have put them."""
    planned = {f"{staged.place.folder}/{file.name}" for file in staged.place.files}
    for file in staged.files:
        if file.adopted and file.adopted not in planned and file.placed.resource.role.is_original:
            folder, _, name = file.adopted.rpartition("/")
            return RecordedAsset(staged.udid, staged.asset.uuid, "", folder, split(name)[0], (), 0.0)
    return None


def _repaired(workspace: Workspace, result: _InPlace, file: StagedFile, broken: RecordedFile) -> bool:
    """Gives a good copy the recorded name. A damaged file there is renamed, never deleted; a whole one stays,
    and the copy is not needed. False: what lies there is another program's work, and the copy needs another
    name."""
    path = workspace.root / broken.path
    try:
        facts = path.lstat()
    except FileNotFoundError:
        result.files.append(_Named(file, broken.folder, broken.name, broken.true_name, broken.generation))
        return True
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error
    if not stat.S_ISREG(facts.st_mode):
        return False
    try:
        found: FileDigest | None = workspace.reader.digest(path)
    except OSError:
        found = None
    if found is not None and (found.size, found.sha256) == (file.size, file.sha256):
        result.unneeded.append(file)
        if (found.size, found.sha256) != (broken.size, broken.sha256):  # it was the record that was wrong
            whole = replace(file, part=None, adopted=None, read_back=found.read_back)
            result.files.append(
                _Named(whole, broken.folder, broken.name, broken.true_name, broken.generation)
            )
        return True
    if found is not None and found.sha256 == broken.sha256:
        return False
    if (
        found is not None
        and judge(broken.size, broken.modified_at, found.size, facts.st_mtime) is not Verdict.DAMAGED
    ):
        return False
    given, there = workspace.names.given(broken.folder), workspace.names.on_drive(broken.folder)
    aside = next(
        name
        for attempt in itertools.count(1)
        if (key := name_key(name := aside_name(broken.name, workspace.traits, attempt))) not in there
        and key not in given
    )
    moved = f"{broken.folder}/{aside}" if broken.folder else aside
    result.aside.append(AsideFile(moved, broken.path, workspace.clock()))
    result.files.append(_Named(file, broken.folder, broken.name, broken.true_name, broken.generation))
    return True


def _rename_all(workspace: Workspace, target: _InPlace) -> None:
    """All renames of an asset, or after an error none of them."""
    root, calls = workspace.root, workspace.calls
    try:
        for aside in target.aside:
            calls.rename_noreplace(root / aside.instead_of, root / aside.path)
            target.renamed.append((aside.instead_of, aside.path))
        for file in target.files:
            part = file.staged.part
            if part is not None:
                workspace.folders.ensure(file.folder)
                calls.rename_noreplace(root / part, root / file.path)
                target.renamed.append((part, file.path))
    except FileExistsError:
        _renamed_back(workspace, target)
        raise
    except DriveError:
        _renamed_back(workspace, target)
        raise
    except OSError as error:
        _renamed_back(workspace, target)
        raise drive_error(error, root / target.folder / target.stem, doing="naming") from error


def _renamed_back(workspace: Workspace, target: _InPlace) -> None:
    """What cannot be renamed back stays where it is, under a good name but unrecorded."""
    while target.renamed:
        old, new = target.renamed.pop()
        with suppress(OSError):
            workspace.calls.rename_noreplace(workspace.root / new, workspace.root / old)


def _settled_folder(workspace: Workspace, folder: str, in_place: Collection[_InPlace]) -> DriveError | None:
    """Syncs a folder and looks at its names: one counts only as the drive gives it."""
    path = workspace.root / folder
    placed_here = [(placed, file) for placed in in_place for file in placed.files if file.folder == folder]
    try:
        workspace.calls.fsync_folder(path)
        there = workspace.names.kept(folder, [file.name for _, file in placed_here])
    except OSError as error:
        return drive_error(error, path, doing="syncing the folder")
    except DriveError as error:
        return error
    lacking = [(placed, file) for placed, file in placed_here if file.name not in there]
    composed = {unicodedata.normalize("NFC", name): name for name in there} if lacking else {}
    for placed, file in lacking:
        given = composed.get(unicodedata.normalize("NFC", file.name))
        if given is None:
            placed.not_kept = file
        else:
            placed.files[placed.files.index(file)] = replace(file, name=given)
    return None


def _described(workspace: Workspace, placed: _InPlace) -> RecordedAsset:
    staged, now = placed.staged, workspace.clock()
    files: dict[tuple[Role, int], RecordedFile] = {}
    if staged.recorded is not None:
        files = {(file.role, file.generation): file for file in staged.recorded.files}
    for named in placed.files:
        file, resource = named.staged, named.staged.placed.resource
        row = RecordedFile(
            role=resource.role,
            folder=named.folder,
            name=named.name,
            true_name=named.true_name,
            size=file.size,
            sha256=file.sha256,
            modified_at=file.modified_at,
            read_back=file.read_back,
            written_at=now,
            source_path=resource.path,
            source_modified_at=file.source_modified_at,
            generation=named.generation,
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


def _taken_back(workspace: Workspace, placed: _InPlace) -> None:
    """A folder could not be synced, or did not keep a name: the files are thrown away like parts after a
    failed fsync. One that cannot be is not adopted by this job: what is in the cache of its folder is not to
    be trusted."""
    _renamed_back(workspace, placed)
    for folder in placed.folders:
        workspace.names.look_again(folder)
    abandon(workspace, placed.staged)


def _left_unrecorded(workspace: Workspace, placed: _InPlace) -> None:
    """The files have their names, synced, but are not recorded: the next attempt adopts them."""
    for file in placed.files:
        workspace.existing.give_back(file.path, file.staged.size)
        workspace.names.look_again(file.folder)
    workspace.parts.forget([file.staged.part for file in placed.files if file.staged.part is not None])
    _discard_unneeded(workspace, placed)
    _release(workspace, placed.staged)
