"""Items that were deleted on purpose, on the phone and in the archive: `ambertime forget`.

An item can be forgotten only if both are true:

- At the last backup of its phone, the library was read from its database, and did not list the item.
- None of its files is on the target: each is missing under its recorded path, or was rewritten by a person,
  and its bytes are nowhere else on the target. A damaged file is there; part of it may still be readable.

Forgetting is a mark in the record. It deletes nothing, can be undone, and ends by itself when a library lists
the item again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ambertime_tui.drive.record.absent import load_absent
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Verdict, verdict_of
from ambertime_tui.drive.target import Target
from ambertime_tui.library.model import Asset

ItemKey = tuple[str, str]
"""Udid and uuid of an item."""


@dataclass(frozen=True, slots=True)
class ForgettableItem:
    """A recorded item that is neither on its phone nor on the target, or was forgotten."""

    udid: str
    uuid: str
    original_filename: str
    paths: tuple[str, ...]
    """Where its files were, relative to the target."""
    bytes: int
    """Size of its files."""
    forgotten_at: float | None
    """Seconds since 1970; None: not forgotten."""

    @property
    def key(self) -> ItemKey:
        """Its udid and uuid."""
        return self.udid, self.uuid


def absent_items(target: Target) -> tuple[ForgettableItem, ...]:
    """The items that can be forgotten, ordered by path. Records moved files first, so that they do not count.

    Raises:
        DriveError: the drive cannot be read, or the record cannot be written.
    """
    found: list[ForgettableItem] = []
    for udid, absent in load_absent(target.path).items():
        for uuid in target.inspect(udid).broken.keys() & absent.uuids:
            asset = target.record.find_asset(udid, uuid)
            if asset is not None and all(_is_absent(target, file) for file in asset.files):
                found.append(_item(asset, None))
    return tuple(sorted(found, key=lambda item: (item.paths, item.key)))


def forgotten_items(target: Target) -> tuple[ForgettableItem, ...]:
    """The items that were forgotten, ordered by path.

    Raises:
        DriveError: the record cannot be read.
    """
    found: list[ForgettableItem] = []
    for mark in target.record.forgotten_assets():
        asset = target.record.find_asset(mark.udid, mark.uuid)
        if asset is not None:
            found.append(_item(asset, mark.forgotten_at))
    return tuple(sorted(found, key=lambda item: (item.paths, item.key)))


def forget(target: Target, keys: Collection[ItemKey], now: float) -> tuple[ForgettableItem, ...]:
    """Forget those of the items that can be forgotten now, and return them.

    Raises:
        DriveError: the drive cannot be read, or the record cannot be written.
    """
    items = tuple(item for item in absent_items(target) if item.key in keys)
    if items:
        target.record.forget([item.key for item in items], now)
    target.finish()
    return items


def remember(target: Target, keys: Collection[ItemKey]) -> tuple[ForgettableItem, ...]:
    """Undo `forget` for those of the items that are forgotten, and return them.

    Raises:
        DriveError: the record cannot be written.
    """
    items = tuple(item for item in forgotten_items(target) if item.key in keys)
    if items:
        target.record.unforget([item.key for item in items])
    target.finish()
    return items


def remember_returned(target: Target, udid: str, assets: Iterable[Asset]) -> None:
    """Undo `forget` for items that a phone's library lists again, so that they are copied.

    Raises:
        DriveError: the record cannot be written.
    """
    marks = {mark.uuid for mark in target.record.forgotten_assets() if mark.udid == udid}
    returned = marks & {asset.uuid for asset in assets} if marks else set()
    if returned:
        target.record.unforget([(udid, uuid) for uuid in returned])


def _is_absent(target: Target, file: RecordedFile) -> bool:
    """Whether a file is missing, or is a person's own version."""
    if not target.is_broken(file):
        return False
    try:
        facts = target.stat(file.path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    modified_at = None if file.preexisting else file.modified_at
    now = (facts.st_size, facts.st_mtime)
    return verdict_of(file.size, modified_at, *now, file.written_at) is Verdict.CHANGED


def _item(asset: RecordedAsset, forgotten_at: float | None) -> ForgettableItem:
    paths = tuple(file.path for file in asset.files)
    return ForgettableItem(asset.udid, asset.uuid, asset.original_filename, paths, asset.bytes, forgotten_at)
