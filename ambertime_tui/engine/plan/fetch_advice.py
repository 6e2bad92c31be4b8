"""Advice before a job that waits for iCloud originals: power, space and network. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui import units
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.engine.plan.plan import Plan, PlannedAsset, wanted_of
from ambertime_tui.engine.plan.way_abilities import OriginalKind, beyond
from ambertime_tui.phone.originals import slices

LOW_BATTERY = 50
"""Percent. Below it, a phone without power may not last through a large copy."""
USABLE_SHARE = 0.8
"""Share of the phone's free storage that one range may use."""
KEPT_FREE = 1 << 30
"""Bytes. Download and Keep Originals stops while less is free on the phone."""
NAMED_SLICES = 3
MANY_YEARS = 3
MANY = 1000
"""Number of items from which it is worth starting with a part of them."""


def advice_for(plan: Plan, spec: JobSpec, phone: PhoneSummary) -> list[str]:
    """Return advice for the user before a job starts; may be empty."""
    included = spec.originals is OriginalsChoice.ICLOUD
    to_fetch: Sequence[PlannedAsset] = plan.to_fetch() if included else ()
    found = list(_power_advice(phone, fetching=bool(to_fetch)))
    if to_fetch:
        found += _space_advice(to_fetch, spec.way, phone)
        found += _ability_advice(to_fetch, spec.way, phone)
        found += _network_advice(to_fetch)
    return found


def _power_advice(phone: PhoneSummary, *, fetching: bool) -> Iterator[str]:
    level = phone.battery_percent
    if phone.on_power is False and (fetching or (level is not None and level < LOW_BATTERY)):
        at = "" if level is None else f" at {level}% and"
        yield f"The iPhone is{at} not charging. Connect it to power."


def _space_advice(to_fetch: Sequence[PlannedAsset], way: FetchWay, phone: PhoneSummary) -> Iterator[str]:
    size, free = sum(p.bytes for p in to_fetch), phone.free_bytes
    keeps = way is FetchWay.KEEP_ORIGINALS
    if free is None or (keep_originals_fits(size, free) if keeps else size <= free):
        return
    needs = f"The originals in iCloud need {units.size(size)}, and the iPhone has {units.size(free)} free"
    ranges = slice_ranges(to_fetch, int(free * USABLE_SHARE))
    if way is FetchWay.SHORTCUT:
        yield f"{needs}. The Shortcut requests them slice by slice, with a code for each."
        return
    named = units.first_of(ranges, NAMED_SLICES)
    if way is FetchWay.KEEP_ORIGINALS:
        yield (
            f"{needs}, but Download and Keep Originals downloads the whole library and stops "
            f"when less than 1 GiB is free.{_alternating(size, free)} Or use a "
            f"Shortcut, which works slice by slice, or open these ranges by hand: {named}."
        )
    else:
        yield f"{needs}. Back up these ranges one after the other: {named}."


def keep_originals_fits(size: int, free: int | None) -> bool:
    """Whether Download and Keep Originals can download so many bytes. False if free space is unknown."""
    return free is not None and size + KEPT_FREE <= free


def _alternating(size: int, free: int) -> str:
    """How often to alternate with Optimize iPhone Storage; empty: there is no room even for that."""
    room = free - KEPT_FREE
    if room <= 0:
        return ""
    switches = units.plural(2 * -(-size // room) - 1, "switch", "switches")
    return f" Alternate it with Optimize iPhone Storage (about {switches})."


def _ability_advice(to_fetch: Sequence[PlannedAsset], way: FetchWay, phone: PhoneSummary) -> Iterator[str]:
    """What the way cannot have iOS download, and what can."""
    kinds = [found for p in to_fetch if (found := beyond(way, p.asset, p.resources))]
    if not kinds:
        return
    edited = sum(OriginalKind.OF_EDITED in found for found in kinds)
    counts = ((edited, "edited item"), (len(kinds) - edited, "item with a RAW or adjustment file"))
    items = " and ".join(units.plural(count, noun, _plural(noun)) for count, noun in counts if count)
    fits = keep_originals_fits(sum(p.bytes for p in to_fetch), phone.free_bytes)
    instead = "Download and Keep Originals can" if fits else "Download them by hand, in Photos"
    yield f"The Shortcut cannot download {items}. {instead}."


def _plural(noun: str) -> str:
    first, space, rest = noun.partition(" with ")
    return f"{first}s{space}{rest}"


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
