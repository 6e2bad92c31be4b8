"""The Shortcut described in docs/shortcut.md, as the simulated phone runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from ambertime_tui.simulator.library import MadeAsset

NAME = "AmberTime"
"""The name by which iOS finds the Shortcut."""


class ShortcutError(Exception):
    """iOS cannot run the Shortcut. The message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class ShortcutRun:
    """One run: its input text, the first day in it, and how many items it takes from then on."""

    text: str
    first: date
    count: int


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
    """Return a run for a text such as `2019-03-01x300`, which the Shortcut splits at the x.

    Raises:
        ShortcutError: the text is not a day and a number.
    """
    first, _, count = text.partition("x")
    try:
        return ShortcutRun(text, date.fromisoformat(first), int(count))
    except ValueError:
        raise ShortcutError(f"{text!r} is not a day and a number with an x between them.") from None


def found_by(run: ShortcutRun, assets: Iterable[MadeAsset], time_zone: str) -> list[MadeAsset]:
    """Return what Find Photos finds, oldest first: visible items from the first day on, up to the number."""
    day = datetime.combine(run.first, time(), ZoneInfo(time_zone)).timestamp()
    found = [a for a in assets if _is_visible(a) and a.created is not None and a.created > day]
    return sorted(found, key=lambda asset: asset.created or 0.0)[: run.count]


def _is_visible(asset: MadeAsset) -> bool:
    return not (asset.hidden or asset.trashed or asset.undated)


def roles_brought(asset: MadeAsset) -> frozenset[str]:
    """Return the originals of an item that the Shortcut's actions have iOS download.

    Of an edited item they take the render; of a RAW pair, the RAW file alone.
    """
    if asset.edited:
        return frozenset()
    if asset.kind == "video":
        return frozenset({"video"})
    return frozenset({"alternate_photo" if asset.raw_pair else "photo", "paired_video"})
