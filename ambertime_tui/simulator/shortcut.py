"""The Shortcut that docs/shortcut.md describes, as the simulated phone runs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from ambertime_tui.simulator.library import MadeAsset

NAME = "AmberTime"
"""What the Shortcut has to be called, or iOS does not find it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ShortcutError(Exception):
    """iOS cannot run it; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class ShortcutRun:
    """One run: the text it was given, and the days in it, both inclusive."""

    text: str
    first: date
    last: date


def opened(url: str) -> ShortcutRun:
    """What the phone does with an address that its camera read.

    Raises:
        ShortcutError: it is not one that runs our Shortcut.
    """
    parts = urlsplit(url)
    if parts.scheme != "shortcuts" or parts.netloc != "run-shortcut":
        raise ShortcutError(f"Nothing on the phone opens {url}.")
    values = {key: found[0] for key, found in parse_qs(parts.query).items()}
    if values.get("name") != NAME:
        raise ShortcutError(f"There is no Shortcut called {values.get('name')!r}.")
    if values.get("input") != "text":
        raise ShortcutError("The Shortcut was given no text.")
    return shortcut_run(values.get("text", ""))


def shortcut_run(text: str) -> ShortcutRun:
    """A run with the text `2019-03-01..2019-05-31`, which the Shortcut splits at the dots.

    Raises:
        ShortcutError: they are not two days.
    """
    try:
        first, last = (date.fromisoformat(part) for part in text.split(".."))
    except ValueError:
        raise ShortcutError(f"{text!r} is not two days with two dots between them.") from None
    return ShortcutRun(text, first, last)


def asks_for(run: ShortcutRun, asset: MadeAsset, time_zone: str) -> bool:
    """Whether Find Photos finds an asset: neither hidden nor deleted, and taken in the range."""
    if asset.hidden or asset.trashed or asset.undated or asset.created is None:
        return False
    taken = (_EPOCH + timedelta(seconds=asset.created)).astimezone(ZoneInfo(time_zone))
    return run.first <= taken.date() <= run.last
