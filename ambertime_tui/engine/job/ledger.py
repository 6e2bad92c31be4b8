"""The ledger of a running job: the plan, the outcome of each asset so far, and the lists made of both."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import islice

from ambertime_tui.engine.api.protocol import Pane, Row, Rows
from ambertime_tui.engine.api.status import Left
from ambertime_tui.engine.job.census import Bucket, Ending, Endings, left_as
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, bytes_of
from ambertime_tui.engine.plan.rules import with_names

_LEFT = (Bucket.ICLOUD, Bucket.FAILED)
_THERE = (Bucket.COPIED, Bucket.ALREADY)
_WRITTEN = ("in_part", "smaller", "missing")
"""Reasons of assets of which files were written."""
_FINAL = ("missing", "pending", "smaller", "not_reached")
"""Reasons of failures that a retry in the same job cannot help."""


class Ledger:
    """Belongs to the event loop. Recording an outcome costs the same for any library."""

    def __init__(self, plan: Plan) -> None:
        """Goes through the whole plan: create it in a thread."""
        self.plan = plan
        self.endings = Endings(plan)
        self._selected = plan.numbers(Decision.COPY, Decision.FETCH, Decision.ALREADY, Decision.CANNOT)
        self._to_write = plan.numbers(Decision.COPY)
        self._left = plan.numbers(Decision.FETCH, Decision.CANNOT)
        self.differing: dict[int, tuple[str, ...]] = {}
        """By position, the names of files that this job found to differ from Apple's fingerprint; empty for
        files that were copied earlier."""
        self.repaired: set[int] = set()
        """Positions of assets of which damaged files were replaced."""
        self._is_left = bytearray(len(plan))
        for number in self._left:
            self._is_left[number] = True
        self._listed_as_left = bytearray(self._is_left)
        self.left_count = len(self._left)
        """Assets known not to be on the drive at the end."""

    def planned(self, uuid: str) -> PlannedAsset | None:
        """An asset of the selection."""
        number = self.plan.number_of(uuid)
        if number is None or self.plan.decision_of(number) is Decision.EXCLUDED:
            return None
        return self.plan[number]

    def add_arrived(self, planned: PlannedAsset) -> None:
        """Add an asset that has arrived from iCloud to the list of what is copied."""
        if self.endings.get(planned.number) is None:
            self._to_write.append(planned.number)

    def record(self, planned: PlannedAsset, ending: Ending) -> None:
        """Record the outcome of an asset."""
        number = planned.number
        self.endings.set(number, ending)
        self._mark_left(number, ending.bucket in _LEFT)

    def ending_of(self, planned: PlannedAsset) -> Ending | None:
        """The outcome of an asset; None: none yet."""
        return self.endings.get(planned.number)

    def reopen(self, planned: PlannedAsset) -> None:
        """Forget the outcome of an asset that is retried."""
        self.endings.forget(planned.number)
        if self.plan.decision_of(planned.number) is Decision.COPY:
            self._mark_left(planned.number, False)

    def failed(self) -> Iterator[PlannedAsset]:
        """The assets that failed or were skipped, and can be retried."""
        for number, ending in self.endings.other_than_copied():
            if ending.bucket is Bucket.FAILED and ending.reason not in _FINAL:
                yield self.plan[number]

    def is_on_drive(self, number: int) -> bool:
        """True if the asset is on the drive according to the outcomes so far."""
        return self.endings.of(number).bucket in (Bucket.COPIED, Bucket.ALREADY)

    def left(self, offset: int, limit: int) -> tuple[Left, ...]:
        """A page of the assets that are known not to be on the drive."""
        numbers = islice((n for n in self._left if self._is_left[n]), offset, offset + limit)
        return tuple(left_as(self.plan[n], self.endings.of(n)) for n in numbers)

    def rows(
        self, pane: Pane, offset: int, limit: int, fetch_queue: FetchQueue, copy_queue: CopyQueue
    ) -> Rows:
        """A page of a list."""
        match pane:
            case Pane.SCAN:
                return Rows(
                    len(self._selected),
                    offset,
                    tuple(_scan_row(p) for p in self._page(self._selected, offset, limit)),
                )
            case Pane.WRITE:
                return Rows(
                    len(self._to_write),
                    offset,
                    tuple(self._write_row(p, copy_queue) for p in self._page(self._to_write, offset, limit)),
                )
            case Pane.FETCH:
                items = fetch_queue.page(offset, limit)
                rows = tuple(
                    Row(i.uuid, i.name, i.day, i.bytes, i.state.value, i.reason or i.thumbnail) for i in items
                )
                return Rows(len(fetch_queue), offset, rows)
            case Pane.LEFT:
                left = self.left(offset, limit)
                return Rows(self.left_count, offset, tuple(map(left_row, left)))

    def _page(self, numbers: array[int], offset: int, limit: int) -> Iterator[PlannedAsset]:
        return (self.plan[number] for number in numbers[offset : offset + limit])

    def _mark_left(self, number: int, left: bool) -> None:
        self.left_count += left - self._is_left[number]
        self._is_left[number] = left
        if left and not self._listed_as_left[number]:
            self._listed_as_left[number] = True
            self._left.append(number)

    def _write_row(self, planned: PlannedAsset, copy_queue: CopyQueue) -> Row:
        asset = planned.asset
        ending = self.endings.get(planned.number)
        state, note = "waiting", ""
        if ending is not None:
            written = ending.bucket in _THERE or ending.reason in _WRITTEN
            state = "written" if written else "skipped" if ending.reason == "skipped" else "failed"
            note = ending.sentence
        elif copy_queue.is_being_copied(asset.uuid):
            state = "copying"
        note = with_names(note, asset)
        return Row(asset.uuid, asset.original_filename, planned.day, planned.bytes, state, note)


def left_row(one: Left) -> Row:
    """An item that is not on the drive, as a row of the list."""
    return Row(one.uuid, one.original_filename, one.day, one.bytes, one.reason, one.sentence)


def _scan_row(planned: PlannedAsset) -> Row:
    asset = planned.asset
    size = bytes_of(asset.originals)
    where, sentence = asset.availability.value, with_names(planned.sentence, asset)
    return Row(asset.uuid, asset.original_filename, planned.day, size, where, sentence)
