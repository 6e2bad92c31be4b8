"""The Shortcut described in docs/shortcut.md, as the simulated phone runs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from ambertime_tui.simulator.library import MadeAsset

NAME = "AmberTime"
"""The name by which iOS finds the Shortcut."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ShortcutError(Exception):
    """iOS cannot run the Shortcut. The message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class ShortcutRun:
    """One run: its input text, and the first and last day in it, both inclusive."""

    text: str
    first: date
    last: date


def opened(url: str) -> ShortcutRun:
    """Return the run that a URL scanned by the camera starts.

    Raises:
        ShortcutError: the URL does not run our Shortcut.
    """
    parts = urlsplit(url)
    if parts.scheme != "shortcuts" or parts.netloc != "run-shortcut":
        raise ShortcutError(f"No app on the phone opens {url}.")
    values = {key: found[0] for key, found in parse_qs(parts.query).items()}
    if values.get("name") != NAME:
        raise ShortcutError(f"The phone has no Shortcut named {values.get('name')!r}.")
    if values.get("input") != "text":
        raise ShortcutError("The Shortcut received no text.")
    return shortcut_run(values.get("text", ""))


def shortcut_run(text: str) -> ShortcutRun:
    """Return a run for a text such as `2019-03-01..2019-05-31`, which the Shortcut splits at the dots.

    Raises:
        ShortcutError: the text is not two days.
    """
    try:
        first, last = (date.fromisoformat(part) for part in text.split(".."))
    except ValueError:
        raise ShortcutError(f"{text!r} is not two days with two dots between them.") from None
    return ShortcutRun(text, first, last)


def asks_for(run: ShortcutRun, asset: MadeAsset, time_zone: str) -> bool:
    """Whether Find Photos finds an asset: not hidden, not deleted, and taken within the range."""
    if asset.hidden or asset.trashed or asset.undated or asset.created is None:
        return False
    taken = (_EPOCH + timedelta(seconds=asset.created)).astimezone(ZoneInfo(time_zone))
    return run.first <= taken.date() <= run.last
