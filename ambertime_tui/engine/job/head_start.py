"""The first assets of a first backup, found and copied while the rest of the library is still being read.

Only where it changes nothing: the drive has nothing of the phone yet, iOS was not asked for anything that
would come first, there is room for the whole library, and the names of these assets cannot depend on what is
still to be read. Their outcomes are kept until there is a plan to book them in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writing.naming import stem_key_of
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.job.outcomes import Outcome
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, Share
from ambertime_tui.engine.plan.rules import PlanBuilder, room_needed
from ambertime_tui.library.folder_names import Listing
from ambertime_tui.library.photos_db import LibraryReader

LOOKED_AT = 512
"""Assets; copying them takes about as long as reading the rest."""
ANY_ZONE = timedelta(days=1)
"""How far a local day may reach beyond the same day in UTC."""


def first_assets(
    reader: LibraryReader, listing: Listing, selection: Selection, target: Target, udid: str
) -> tuple[PlannedAsset, ...]:
    """What to begin with, oldest first; nothing where everything has to be known first. Blocks.

    Raises:
        LibraryUnreadable: the database is damaged.
        DriveError: the drive cannot be asked.
    """
    if any(target.record.count_originals(udid).values()):
        return ()
    files, size = reader.most_files()
    if room_needed(Share(files, size, files)) > target.free_bytes():
        return ()
    days, traits = selection.range, target.traits
    assets = reader.oldest(
        listing,
        _instant(days.start, -ANY_ZONE),
        _instant(days.end, 2 * ANY_ZONE),
        LOOKED_AT,
        partial(stem_key_of, traits=traits),
    )
    builder = PlanBuilder(selection, largest_file=traits.max_file_bytes)
    for asset in assets:
        builder.add(asset)
    return tuple(replace(planned, number=-1) for planned in builder.plan(assets).in_order(Decision.COPY))


def _instant(day: date | None, later: timedelta) -> float | None:
    if day is None:
        return None
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + later).timestamp()


@dataclass(slots=True)
class EarlyBooks:
    """What was begun before there was a plan, and what became of it."""

    begun: tuple[PlannedAsset, ...] = ()
    outcomes: list[tuple[PlannedAsset, Outcome]] = field(default_factory=list)

    @property
    def uuids(self) -> frozenset[str]:
        """Of all that was begun."""
        return frozenset(planned.asset.uuid for planned in self.begun)


def in_plan(planned: PlannedAsset, plan: Plan) -> PlannedAsset:
    """An asset as the plan has it."""
    if planned.number >= 0:
        return planned
    number = plan.number_of(planned.asset.uuid)
    return planned if number is None else plan[number]
