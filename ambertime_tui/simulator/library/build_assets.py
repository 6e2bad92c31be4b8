"""Build the assets of a library from their drafts: files, sizes and where each file is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import PurePosixPath
from random import Random

from ambertime_tui.simulator.library.asset_draft import AssetDraft
from ambertime_tui.simulator.library.composition import compose
from ambertime_tui.simulator.library.content import content_of
from ambertime_tui.simulator.library.fingerprint import fingerprint_of
from ambertime_tui.simulator.library.made_assets import MadeAlbum, MadeAsset, MadeResource
from ambertime_tui.simulator.library.oddities import plant_oddities
from ambertime_tui.simulator.library.recipe import LibraryRecipe, Sizes
from ambertime_tui.simulator.library.states import assign_states
from ambertime_tui.simulator.library.variants import HEIC, JPEG, MOV, PLIST, FileType, size_of

_LOCAL = ("local", True, "local")
_ICLOUD = ("icloud", False, "icloud")
_LOCATIONS = {
    "local": _LOCAL,
    "icloud": _ICLOUD,
    "stale": ("local", False, "icloud"),
    "fresh": ("icloud", True, "local"),
    "missing": ("missing", False, "missing"),
    "deferred": ("missing", False, "pending"),
}
_LIES = {"local": ("icloud", True, "local"), "icloud": ("local", False, "icloud")}
"""Database flag, presence of the file and resulting availability, by state."""
_PURGED_PART = {"partial_live": "paired_video", "partial_raw": "alternate_photo"}
_ALBUM_TITLES = ("Summer by the sea", "Familie 👨‍👩‍👧", "Arbeit / Belege", "Favourites of 2019", "Wörterbuch")


def build_assets(recipe: LibraryRecipe) -> tuple[MadeAsset, ...]:
    """Return all assets of the library that a recipe describes.

    Raises:
        ValueError: The recipe requires more assets of some kind than the library can have.
    """
    drafts = compose(recipe)
    assign_states(recipe, drafts)
    plant_oddities(recipe, drafts)
    bought = drafts[int(0.4 * len(drafts))].moment.seconds if drafts else 0.0
    assets = (_build(recipe, draft, bought) for draft in drafts)
    return tuple(_with_fingerprints(recipe, asset) if recipe.fingerprints else asset for asset in assets)


def build_albums(recipe: LibraryRecipe, assets: tuple[MadeAsset, ...]) -> tuple[MadeAlbum, ...]:
    """Return the user's albums, a deleted album, and a shared album of other people."""
    rng = Random(f"{recipe.seed}:albums")
    own = [asset for asset in assets if asset.is_archived and not asset.trashed]
    if not own:
        return ()
    albums = []
    for index, title in enumerate(_ALBUM_TITLES):
        start = rng.randrange(len(own))
        members = own[start : start + max(1, len(own) // 20)]
        members = rng.sample(members, max(1, len(members) * 2 // 3))
        albums.append(MadeAlbum(_uuid(recipe, title), title, 2, tuple(a.uuid for a in members), index == 3))
    if shared := tuple(a.uuid for a in assets if a.ownership == "shared_album"):
        albums.append(MadeAlbum(_uuid(recipe, "shared"), "Grandma's photos", 1505, shared))
    return tuple(albums)


def _uuid(recipe: LibraryRecipe, name: str) -> str:
    digest = hashlib.sha256(f"{recipe.seed}:album:{name}".encode()).hexdigest().upper()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def _build(recipe: LibraryRecipe, draft: AssetDraft, bought: float) -> MadeAsset:
    key = draft.uuid if draft.twin_of is None else draft.twin_of.uuid
    rng = Random(f"{recipe.seed}:{key}:files")
    variant, moment = draft.variant, draft.moment
    on_disk = draft.file_name_on_disk or draft.filename
    resources = []
    for index, (role, kind) in enumerate(variant.parts):
        name = on_disk if index == 0 else f"{_other_stem(recipe, role, on_disk)}.{kind.extension}"
        size = size_of(rng, role, kind, recipe.sizes)
        resources.append(MadeResource(role, draft.directory, name, size, *_location(recipe, draft, role)))
    if draft.edited:
        resources += _edit(recipe, draft, rng)
    added = moment.seconds + 2.5 if not draft.came_from_icloud else max(moment.seconds, bought) + 90.0
    return MadeAsset(
        uuid=draft.uuid,
        kind=variant.kind,
        variant=variant.name,
        state=draft.state,
        ownership=draft.ownership,
        created=draft.created,
        undated=draft.undated,
        zone_offset=moment.zone.offset(moment.seconds),
        zone_name=moment.zone.name,
        added=round(added, 3),
        directory=draft.directory,
        filename=draft.filename,
        original_filename=draft.original_filename,
        uti=variant.main.uti,
        subtype=variant.subtype,
        width=variant.width,
        height=variant.height,
        duration=draft.duration,
        resources=tuple(resources),
        content_key=key,
        live_photo=variant.name == "live",
        raw_pair=variant.name == "raw_pair",
        edited=draft.edited,
        hidden=draft.hidden,
        trashed=draft.trashed,
        favourite=draft.favourite,
        burst_uuid=draft.burst_uuid,
        burst_pick=draft.burst_pick,
        uploaded=draft.uploaded,
        title=draft.title,
        people=draft.people,
    )


def _with_fingerprints(recipe: LibraryRecipe, asset: MadeAsset) -> MadeAsset:
    """Add the fingerprints of all files, including those that are only in iCloud."""
    sparse = recipe.sizes is Sizes.SPARSE
    return asset.with_resources(
        tuple(
            replace(
                resource,
                fingerprint=fingerprint_of(content_of(recipe.seed, sparse, asset, resource).chunks()),
            )
            for resource in asset.resources
        )
    )


def _other_stem(recipe: LibraryRecipe, role: str, name: str) -> str:
    """Return the stem of a file beside the main one."""
    stem = _stem(name)
    if role.startswith("over_capture"):
        return f"{stem}S"
    if recipe.raw_elsewhere and role == "alternate_photo":
        return f"{stem}X"
    if recipe.aae_elsewhere and role == "adjustment_data":
        return f"IMG_O{stem.removeprefix('IMG_')}"
    return stem


def _location(recipe: LibraryRecipe, draft: AssetDraft, role: str) -> tuple[str, bool, str]:
    if recipe.flags_lie and draft.is_archived and draft.state in _LIES:
        return _LIES[draft.state]
    if draft.ownership == "shared_with_you":
        return "local", False, "missing"
    if (purged := _PURGED_PART.get(draft.state)) is not None:
        return _ICLOUD if role == purged else _LOCAL
    return _LOCATIONS[draft.state]


def _edit(recipe: LibraryRecipe, draft: AssetDraft, rng: Random) -> list[MadeResource]:
    """Return the files of the edit under Mutations. Slow motion has adjustments but no render."""
    directory = f"PhotoData/Mutations/{draft.directory}/{_stem(draft.filename)}/Adjustments"
    renders: list[tuple[str, FileType]] = []
    if draft.variant.kind == "photo":
        renders.append(("edited_photo", HEIC if draft.variant.main is HEIC else JPEG))
    elif draft.variant.name != "slow_mo":
        renders.append(("edited_video", MOV))
    if draft.variant.name == "live":
        renders.append(("edited_paired_video", MOV))
    # A purge also removes the render, unless the edit is newer than the upload of the original.
    purged = draft.state == "icloud" and rng.random() < 0.5
    parts = [
        MadeResource(
            role,
            directory,
            f"FullSizeRender.{kind.extension.lower()}",
            size_of(rng, role, kind, recipe.sizes),
            *(_ICLOUD if purged else _LOCAL),
        )
        for role, kind in renders
    ]
    size = size_of(rng, "edit_adjustments", PLIST, recipe.sizes)
    return [*parts, MadeResource("edit_adjustments", directory, "Adjustments.plist", size, *_LOCAL)]


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
