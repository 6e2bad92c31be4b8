"""What is worth knowing before originals are fetched from iCloud, with figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, wanted_of
from ambertime_tui.phone.originals import slices

LOW_BATTERY = 50
"""Percent below which a phone off power may not last through a large copy."""
USABLE_SHARE = 0.8
"""Of the phone's free storage that one range may take."""
NAMED_SLICES = 3
MANY_YEARS = 3
MANY = 1000
"""Items from which on it is worth to begin with a part of them."""


def advice_for(plan: Plan, spec: JobSpec, phone: PhoneSummary) -> list[str]:
    """Sentences for the person who is about to start a job; none where there is nothing to say."""
    to_fetch = plan.in_order(Decision.FETCH) if spec.originals is OriginalsChoice.ICLOUD else ()
    found = list(_power_advice(phone, fetching=bool(to_fetch)))
    if to_fetch:
        found += _space_advice(to_fetch, spec.way, phone)
        found += _network_advice(to_fetch)
    return found


def _power_advice(phone: PhoneSummary, *, fetching: bool) -> Iterator[str]:
    level = phone.battery_percent
    if phone.on_power is False and (fetching or (level is not None and level < LOW_BATTERY)):
        at = "" if level is None else f" at {level} % and"
        yield f"The iPhone is{at} not on power. Connect it to power."


def _space_advice(to_fetch: Sequence[PlannedAsset], way: FetchWay, phone: PhoneSummary) -> Iterator[str]:
    size, free = sum(p.bytes for p in to_fetch), phone.free_bytes
    if free is None or size <= free:
        return
    needs = f"The originals in iCloud have {_gigabytes(size)} and the iPhone has {_gigabytes(free)} free"
    ranges = slice_ranges(to_fetch, int(free * USABLE_SHARE))
    if way is FetchWay.SHORTCUT:
        yield f"{needs}: the Shortcut asks for them slice by slice, with a code for each."
        return
    named = ", ".join(ranges[:NAMED_SLICES])
    more = f" and {len(ranges) - NAMED_SLICES:,} more" if len(ranges) > NAMED_SLICES else ""
    if way is FetchWay.KEEP_ORIGINALS:
        yield (
            f"{needs}, but Download and Keep Originals fetches the whole library. Ask with a Shortcut, which "
            f"goes slice by slice, or open these ranges by hand: {named}{more}."
        )
    else:
        yield f"{needs}: take these ranges one after the other: {named}{more}."


def _network_advice(to_fetch: Sequence[PlannedAsset]) -> Iterator[str]:
    size = sum(p.bytes for p in to_fetch)
    items = "1 item" if len(to_fetch) == 1 else f"{len(to_fetch):,} items"
    yield f"iOS downloads {items}, {_gigabytes(size)}: use Wi-Fi, and turn Low Power Mode off."
    years = [p.day[:4] for p in to_fetch if p.day]
    if len(to_fetch) >= MANY and years and int(years[-1]) - int(years[0]) >= MANY_YEARS:
        middle = years[len(years) // 2]
        yield f"Start with older years, ..{middle} for example: newer ones tend to stay on the iPhone."


def slice_ranges(to_fetch: Sequence[PlannedAsset], room: int) -> list[str]:
    """The days of what is to be fetched, as ranges whose originals fit into `room` bytes where they can."""
    days = {p.asset.uuid: p.day for p in to_fetch}
    dated = sorted((p for p in to_fetch if p.day), key=lambda p: p.asset.created or 0.0)
    found = []
    for one in slices(map(wanted_of, dated), room):
        first, last = min(days[w.uuid] for w in one), max(days[w.uuid] for w in one)
        found.append(first if first == last else f"{first}..{last}")
    return found


def _gigabytes(size: int) -> str:
    if size < 100_000:
        return f"{size / 1e3:,.1f} kB"
    return f"{size / 1e9:,.1f} GB" if size >= 100_000_000 else f"{size / 1e6:,.1f} MB"
