"""The books of a running job: the plan, what became of each asset so far, and the lists made of both."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ambertime_tui.engine.census import Bucket, Ending, ending_by_plan, left_as
from ambertime_tui.engine.copy_line import CopyLine
from ambertime_tui.engine.fetch_queue import FetchQueue
from ambertime_tui.engine.plan import Fate, Plan, PlannedAsset, by_capture, bytes_of
from ambertime_tui.engine.protocol import Pane, Row, Rows
from ambertime_tui.engine.status import Left


class Ledger:
    """Belongs to the event loop. Recording an ending costs the same whatever the library's size."""

    def __init__(self, plan: Plan) -> None:
        """Sorts the plan: to be made in a thread."""
        self.plan = plan
        self.endings: dict[str, Ending] = {}
        selected = sorted((p for p in plan.assets if p.fate is not Fate.EXCLUDED), key=by_capture)
        self._selected = selected
        self._to_write = [p for p in selected if p.fate is Fate.COPY]
        self._by_uuid = {p.asset.uuid: p for p in selected}
        self._left = {p.asset.uuid: p for p in selected if p.fate in (Fate.FETCH, Fate.CANNOT)}

    def planned(self, uuid: str) -> PlannedAsset | None:
        """An asset of the selection."""
        return self._by_uuid.get(uuid)

    def joins_the_line(self, planned: PlannedAsset) -> None:
        """An asset has arrived from iCloud and is to be copied."""
        if planned.asset.uuid not in self.endings:
            self._to_write.append(planned)

    def record(self, planned: PlannedAsset, ending: Ending) -> None:
        """What became of an asset."""
        uuid = planned.asset.uuid
        self.endings[uuid] = ending
        if ending.bucket in (Bucket.ICLOUD, Bucket.FAILED):
            self._left[uuid] = planned
        else:
            self._left.pop(uuid, None)

    def reopen(self, uuid: str) -> None:
        """An asset is tried again."""
        self.endings.pop(uuid, None)
        planned = self._by_uuid.get(uuid)
        if planned is not None and planned.fate is Fate.COPY:
            self._left.pop(uuid, None)

    def failed(self) -> Iterator[PlannedAsset]:
        """The assets that failed or were skipped while they were copied."""
        for uuid, ending in self.endings.items():
            if ending.bucket is Bucket.FAILED and ending.reason not in ("missing", "not_reached"):
                yield self._by_uuid[uuid]

    def on_drive(self) -> frozenset[str]:
        """The uuids of what is on the drive, as the books stand."""
        there = (Bucket.COPIED, Bucket.ALREADY)
        uuids = ((p.asset.uuid, p) for p in self.plan.assets)
        return frozenset(u for u, p in uuids if (self.endings.get(u) or ending_by_plan(p)).bucket in there)

    def left(self, offset: int, limit: int) -> tuple[Left, ...]:
        """Part of what is known to be left, as things stand."""
        page = islice(self._left.values(), offset, offset + limit)
        return tuple(left_as(p, self.endings.get(p.asset.uuid) or ending_by_plan(p)) for p in page)

    @property
    def left_count(self) -> int:
        """How many are known to be left."""
        return len(self._left)

    def rows(self, pane: Pane, offset: int, limit: int, queue: FetchQueue, line: CopyLine) -> Rows:
        """A page of a list."""
        match pane:
            case Pane.SCAN:
                selected = self._selected[offset : offset + limit]
                return Rows(len(self._selected), offset, tuple(_scan_row(p) for p in selected))
            case Pane.WRITE:
                to_write = self._to_write[offset : offset + limit]
                return Rows(len(self._to_write), offset, tuple(self._write_row(p, line) for p in to_write))
            case Pane.FETCH:
                items = queue.page(offset, limit)
                rows = tuple(
                    Row(i.uuid, i.name, i.day, i.bytes, i.state.value, i.reason or i.thumbnail) for i in items
                )
                return Rows(len(queue), offset, rows)
            case Pane.LEFT:
                left = self.left(offset, limit)
                rows = tuple(
                    Row(one.uuid, one.original_filename, one.day, one.bytes, one.reason, one.sentence)
                    for one in left
                )
                return Rows(self.left_count, offset, rows)

    def _write_row(self, planned: PlannedAsset, line: CopyLine) -> Row:
        asset = planned.asset
        ending = self.endings.get(asset.uuid)
        state, note = "waiting", ""
        if ending is not None:
            written = ending.bucket is Bucket.COPIED or ending.reason == "missing"
            state = "written" if written else "skipped" if ending.reason == "skipped" else "failed"
            note = ending.sentence
        elif line.is_in_hand(asset.uuid):
            state = "copying"
        return Row(asset.uuid, asset.original_filename, planned.day, planned.bytes, state, note)


def _scan_row(planned: PlannedAsset) -> Row:
    asset = planned.asset
    size = bytes_of(asset.originals)
    return Row(
        asset.uuid, asset.original_filename, planned.day, size, asset.availability.value, planned.sentence
    )
