"""Unusual contents of real libraries: odd names, odd dates, and one photo twice."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import PurePosixPath
from random import Random

from ambertime_tui.simulator.library.asset_draft import AssetDraft
from ambertime_tui.simulator.library.recipe import LibraryRecipe

FEWEST_ASSETS = 60
"""Smaller libraries have no oddities."""
_FROM_2001 = 978_307_200

ODD_NAMES = (
    unicodedata.normalize("NFD", "Café à la plage.JPG"),
    "🏖️ Strand & 🌊👨‍👩‍👧.HEIC",
    "日本語のとても長い名前" * 8 + ".JPG",
    "n" * 251 + ".JPG",
    "no extension at all",
    'What? "a" photo: 1/2 <3 *|\\.JPG',
    "CON.JPG",
    "trailing dots and space.. ",
    "  leading spaces.JPG",
    ".hidden.JPG",
    "two\nlines\tand a tab.JPG",
    "..",
    "-rf.JPG",
)
"""Original file names."""

ODD_DATES: tuple[tuple[float | None, bool], ...] = (
    (None, True),
    (None, True),
    (-62_135_596_800.0 + 3600, True),
    (86_400 * 365.2425 * (2_743_924 - 1970), True),
    (datetime(2099, 1, 1, tzinfo=UTC).timestamp(), True),
    (float(_FROM_2001), False),
    (0.0, False),
    (datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC).timestamp(), False),
)
"""Dates, and whether they are unusable: missing, year 1, year 2743924, the future; then the two epochs (a
camera whose clock was never set) and a scanned slide."""


def plant_oddities(recipe: LibraryRecipe, drafts: list[AssetDraft]) -> None:
    """Turn some of the user's own photos into oddities."""
    if not recipe.oddities or len(drafts) < FEWEST_ASSETS:
        return
    rng = Random(f"{recipe.seed}:oddities")
    photos = [
        d for d in drafts if d.is_archived and d.variant.name in ("heic", "jpeg") and d.state != "missing"
    ]
    rng.shuffle(photos)
    twins = _twins(photos)
    photos = [draft for draft in photos if all(draft is not twin for twin in twins)]
    for (created, undated), draft in zip(ODD_DATES, photos, strict=False):
        draft.created, draft.undated = created, undated
    photos = photos[len(ODD_DATES) :]
    for name, draft in zip(ODD_NAMES, photos, strict=False):
        draft.original_filename = name
    photos = photos[len(ODD_NAMES) :]
    # The spelling on the phone is only known for files that are there.
    photos.sort(key=lambda draft: draft.state != "local")
    for turn, draft in zip((_spelled_apart, _other_case, _without_extension), photos, strict=False):
        if draft.state == "local":
            turn(draft)
    if len(photos) > 4:
        photos[3].original_filename = photos[4].original_filename.swapcase()
        photos[3].moment, photos[3].created = photos[4].moment, photos[4].created


def _twins(photos: list[AssetDraft]) -> list[AssetDraft]:
    """Make two photos duplicates with one fingerprint, one purged and one local. Return both, or none."""
    for variant in ("heic", "jpeg"):
        here = next((d for d in photos if d.variant.name == variant and d.state == "local"), None)
        purged = next((d for d in photos if d.variant.name == variant and d.state == "icloud"), None)
        if here is not None and purged is not None:
            purged.twin_of = here
            purged.moment, purged.created = here.moment, here.created
            return [here, purged]
    return []


def _spelled_apart(draft: AssetDraft) -> None:
    """The database spells the name in NFC, the file system in NFD."""
    name = f"Überraschung {draft.uuid[:4]}.{draft.variant.main.extension}"
    draft.filename = unicodedata.normalize("NFC", name)
    draft.file_name_on_disk = unicodedata.normalize("NFD", name)


def _other_case(draft: AssetDraft) -> None:
    path = PurePosixPath(draft.filename)
    draft.file_name_on_disk = path.stem + path.suffix.lower()


def _without_extension(draft: AssetDraft) -> None:
    draft.filename = draft.original_filename = f"DSC{draft.uuid[:5]}"
