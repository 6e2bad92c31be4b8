"""Commit assets in groups: one record transaction and one sync of each folder for many of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.record_model import Proof, RecordedAsset, RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writing.asset_writer import AssetWriter, StagedAsset
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.outcomes import Copied
from ambertime_tui.engine.job.repairs import is_repair
from ambertime_tui.engine.plan.plan import PlannedAsset

COMMIT_AT_ONCE = 64
"""The most assets in a group."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Files of an asset that are on the drive and recorded."""

    staged: StagedAsset
    recorded: RecordedAsset

    @property
    def written(self) -> tuple[RecordedFile, ...]:
        """The recorded files that were just written."""
        files = (self.recorded.current(file.placed.resource.role) for file in self.staged.files)
        return tuple(file for file in files if file is not None)

    @property
    def outcome(self) -> Copied:
        """The outcome for the census."""
        return Copied(
            self.recorded,
            self.staged.bytes,
            differing=tuple(file.name for file in self.written if file.proof is Proof.DIFFERS),
            repaired=is_repair(self.staged),
        )


@dataclass(slots=True)
class _Waiting:
    """An asset of which every file is written, ready to be committed or discarded."""

    planned: PlannedAsset
    writer: AssetWriter
    outcome: asyncio.Future[Committed | DriveError] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class GroupCommit:
    """Belongs to the event loop. `run` commits what `commit` hands over."""

    def __init__(self, target: Target, threads: Threads) -> None:
        self._target = target
        self._threads = threads
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self.unreported: dict[str, tuple[PlannedAsset, Committed]] = {}
        """By uuid, what was committed and not reported yet: a stop may come between the two. The caller
        removes it."""

    async def run(self) -> None:
        """Commit until cancelled. What was written during one transaction is committed in the next."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < COMMIT_AT_ONCE and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            committing = asyncio.create_task(self._commit(group))
            try:
                await asyncio.shield(committing)
            except asyncio.CancelledError:
                await committing
                raise

    async def commit(self, planned: PlannedAsset, writer: AssetWriter) -> Committed:
        """Commit an asset of which every file is written.

        Raises:
            DriveError: its files were discarded.
        """
        waiting = _Waiting(planned, writer)
        self._waiting.put_nowait(waiting)
        outcome = await asyncio.shield(waiting.outcome)
        if isinstance(outcome, DriveError):
            raise outcome
        return outcome

    async def discard_waiting(self) -> None:
        """Discard what was handed over and not committed."""
        while not self._waiting.empty():
            await self._threads.run(self._waiting.get_nowait().writer.discard)

    async def _commit(self, group: list[_Waiting]) -> None:
        outcomes = await self._threads.run(self._staged_and_committed, [one.writer for one in group])
        for one, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self.unreported[one.planned.asset.uuid] = (one.planned, outcome)
            one.outcome.set_result(outcome)

    def _staged_and_committed(self, writers: Sequence[AssetWriter]) -> list[Committed | DriveError]:
        """The outcome of each, in order; files that are not committed are discarded. Blocks."""
        all_staged = [_staged(writer) for writer in writers]
        recorded = iter(self._target.commit([one for one in all_staged if isinstance(one, StagedAsset)]))
        outcomes: list[Committed | DriveError] = []
        for staged in all_staged:
            if isinstance(staged, DriveError):
                outcomes.append(staged)
                continue
            outcome = next(recorded)
            outcomes.append(outcome if isinstance(outcome, DriveError) else Committed(staged, outcome))
        return outcomes


def _staged(writer: AssetWriter) -> StagedAsset | DriveError:
    try:
        return writer.stage()
    except DriveError as error:
        writer.discard()
        return error
