"""Decide which assets a library has, from its recipe alone."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from uuid import UUID

from ambertime_tui.simulator.library.asset_draft import AssetDraft
from ambertime_tui.simulator.library.capture_times import Moment, capture_times
from ambertime_tui.simulator.library.file_names import Names
from ambertime_tui.simulator.library.recipe import LibraryRecipe
from ambertime_tui.simulator.library.variants import VARIANTS

_VARIANT_SHARES = (
    "jpeg",
    "png",
    "screenshot",
    "panorama",
    "portrait",
    "live",
    "raw_pair",
    "raw",
    "burst",
    "video",
    "slow_mo",
    "time_lapse",
    "screen_recording",
    "over_capture",
)
_OWNERS = ("shared_library", "shared_album", "shared_with_you", "icloud_link", "synced", "photo_stream")
_NEEDS_IOS = {"shared_library": 16, "shared_with_you": 15, "icloud_link": 15}
_LAST_IOS = {"photo_stream": 16}
_PEOPLE = ("Ada Lovelace", "Björk Guðmundsdóttir", "李小龙", "María José", "Zoë")
_TITLES = ("Sunset at the lake", "Geburtstag 🎂", "Ça va?", "第一天", 'The "big" one')
_BURST = (3, 9)
NEW_PHONE = 0.4
"""Share of the library that is older than this phone. Most of it was downloaded from iCloud."""


def new_uuid(rng: Random) -> str:
    """Return a version 4 UUID in the spelling of Photos."""
    return str(UUID(int=rng.getrandbits(128), version=4)).upper()


def compose(recipe: LibraryRecipe) -> list[AssetDraft]:
    """Return drafts of all assets, in the order of capture.

    Raises:
        ValueError: The shares of the mix exceed the number of assets.
    """
    rng = Random(f"{recipe.seed}:cast")
    moments = capture_times(rng, recipe.assets, recipe.first, recipe.last)
    drafts = _shots(rng, recipe, moments)
    _assign_owners(rng, recipe, drafts)
    for index, draft in enumerate(drafts):
        _describe(rng, recipe, draft, index / max(1, len(drafts)))
    names = Names(rng, len(drafts))
    for draft in drafts:
        names.assign(draft)
    return drafts


def _shots(rng: Random, recipe: LibraryRecipe, moments: list[Moment]) -> list[AssetDraft]:
    count = len(moments)
    quota = {name: round(getattr(recipe.mix, name) * count) for name in _VARIANT_SHARES}
    quota["live"] = max(quota["live"], recipe.planted.partial_live)
    quota["raw_pair"] = max(quota["raw_pair"], recipe.planted.partial_raw)
    bursts = []
    while quota["burst"] >= _BURST[0]:
        bursts.append(min(quota["burst"], rng.randint(*_BURST)))
        quota["burst"] -= bursts[-1]
    shots = [("burst", frames) for frames in bursts]
    shots += [(name, 1) for name, number in quota.items() if name != "burst" for _ in range(number)]
    filled = sum(frames for _, frames in shots)
    if filled > count:
        raise ValueError(f"the shares of the mix add up to {filled} of {count} assets")
    shots += [("heic", 1)] * (count - filled)
    rng.shuffle(shots)
    drafts: list[AssetDraft] = []
    for name, frames in shots:
        moment = moments[len(drafts)]
        burst = new_uuid(rng) if name == "burst" else None
        for frame in range(frames):
            at = Moment(round(moment.seconds + frame * 0.1, 3), moment.zone)
            draft = AssetDraft(VARIANTS[name], at, new_uuid(rng), created=at.seconds, burst_uuid=burst)
            if burst is not None:
                # 20: the default pick and key frame; 8: picked by the user; 2: not picked.
                draft.burst_pick = 20 if frame == 0 else 8 if frame == 1 else 2
            drafts.append(draft)
    return drafts


def _assign_owners(rng: Random, recipe: LibraryRecipe, drafts: list[AssetDraft]) -> None:
    single = [d for d in drafts if d.variant.name in ("heic", "jpeg", "video", "screenshot")]
    rng.shuffle(single)
    for owner in _OWNERS:
        if recipe.ios < _NEEDS_IOS.get(owner, 0) or recipe.ios > _LAST_IOS.get(owner, recipe.ios):
            continue
        for _ in range(round(getattr(recipe.mix, owner) * len(drafts))):
            if not single:
                return
            draft = single.pop()
            draft.ownership = owner
            if owner == "photo_stream" and draft.variant.kind == "video":
                draft.variant = VARIANTS["jpeg"]


def _describe(rng: Random, recipe: LibraryRecipe, draft: AssetDraft, age: float) -> None:
    mix = recipe.mix
    if draft.variant.kind == "video":
        draft.duration = round(1 + 60 * rng.random() ** 3, 3)
    if not draft.is_archived:
        draft.uploaded = False
        return
    chance: Callable[[float], bool] = lambda share: rng.random() < share  # noqa: E731
    draft.came_from_icloud = recipe.icloud_photos and chance(0.85 if age < NEW_PHONE else 0.08)
    draft.edited = draft.variant.name == "slow_mo" or (chance(mix.edited) and draft.burst_pick != 2)
    draft.hidden = chance(mix.hidden)
    draft.trashed = chance(mix.trashed)
    draft.favourite = chance(mix.favourite)
    draft.title = rng.choice(_TITLES) if chance(mix.titled) else None
    if chance(mix.with_people) and draft.variant.kind == "photo":
        draft.people = tuple(sorted({rng.choice(_PEOPLE), rng.choice(_PEOPLE)}))
    draft.uploaded = recipe.icloud_photos and age < 0.985
