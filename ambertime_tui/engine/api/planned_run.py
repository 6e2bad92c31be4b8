"""What a backup would do, item by item: `--dry-run`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.engine.api.protocol import Preview
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome


class Action(StrEnum):
    """What a run would do with an item."""

    COPY = "copy"
    FETCH = "fetch"
    """Wait until iOS has downloaded its originals, then copy them."""
    ICLOUD = "icloud"
    """Leave it out, because its originals are only in iCloud."""
    CANNOT = "cannot"
    ALREADY = "already"
    EXCLUDED = "excluded"
    """Not in the selection."""


@dataclass(frozen=True, slots=True)
class PlanLine:
    """All items with one action and reason."""

    action: Action
    reason: str
    """A stable word, as in the report of a run; empty: none."""
    words: str
    """The same for people."""
    count: int
    bytes: int
    """To copy now; of `fetch` and `icloud`, to download first; of the others, of their originals."""
    awaited_bytes: int
    """Of `copy`: bytes of their other files, which iOS must download first."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What a run would do, and how it would end if nothing unexpected happens."""

    spec: JobSpec
    udid: str
    """The phone's."""
    lines: tuple[PlanLine, ...]
    """They add up to the library."""
    preview: Preview
    outcome: Outcome
    sentence: str
    """How the run would end; if it would fail, why."""


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item that is not on the drive yet, or not completely."""

    uuid: str
    original_filename: str
    day: str
    """Local day of capture, ISO; empty: undated."""
    action: Action
    bytes: int
    files: tuple[str, ...]
    """Paths on the phone of the files to copy now or, if there are none, to download first."""
    reason: str
    sentence: str
    """The reason for people, with what to do."""


@dataclass(frozen=True, slots=True)
class PlanPage:
    """What a run would do, and a page of its items: first those to copy, then those to fetch, then others."""

    run: PlannedRun
    items: tuple[PlannedItem, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PlanArgs:
    """Arguments of Ask.PLAN. Without a limit, it makes a new plan; pages are of the last one."""

    spec: JobSpec
    offset: int = 0
    limit: int = 0
