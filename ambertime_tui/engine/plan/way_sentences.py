"""What a way of asking cannot have iOS download, and which way can, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ambertime_tui import units
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.plan.hands import hands_needed_to_keep, keep_originals_fits
from ambertime_tui.engine.plan.plan import PlannedAsset, expected
from ambertime_tui.engine.plan.way_abilities import OriginalKind, can_bring, kind_of
from ambertime_tui.library.model import Asset, Resource

FEW = 50
"""Items that one can open in Photos, one by one, in a sitting."""
_WHY: Mapping[OriginalKind, str] = {
    OriginalKind.BESIDE_RAW: "The Shortcut downloads only the RAW file of a RAW pair.",
    OriginalKind.OF_EDITED: "The Shortcut cannot download the original of an edited item.",
    OriginalKind.OTHER: "The Shortcut cannot download adjustment files.",
    OriginalKind.NOT_FOUND: "The Shortcut does not find hidden, deleted and undated items.",
}
_ITEMS: Mapping[OriginalKind, tuple[str, str]] = {
    OriginalKind.OF_EDITED: ("edited item", "edited items"),
    OriginalKind.BESIDE_RAW: ("JPEG or HEIC beside a RAW file", "JPEG or HEIC files beside RAW files"),
    OriginalKind.NOT_FOUND: ("hidden or undated item", "hidden or undated items"),
    OriginalKind.OTHER: ("item with an adjustment file", "items with adjustment files"),
}


def not_by_this_way(way: FetchWay, asset: Asset, missing: Iterable[Resource]) -> str:
    """Why a way cannot have iOS download the missing originals of an asset."""
    kinds = [kind_of(asset, r) for r in missing if not can_bring(way, asset, r)]
    return _WHY[kinds[0]] if kinds else ""


def ability_sentence(way: FetchWay, to_fetch: Sequence[PlannedAsset], size: int, free: int | None) -> str:
    """What a way cannot have iOS download, in numbers, and what can; empty: it can download everything.

    Args:
        way: the way.
        to_fetch: the items with originals in iCloud.
        size: bytes of all originals of the library that are only in iCloud.
        free: the phone's free bytes; None: unknown.
    """
    counts = dict.fromkeys(_ITEMS, 0)
    for planned in to_fetch:
        kinds = {kind_of(planned.asset, r) for r in expected(planned) if not can_bring(way, planned.asset, r)}
        for kind in kinds & counts.keys():
            counts[kind] += 1
    found = [units.plural(count, *_ITEMS[kind]) for kind, count in counts.items() if count]
    if not found:
        return ""
    items = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
    return f"The Shortcut cannot download {items}. {other_way(sum(counts.values()), size, free)}"


def other_way(count: int, size: int, free: int | None) -> str:
    """Which way can have iOS download what the Shortcut cannot, for so many items.

    Args:
        count: the number of items.
        size: bytes of all originals of the library that are only in iCloud.
        free: the phone's free bytes; None: unknown.
    """
    if keep_originals_fits(size, free):
        return "Download and Keep Originals can."
    if count > FEW and free is not None and (switches := hands_needed_to_keep(size, free)) is not None:
        times = units.plural(switches, "switch", "switches")
        return f"Open them in Photos, or alternate both settings under Photos on the iPhone (about {times})."
    return "Open them in Photos on the iPhone." if count > 1 else "Open it in Photos on the iPhone."
