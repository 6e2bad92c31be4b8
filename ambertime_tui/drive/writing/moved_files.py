"""Recorded files that a person moved or renamed: found by their bytes, and recorded where they are."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import SAME_TIME
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.naming import split

_ASSETS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file with the recorded bytes at another path. Paths are relative to the target."""

    before: str
    now: str


@dataclass(frozen=True, slots=True)
class SuspectFile:
    """A recorded file whose bytes are not at its recorded path."""

    udid: str
    uuid: str
    file: RecordedFile


def record_moved(
    context: WriteContext, record: Record, suspects: Sequence[SuspectFile]
) -> tuple[MovedFile, ...]:
    """Find the bytes of recorded files elsewhere on the target, and record them there.

    Only files of the sizes that are missing are read. Assets of another phone that share a file follow it.

    Raises:
        DriveError: the target cannot be listed, or the record cannot be written.
    """
    swapped = _Swapped(context, suspects)
    moves: dict[str, tuple[str, float]] = {}
    for suspect in suspects:
        file = suspect.file
        if file.path not in moves:
            now = _found(context, file) or swapped.take(file)
            if now is not None:
                moves[file.path] = now
    owners = iter(sorted({owner for path in moves for owner in record.owners_at(path)}))
    while some := list(islice(owners, _ASSETS_AT_ONCE)):
        assets = [asset for key in some if (asset := record.find_asset(*key)) is not None]
        moved = [_moved_asset(asset, moves) for asset in assets]
        record.commit(moved)
        for later in (name for asset in moved for name in asset.reserved):
            context.names.add_reserved(later.folder, later.name)
    for new_path, _ in moves.values():
        folder, _, name = new_path.rpartition("/")
        context.names.add_recorded(folder, name)
    return tuple(MovedFile(before, now) for before, (now, _) in sorted(moves.items()))


def _found(context: WriteContext, file: RecordedFile) -> tuple[str, float] | None:
    """Path and modification time of an unrecorded file with the same bytes."""
    found = context.existing.find_unrecorded(file.size, file.sha256, file.path)
    return None if found is None else _with_time(context, found[0])


def _with_time(context: WriteContext, path: str) -> tuple[str, float] | None:
    try:
        return path, context.calls.stat(context.root / path).st_mtime
    except OSError:
        return None


class _Swapped:
    """Files at recorded paths that have other bytes: after two names were exchanged, those of each other."""

    def __init__(self, context: WriteContext, suspects: Iterable[SuspectFile]) -> None:
        self._context = context
        self._by_size: dict[int, dict[str, str | None]] = {}
        """Paths by size, with their hash once it is known."""
        for suspect in suspects:
            with suppress(OSError):
                facts = context.calls.stat(context.root / suspect.file.path)
                if stat.S_ISREG(facts.st_mode):
                    self._by_size.setdefault(facts.st_size, {})[suspect.file.path] = None

    def take(self, file: RecordedFile) -> tuple[str, float] | None:
        """Path and modification time of one with the bytes of a file; each is given once."""
        there = self._by_size.get(file.size, {})
        for path, sha256 in there.items():
            if path == file.path:
                continue
            if sha256 is None:
                sha256 = there[path] = self._hash_of(path)
            if sha256 == file.sha256:
                del there[path]
                return _with_time(self._context, path)
        return None

    def _hash_of(self, path: str) -> str:
        with suppress(OSError):
            return self._context.reader.digest(self._context.root / path).sha256
        return ""


def _moved_asset(asset: RecordedAsset, moves: dict[str, tuple[str, float]]) -> RecordedAsset:
    """The asset with the new places of its files. Files that come later join its main original."""
    folder, stem = asset.folder, asset.stem
    main = next((file for file in asset.files if file.role.is_original), None)
    if main is not None and main.path in moves:
        new_folder, _, new_name = moves[main.path][0].rpartition("/")
        if main.folder == folder and split(main.name)[0] == stem:
            folder, stem = new_folder, split(new_name)[0]
    files = tuple(_moved_file(file, moves.get(file.path)) for file in asset.files)
    reserved = tuple(
        replace(name, folder=folder, name=stem + name.name.removeprefix(asset.stem))
        if name.folder == asset.folder and name.name.startswith(asset.stem)
        else name
        for name in asset.reserved
    )
    return replace(asset, folder=folder, stem=stem, files=files, reserved=reserved)


def _moved_file(file: RecordedFile, now: tuple[str, float] | None) -> RecordedFile:
    if now is None:
        return file
    folder, _, name = now[0].rpartition("/")
    recorded = file.modified_at
    same_time = recorded is not None and abs(now[1] - recorded) <= SAME_TIME
    return replace(file, folder=folder, name=name, modified_at=recorded if same_time else now[1])
