"""Decide where each original is: which are purged, and where flags, files or parts disagree."""

from __future__ import annotations

from dataclasses import fields
from random import Random

from ambertime_tui.simulator.library.asset_draft import AssetDraft
from ambertime_tui.simulator.library.composition import NEW_PHONE
from ambertime_tui.simulator.library.recipe import LibraryRecipe, Planted

_ONLY_VARIANT = {"partial_live": "live", "partial_raw": "raw_pair"}
_NOT_UPLOADED = ("missing", "deferred")


def assign_states(recipe: LibraryRecipe, drafts: list[AssetDraft]) -> None:
    """Set the state of each of the user's own assets.

    Raises:
        ValueError: There are not enough suitable assets for the planted states.
    """
    rng = Random(f"{recipe.seed}:states")
    free = [draft for draft in drafts if draft.is_archived]
    own = len(free)
    rng.shuffle(free)
    for state in (f.name for f in fields(Planted)):
        wanted = getattr(recipe.planted, state)
        variant = _ONLY_VARIANT.get(state)
        chosen = [d for d in free if variant is None or d.variant.name == variant]
        if state == "deferred":
            chosen = [d for d in chosen if d.directory.startswith("DCIM") and not d.edited]
        chosen = chosen[:wanted]
        if len(chosen) < wanted:
            raise ValueError(
                f"the recipe requires {wanted} assets in state {state}, but only {len(chosen)} can be"
            )
        for draft in chosen:
            draft.state = state
            draft.uploaded = state not in _NOT_UPLOADED
        free = [draft for draft in free if draft.state == "local"]
    if not recipe.icloud_photos:
        return
    # Old items are purged first, except some that were viewed recently.
    newest = {id(draft): index / max(1, len(drafts)) for index, draft in enumerate(drafts)}
    free.sort(key=lambda draft: newest[id(draft)] + rng.random() * (1 + NEW_PHONE))
    for draft in free[: round(recipe.icloud_share * own)]:
        draft.state = "icloud"
        draft.uploaded = True
