"""The sentences of the iCloud queue that tell a person what to do or to check. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui import units
from ambertime_tui.engine.api.status import PhoneSummary

LOW_BATTERY = 20
LOW_STORAGE = 1_000_000_000
USUAL_TROUBLES = (
    "the iPhone's Wi-Fi, power, Low Power Mode, free storage; and iCloud on Apple's System Status page"
)
TRIAL = "First a trial with a few items."
DECIDE = "The trial is over. Decide how to continue."
ALTERNATE = (
    "Not everything fits on the iPhone. When arrivals stop, choose Optimize iPhone Storage "
    "until it has free storage again, then switch back."
)
NO_ROOM = (
    "The iPhone has only {free} free: 1 GiB has to stay free, and the next original does not fit beside it. "
    "{items}. Free some storage on the iPhone; the job then continues by itself."
)
FINISHING = "No longer waiting for iCloud. The job copies what has arrived, lists the rest, and ends."


def about_other_ways(unable: int) -> str:
    """What the Shortcut cannot bring; empty: it can bring everything that waits.

    Args:
        unable: items.
    """
    if not unable:
        return ""
    items = units.plural(unable, "item")
    return f"The Shortcut cannot download {items}. They are listed at the end, with the way that can."


def what_to_check(phone: PhoneSummary | None, *, scans: bool, keeps_originals: bool) -> str:
    """What to check if nothing arrives.

    Args:
        phone: as it is now; None: not known.
        scans: whether a code waits to be scanned.
        keeps_originals: whether iOS is asked by Download and Keep Originals.
    """
    checks = ["that you have scanned the code and run the Shortcut"] if scans else []
    if keeps_originals:
        checks.append("that Download and Keep Originals is on")
    check = f"Check {'; '.join([*checks, USUAL_TROUBLES])}."
    troubles = " and ".join(_phone_troubles(phone))
    return f"The iPhone {troubles}. {check}" if troubles else check


def _phone_troubles(phone: PhoneSummary | None) -> Iterator[str]:
    if phone is None:
        return
    if phone.on_power is False:
        low = phone.battery_percent is not None and phone.battery_percent <= LOW_BATTERY
        level = f" ({phone.battery_percent}%)" if low else ""
        yield f"is not connected to power{level}"
    if phone.free_bytes is not None and phone.free_bytes < LOW_STORAGE:
        yield f"has only {units.size(phone.free_bytes)} free"
