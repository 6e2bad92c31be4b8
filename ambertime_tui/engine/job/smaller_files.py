"""Decide whether an original with fewer bytes than the library says is complete.

For some originals (PNG screenshots) the library has the size of a buffer, not of the file. Without a
fingerprint, such a file counts as complete only if the database says that it is on the phone, if its
container parses to the end, and if it is the same in two checks a minute apart. The first check may be from
an earlier run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.drive.volume.system_calls import closing
from ambertime_tui.engine.plan.recorded_state import FileFacts, is_proved, is_smaller
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.containers import parses_to_the_end
from ambertime_tui.library.model import Asset, Resource, Role
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import MediaError, PhoneError

BETWEEN_LOOKS = 60.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Look:
    """A file that has to be checked again."""

    uuid: str
    resource: Resource
    facts: FileFacts
    """Of the first check."""
    due_at: float
    """Seconds since 1970."""


class SmallerFiles:
    """`pending` grows as files are judged; `look_again` empties it."""

    def __init__(self, target: Target, udid: str, timing: Timing) -> None:
        self._target = target
        self._udid = udid
        self._timing = timing
        self.pending: list[Look] = []
        self._refused: set[str] = set()
        """Assets with a file that cannot be complete."""

    def is_complete(self, asset: Asset, resource: Resource) -> bool:
        """Judge a recorded original that is unchanged on the phone. Blocks.

        Raises:
            DriveError: the record cannot be read.
        """
        recorded = self._target.record.find_asset(self._udid, asset.uuid)
        file = recorded.current(resource.role) if recorded is not None else None
        return file is not None and self._judge(asset.uuid, resource, file)

    def complete_roles(self, asset: Asset, recorded: RecordedAsset) -> frozenset[Role]:
        """Judge all originals of an asset that are smaller than the library says. Blocks."""
        return frozenset(
            resource.role
            for resource, file in _smaller(asset, recorded)
            if self._judge(asset.uuid, resource, file)
        )

    async def look_again(self, link: PhoneLink) -> frozenset[str]:
        """Wait until all looks are due, and return the uuids of the assets that turned out to be complete."""
        looks, self.pending = self.pending, []
        while (wait := max((look.due_at for look in looks), default=0.0) - self._timing.wall()) > 0:
            await self._timing.pause(wait)
        while True:
            media = await link.media()
            try:
                changed = {look.uuid for look in looks if not await _is_same(look, media)}
            except PhoneError as error:
                link.lost(media, error)
                continue
            link.worked()
            return frozenset({look.uuid for look in looks} - changed - self._refused)

    def _judge(self, uuid: str, resource: Resource, file: RecordedFile) -> bool:
        if not resource.flagged_local or not self._parses(file):
            self._refused.add(uuid)
            return False
        now = self._timing.wall()
        if now - file.written_at >= BETWEEN_LOOKS:
            return True
        due_at = min(file.written_at + BETWEEN_LOOKS, now + BETWEEN_LOOKS)
        self.pending.append(Look(uuid, resource, FileFacts(file.size, file.source_modified_at), due_at))
        return False

    def _parses(self, file: RecordedFile) -> bool:
        calls = self._target.calls
        try:
            with closing(calls, calls.open_read(self._target.path / file.path)) as fd:
                return parses_to_the_end(lambda offset, length: os.pread(fd, length, offset), file.size)
        except OSError:
            return False


def has_smaller(asset: Asset, recorded: RecordedAsset) -> bool:
    """True if a recorded original has fewer bytes than the library says and is not proved."""
    return next(_smaller(asset, recorded), None) is not None


def _smaller(asset: Asset, recorded: RecordedAsset) -> Iterator[tuple[Resource, RecordedFile]]:
    for resource in asset.originals:
        file = recorded.current(resource.role)
        if file is None or is_proved(file.fingerprint, resource.fingerprint):
            continue
        if is_smaller(file.size, resource):
            yield resource, file


async def _is_same(look: Look, media: MediaFolder) -> bool:
    try:
        stat = await media.stat(look.resource.path)
    except MediaError:
        return False
    return FileFacts(stat.size, stat.modified_at) == look.facts
