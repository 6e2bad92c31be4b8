"""Describe a plan as a dry run shows it, and how a run would end."""

from __future__ import annotations

from ambertime_tui.engine.api.planned_run import Action, PlanLine, PlannedItem, PlannedRun
from ambertime_tui.engine.api.protocol import Preview
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.engine.job.census import WORDS
from ambertime_tui.engine.job.closing import nothing_selected
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, PlanSubset
from ambertime_tui.engine.plan.rules import EDIT_IN_ICLOUD, EDIT_TOO_LARGE, with_names
from ambertime_tui.units import plural

_ACTIONS = {
    Decision.COPY: Action.COPY,
    Decision.FETCH: Action.FETCH,
    Decision.CANNOT: Action.CANNOT,
    Decision.ALREADY: Action.ALREADY,
    Decision.EXCLUDED: Action.EXCLUDED,
}
_EDIT_WORDS = {
    EDIT_IN_ICLOUD: "its edit is only in iCloud",
    EDIT_TOO_LARGE: "its edit is too large for the drive's file system",
}


class Forecast:
    """What a run with a plan would do. Reads nothing."""

    def __init__(
        self, plan: Plan, preview: Preview, spec: JobSpec, udid: str, *, from_database: bool
    ) -> None:
        """
        Args:
            plan: made without a look at the phone and at the files on the drive.
            preview: of the same plan.
            spec: the job.
            udid: the phone's.
            from_database: False: the library was listed without its database.
        """
        self._plan = plan
        self._spec = spec
        outcome, sentence = self._ending(preview, from_database=from_database)
        self.run = PlannedRun(spec, udid, tuple(self._lines()), preview, outcome, sentence)
        numbers = plan.numbers(Decision.COPY)
        for decision in (Decision.FETCH, Decision.CANNOT):
            numbers += plan.numbers(decision)
        self._items = PlanSubset(plan, numbers)

    def __len__(self) -> int:
        """Number of items that are not on the drive yet, or not completely."""
        return len(self._items)

    def page(self, offset: int, limit: int) -> tuple[PlannedItem, ...]:
        """Some of these items: first those to copy, then those to fetch, then the others."""
        return tuple(self._item(planned) for planned in self._items[offset : offset + limit])

    def _item(self, planned: PlannedAsset) -> PlannedItem:
        asset = planned.asset
        return PlannedItem(
            asset.uuid,
            asset.original_filename,
            planned.day,
            self._action(planned.decision),
            planned.bytes,
            tuple(resource.path for resource in planned.resources),
            planned.reason,
            with_names(planned.sentence, asset),
        )

    def _action(self, decision: Decision) -> Action:
        if decision is Decision.FETCH and self._spec.originals is OriginalsChoice.LOCAL:
            return Action.ICLOUD
        return _ACTIONS[decision]

    def _lines(self) -> list[PlanLine]:
        plan, sums = self._plan, dict[tuple[Action, str, str], list[int]]()
        for number in range(len(plan)):
            decision = plan.decision_of(number)
            reason, sentence = plan.reason_of(number)
            excluded = decision is Decision.EXCLUDED
            words = sentence if excluded else _EDIT_WORDS.get(reason) or WORDS.get(reason, reason)
            line = sums.setdefault((self._action(decision), reason, words), [0, 0, 0])
            line[0] += 1
            line[1] += plan.bytes_of(number)
            if plan.awaits(number):
                line[2] += plan.awaited_bytes_of(number)
        order = list(Action)
        return [
            PlanLine(*key, *line)
            for key, line in sorted(
                sums.items(), key=lambda one: (order.index(one[0][0]), one[0][1] != "", -one[1][0], one[0][2])
            )
        ]

    def _ending(self, preview: Preview, *, from_database: bool) -> tuple[Outcome, str]:
        plan = self._plan
        selected = len(plan) - plan.share(Decision.EXCLUDED).count
        if not selected and from_database:
            return nothing_selected(self._spec)
        if preview.problem:
            return Outcome.FAILED, preview.problem
        left = sum(self._is_left(number) for number in range(len(plan)))
        if left:
            return Outcome.LEFT, f"A run would leave {plural(left, 'item')} incomplete."
        if not from_database:
            return Outcome.LEFT, "It is not known what is only in iCloud: the library cannot be read."
        if self._spec.originals is OriginalsChoice.ICLOUD and plan.awaited.count:
            return Outcome.COMPLETE, "A run would be complete if everything arrives from iCloud."
        away = plan.awaited.count
        if away:
            items = plural(away, "item is", "items are")
            return Outcome.COMPLETE, f"A run would be complete; {items} only in iCloud, by your choice."
        return Outcome.COMPLETE, "A run would be complete."

    def _is_left(self, number: int) -> bool:
        """Whether a run would list an item as left, and not by the choice of the user."""
        plan, spec = self._plan, self._spec
        decision = plan.decision_of(number)
        reason, _ = plan.reason_of(number)
        if decision is Decision.EXCLUDED or not reason:
            return False
        waits = decision is Decision.FETCH or plan.awaits(number)
        if spec.originals is OriginalsChoice.ICLOUD:
            return not waits
        return not (spec.local_by_choice and (waits or reason == EDIT_IN_ICLOUD))
