"""Final folder and name of each file of a staged asset, chosen just before the renames."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Container
from dataclasses import dataclass, field, replace

from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record_model import AsideFile, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Verdict, verdict_of
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.writing.asset_writer import StagedAsset
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.file_writer import StagedFile
from ambertime_tui.drive.writing.names import Names
from ambertime_tui.drive.writing.naming import aside_name, keys_of, place, split
from ambertime_tui.drive.writing.read_back import FileDigest


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A staged file and its final name."""

    staged: StagedFile
    folder: str
    name: str
    true_name: str
    generation: int

    @property
    def path(self) -> str:
        """Path relative to the target."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(slots=True)
class NamedAsset:
    """A staged asset whose files have final names but are not recorded yet."""

    staged: StagedAsset
    folder: str
    stem: str
    files: list[NamedFile] = field(default_factory=list)
    aside: list[AsideFile] = field(default_factory=list)
    unneeded: list[StagedFile] = field(default_factory=list)
    """Repair copies of files that turned out to be intact."""
    renamed: list[tuple[str, str]] = field(default_factory=list)
    """The renames done so far, in order: from, to."""
    lost_name: NamedFile | None = None
    """A file that the drive does not list under the name it was given."""

    @property
    def folders(self) -> set[str]:
        """All folders in which a name changed."""
        return {file.folder for file in self.files} | {
            file.part.rpartition("/")[0]
            for file in (named.staged for named in self.files)
            if file.part is not None
        }

    @property
    def parts(self) -> list[str]:
        """Part paths of its files, relative to the target."""
        return [file.staged.part for file in self.files if file.staged.part is not None]


def choose_destinations(context: WriteContext, staged: StagedAsset) -> NamedAsset:
    """Choose the final folder and name of each file, given what is on the drive now.

    Raises:
        DriveError: the drive cannot be read.
    """
    names = context.names
    base, result = staged.recorded, NamedAsset(staged, staged.place.folder, staged.place.stem)
    existing = [file.existing for file in staged.files if file.existing is not None]
    if base is None:
        base = _asset_found_elsewhere(staged)
        if base is not None:
            result.folder, result.stem = base.folder, base.stem
    reserved = () if staged.recorded is None else staged.recorded.reserved
    own = keys_of(file.name for file in staged.place.files)
    own |= keys_of(name.name for name in reserved if name.folder == staged.place.folder)
    to_place: list[StagedFile] = []
    for file in staged.files:
        if file.existing is not None:
            folder, _, name = file.existing.rpartition("/")
            generation = file.placed.generation if file.repairs is None else file.repairs.generation
            result.files.append(NamedFile(file, folder, name, file.placed.true_name, generation))
        elif file.repairs is None or not _repair(context, result, file, file.repairs):
            to_place.append(file)

    def taken(folder: str) -> Container[str]:
        found = keys_of(path.rpartition("/")[2] for path in existing if path.rpartition("/")[0] == folder)
        return _TakenNames(
            names.taken(folder),
            own if folder == staged.place.folder else set(),
            names.on_drive(folder),
            found,
        )

    placed = place(
        staged.asset,
        context.traits,
        taken,
        resources=[file.placed.resource for file in to_place],
        recorded=base,
        namesake=staged.namesake,
    )
    if base is None:
        result.stem = placed.stem
    for file, chosen in zip(to_place, placed.files, strict=True):
        generation = chosen.generation if file.repairs is None else file.repairs.generation
        result.files.append(NamedFile(file, placed.folder, chosen.name, chosen.true_name, generation))
    return result


@dataclass(frozen=True, slots=True)
class _TakenNames:
    """Keys of the names in a folder that an asset cannot have."""

    by_others: Names
    """Recorded, or reserved by writers, this asset's own included."""
    own: set[str]
    """Those of `by_others` that are reserved for this asset."""
    on_drive: Names
    existing: set[str]
    """Those of `on_drive` that are files of this asset."""

    def __contains__(self, key: object) -> bool:
        return (key in self.by_others and key not in self.own) or (
            key in self.on_drive and key not in self.existing
        )


def _asset_found_elsewhere(staged: StagedAsset) -> RecordedAsset | None:
    """The asset at the place where its originals already are, for its other files to join.

    None if they are where AmberTime would put them.
    """
    planned = {f"{staged.place.folder}/{file.name}" for file in staged.place.files}
    for file in staged.files:
        if file.existing and file.existing not in planned and file.placed.resource.role.is_original:
            folder, _, name = file.existing.rpartition("/")
            return RecordedAsset(staged.udid, staged.asset.uuid, "", folder, split(name)[0], (), 0.0)
    return None


def _repair(context: WriteContext, result: NamedAsset, file: StagedFile, broken: RecordedFile) -> bool:
    """Give a good copy the recorded name.

    A damaged file with that name is renamed, never deleted. If the file turns out to be intact it stays, and
    the copy is not needed. Returns False if another program wrote the file, or if it is in a recycle bin or
    the like: the copy needs another name.
    """
    if service_in(broken.path):
        return False
    path = context.root / broken.path
    try:
        facts = context.calls.stat(path)
    except FileNotFoundError:
        result.files.append(_with_recorded_name(file, broken))
        return True
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error
    if not stat.S_ISREG(facts.st_mode):
        return False
    try:
        found: FileDigest | None = context.reader.digest(path)
    except OSError:
        found = None
    if found is not None and (found.size, found.sha256) == (file.size, file.sha256):
        result.unneeded.append(file)
        if (found.size, found.sha256) != (broken.size, broken.sha256):  # the record itself was wrong
            intact = replace(file, part=None, existing=None, read_back=found.read_back)
            result.files.append(_with_recorded_name(intact, broken))
        return True
    if found is not None and found.sha256 == broken.sha256:
        return False
    if found is not None:
        if context.existing.has_recorded(found.size, found.sha256):  # a person moved another file there
            return False
        before, now = (
            (broken.size, None if broken.preexisting else broken.modified_at),
            (found.size, facts.st_mtime),
        )
        if verdict_of(*before, *now, broken.written_at) is not Verdict.DAMAGED:
            return False
    aside = _free_aside_name(context, broken)
    moved = f"{broken.folder}/{aside}" if broken.folder else aside
    result.aside.append(AsideFile(moved, broken.path, context.clock()))
    result.files.append(_with_recorded_name(file, broken))
    return True


def _with_recorded_name(file: StagedFile, recorded: RecordedFile) -> NamedFile:
    return NamedFile(file, recorded.folder, recorded.name, recorded.true_name, recorded.generation)


def _free_aside_name(context: WriteContext, broken: RecordedFile) -> str:
    """A name for a damaged file that is free on the drive and in the record."""
    taken, on_drive = context.names.taken(broken.folder), context.names.on_drive(broken.folder)
    candidates = (aside_name(broken.name, context.traits, attempt) for attempt in itertools.count(1))
    return next(name for name in candidates if (key := name_key(name)) not in on_drive and key not in taken)
