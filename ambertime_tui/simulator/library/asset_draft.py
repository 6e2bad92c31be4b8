"""An asset of a generated library before its files are known."""

from __future__ import annotations

from dataclasses import dataclass, field

from ambertime_tui.simulator.library.capture_times import Moment
from ambertime_tui.simulator.library.variants import Variant


@dataclass(slots=True)
class AssetDraft:
    """The properties of an asset, filled in step by step."""

    variant: Variant
    moment: Moment
    uuid: str
    ownership: str = "own"
    state: str = "local"
    came_from_icloud: bool = False
    directory: str = ""
    filename: str = ""
    original_filename: str = ""
    file_name_on_disk: str = ""
    """The file's name on the phone, if the database spells it differently."""
    created: float | None = None
    undated: bool = False
    edited: bool = False
    hidden: bool = False
    trashed: bool = False
    favourite: bool = False
    burst_uuid: str | None = None
    burst_pick: int = 0
    uploaded: bool = True
    duration: float = 0.0
    title: str | None = None
    people: tuple[str, ...] = ()
    twin_of: AssetDraft | None = field(default=None, repr=False)

    @property
    def is_archived(self) -> bool:
        """True for the user's own assets, which belong in an archive."""
        return self.ownership in ("own", "shared_library")
