"""An asset of a made library while it is being decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from ambertime_tui.simulator.library.capture_times import Moment
from ambertime_tui.simulator.library.variants import Variant


@dataclass(slots=True)
class AssetDraft:
    """An asset while it is being decided."""

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
    """Where the phone spells the file in another way than the database does."""
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
        """True for what is the person's own."""
        return self.ownership in ("own", "shared_library")
