"""The first assets of a first backup, found and copied while the rest of the library is still being read.

A head start is made only where it cannot change the result: the drive has nothing from this phone, an earlier
run asked iOS for nothing that would come first, the whole library fits, and the file names of these assets do
not depend on the rest of the library.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writing.naming import stem_key_of
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.plan import Decision, PlannedAsset, Share
from ambertime_tui.engine.plan.rules import PlanBuilder, room_needed
from ambertime_tui.library.folder_names import Listing
from ambertime_tui.library.photos_db import LibraryReader

LOOKED_AT = 512
"""Assets; copying them takes about as long as reading the rest."""
ANY_ZONE = timedelta(days=1)
"""How much a local day may differ from the same day in UTC."""


def first_assets(
    reader: LibraryReader, listing: Listing, selection: Selection, target: Target, udid: str
) -> tuple[PlannedAsset, ...]:
    """Select the assets to start with, oldest first; none if a head start could change the result. Blocks.

    They have the number -1, as there is no plan yet.

    Raises:
        LibraryUnreadable: the database is damaged.
        DriveError: the drive cannot be read.
    """
    if any(target.record.count_originals(udid).values()):
        return ()
    files, size = reader.most_files()
    free = target.free_bytes()
    if free is not None and room_needed(Share(files, size, files)) > free:
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
