"""How often each way of asking needs a hand on the phone. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ambertime_tui import units
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.plan.plan import PlannedAsset, expected, wanted_of
from ambertime_tui.engine.plan.way_abilities import out_of_reach
from ambertime_tui.library.model import Asset, Availability
from ambertime_tui.phone.originals import KEPT_FREE, Shortcut


@dataclass(frozen=True, slots=True)
class Hands:
    """How often a person has to act on the phone until everything that the way can bring is there."""

    times: int | None
    """None: the way cannot bring everything, because the phone has too little free storage."""
    sentence: str
    """The same in words, and how long the phone can be left alone."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the ways of asking reach in a library, whatever is selected."""

    found: Sequence[float] = ()
    """The sorted capture times of all items that Find Photos in a Shortcut finds."""
    icloud_bytes: int = 0
    """Of all originals that are only in iCloud: what Download and Keep Originals downloads."""


def reach_of(assets: Iterable[Asset]) -> Reach:
    """Go through a library."""
    found, icloud = array("d"), 0
    for asset in assets:
        if not asset.ownership.is_archived:
            continue
        if asset.created is not None and not (asset.hidden or asset.trashed):
            found.append(asset.created)
        icloud += sum(r.size or 0 for r in asset.originals if r.availability is Availability.ICLOUD)
    return Reach(array("d", sorted(found)), icloud)


NOTHING = Reach()


def hands_needed(
    way: FetchWay, to_fetch: Sequence[PlannedAsset], free: int | None, reach: Reach = NOTHING
) -> Hands:
    """Count the actions on the phone.

    Args:
        way: how to ask iOS.
        to_fetch: the items with originals in iCloud, by capture time.
        free: the phone's free bytes; None: unknown.
        reach: of the library.
    """
    possible = [p for p in to_fetch if not out_of_reach(way, p.asset, expected(p))]
    match way:
        case FetchWay.KEEP_ORIGINALS:
            return _hands_for_keeping(max(reach.icloud_bytes, sum(p.bytes for p in to_fetch)), free)
        case FetchWay.SHORTCUT:
            taps = Shortcut(reach.found).runs(map(wanted_of, possible), free)
            between = "Between two codes, the phone works alone." if taps > 1 else ""
            words = f"It takes {units.plural(taps, 'code')} for {units.plural(len(possible), 'item')}."
            return Hands(taps, f"{words} {between}".rstrip() if taps else "")
        case FetchWay.BY_HAND:
            items = units.plural(len(possible), "item")
            return Hands(len(possible), f"You open {items} on the iPhone, one by one.")


def _hands_for_keeping(size: int, free: int | None) -> Hands:
    if free is None or keep_originals_fits(size, free):
        return Hands(1, "You change one setting on the iPhone; it then works alone until it is finished.")
    switches = hands_needed_to_keep(size, free)
    if switches is None:
        return Hands(None, "The iPhone has too little free storage for it.")
    return Hands(
        switches, f"Alternate it with Optimize iPhone Storage: about {units.count(switches)} switches."
    )


def hands_needed_to_keep(size: int, free: int) -> int | None:
    """How often to alternate Download and Keep Originals with Optimize iPhone Storage, so that so many bytes
    are downloaded; None: there is no room even for that."""
    room = free - KEPT_FREE
    return 2 * -(-size // room) - 1 if room > 0 else None


def keep_originals_fits(size: int, free: int | None) -> bool:
    """Whether Download and Keep Originals can download so many bytes. False if free space is unknown."""
    return free is not None and size + KEPT_FREE <= free
