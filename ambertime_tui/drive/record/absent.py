"""Which recorded items a phone's library no longer had at its last backup. Saved on the target."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.layout import ABSENT, OURS
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.own_files import read_own_json
from ambertime_tui.drive.volume.system_calls import SystemCalls


@dataclass(frozen=True, slots=True)
class AbsentItems:
    """Items that a complete library of a phone did not list."""

    read_at: float
    """When the library was read, seconds since 1970."""
    uuids: frozenset[str]


def load_absent(root: Path) -> Mapping[str, AbsentItems]:
    """Load the absent items, by udid. Empty if they cannot be read."""
    try:
        phones = read_own_json(root, ABSENT)
        if not isinstance(phones, dict):
            return {}
        return {
            str(udid): AbsentItems(float(one["read_at"]), frozenset(map(str, one["uuids"])))
            for udid, one in phones.items()
        }
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return {}


def save_absent(root: Path, udid: str, read_at: float, uuids: Iterable[str], calls: SystemCalls) -> None:
    """Save the absent items of a phone; those of other phones stay. Needs the target's lock.

    Raises:
        DriveError: the old ones are kept.
    """
    before, found = load_absent(root), AbsentItems(read_at, frozenset(uuids))
    known = before.get(udid)
    if (known.uuids if known is not None else frozenset()) == found.uuids:
        return
    phones = {**before, udid: found}
    data = json.dumps(
        {of: {"read_at": one.read_at, "uuids": sorted(one.uuids)} for of, one in phones.items() if one.uuids}
    )
    path = root / OURS / ABSENT
    write_atomically(path, path.with_suffix(".new"), [data.encode()], calls)
