"""Advice before a job that waits for iCloud originals: power, space and network. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui import units
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.engine.plan.hands import NOTHING, Reach, hands_needed, keep_originals_fits
from ambertime_tui.engine.plan.plan import Plan, PlannedAsset, wanted_of
from ambertime_tui.engine.plan.way_sentences import ability_sentence
from ambertime_tui.phone.originals import slices

LOW_BATTERY = 50
"""Percent. Below it, a phone without power may not last through a large copy."""
USABLE_SHARE = 0.8
"""Share of the phone's free storage that one range may use."""
NAMED_SLICES = 3
MANY_YEARS = 3
MANY = 1000
"""Number of items from which it is worth starting with a part of them."""


def advice_for(plan: Plan, spec: JobSpec, phone: PhoneSummary, reach: Reach = NOTHING) -> list[str]:
    """Return advice for the user before a job starts; may be empty."""
    included = spec.originals is OriginalsChoice.ICLOUD
    to_fetch: Sequence[PlannedAsset] = plan.to_fetch() if included else ()
    found = list(_power_advice(phone, fetching=bool(to_fetch)))
    if to_fetch:
        size = max(reach.icloud_bytes, sum(p.bytes for p in to_fetch))
        found += _space_advice(to_fetch, size, spec.way, phone)
        found += filter(None, [ability_sentence(spec.way, to_fetch, size, phone.free_bytes)])
        found += filter(None, [hands_needed(spec.way, to_fetch, phone.free_bytes, reach).sentence])
        found += _network_advice(to_fetch)
    return found


def _power_advice(phone: PhoneSummary, *, fetching: bool) -> Iterator[str]:
    level = phone.battery_percent
    if phone.on_power is False and (fetching or (level is not None and level < LOW_BATTERY)):
        at = "" if level is None else f" at {level}% and"
        yield f"The iPhone is{at} not charging. Connect it to power."


def _space_advice(
    to_fetch: Sequence[PlannedAsset], size: int, way: FetchWay, phone: PhoneSummary
) -> Iterator[str]:
    """What to do if the originals do not fit on the phone; the Shortcut does not need room for them."""
    free, selected = phone.free_bytes, sum(p.bytes for p in to_fetch)
    if free is None or way is FetchWay.SHORTCUT:
        return
    ranges = units.first_of(slice_ranges(to_fetch, int(free * USABLE_SHARE)), NAMED_SLICES)
    has = f"and the iPhone has {units.size(free)} free"
    if way is FetchWay.KEEP_ORIGINALS and not keep_originals_fits(size, free):
        yield (
            f"Download and Keep Originals downloads the whole library: the originals in iCloud need "
            f"{units.size(size)}, {has}. It stops when less than 1 GiB is free. Use the Shortcut, which "
            f"does not need room for all of them, or open these ranges by hand: {ranges}."
        )
    elif way is FetchWay.BY_HAND and selected > free:
        yield (
            f"The originals in iCloud need {units.size(selected)}, {has}. Back up these ranges one after the "
            f"other: {ranges}."
        )


def _network_advice(to_fetch: Sequence[PlannedAsset]) -> Iterator[str]:
    size = sum(p.bytes for p in to_fetch)
    items = units.plural(len(to_fetch), "item")
    yield f"iOS has to download {items} ({units.size(size)}). Use Wi-Fi, and turn off Low Power Mode."
    years = [p.day[:4] for p in to_fetch if p.day]
    if len(to_fetch) >= MANY and years and int(years[-1]) - int(years[0]) >= MANY_YEARS:
        middle = years[len(years) // 2]
        yield f"Start with older years, for example ..{middle}. Newer items tend to stay on the iPhone."


def slice_ranges(to_fetch: Sequence[PlannedAsset], room: int) -> list[str]:
    """Split the days of the assets to fetch into ranges that fit into `room` bytes if possible."""
    days = {p.asset.uuid: p.day for p in to_fetch}
    dated = sorted((p for p in to_fetch if p.day), key=lambda p: p.asset.created or 0.0)
    found = []
    for one in slices(map(wanted_of, dated), room):
        first, last = min(days[w.uuid] for w in one), max(days[w.uuid] for w in one)
        found.append(first if first == last else f"{first}..{last}")
    return found
