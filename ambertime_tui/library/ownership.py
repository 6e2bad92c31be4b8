"""Determine the owner of an asset from its database row and those of its files."""

from __future__ import annotations

from collections.abc import Sequence

from ambertime_tui.library.model import Ownership

_SCOPE_LINK, _SCOPE_SHARED_ALBUM, _SCOPE_SHARED_WITH_YOU, _SCOPE_COLLECTION_SHARE = 1, 2, 3, 5
_SAVED_SHARED_ALBUM, _SAVED_LINK = 4, 8


def ownership(
    directory: str,
    saved_asset_type: int,
    bundle_scope: int,
    published: int,
    collection_share: int,
    library_scope: int,
) -> Ownership:
    """Determine the owner of an asset from its own row.

    Args:
        directory: ZDIRECTORY. Shared albums, synced photos and My Photo Stream have separate folders.
        saved_asset_type: ZSAVEDASSETTYPE (3 and 6 are the user's own).
        bundle_scope: ZBUNDLESCOPE (iOS 15 and later; 0 and 4, a locked space, are the user's own).
        published: 1 if ZCLOUDBATCHPUBLISHDATE is set: part of a shared album.
        collection_share: 1 if ZCOLLECTIONSHARE is set (iOS 26): part of a shared album.
        library_scope: 1 if ZLIBRARYSCOPE is set: in the shared iCloud library.
    """
    if bundle_scope == _SCOPE_SHARED_WITH_YOU:
        return Ownership.SHARED_WITH_YOU
    if bundle_scope == _SCOPE_LINK or saved_asset_type == _SAVED_LINK:
        return Ownership.ICLOUD_LINK
    if (
        bundle_scope in (_SCOPE_SHARED_ALBUM, _SCOPE_COLLECTION_SHARE)
        or saved_asset_type == _SAVED_SHARED_ALBUM
        or published
        or collection_share
    ):
        return Ownership.SHARED_ALBUM
    if directory.startswith("Photo"):
        for folder, owner in _FOLDERS:
            if f"{directory}/".startswith(folder):
                return owner
    return Ownership.SHARED_LIBRARY if library_scope else Ownership.OWN


_FOLDERS = (
    ("PhotoData/PhotoCloudSharingData/", Ownership.SHARED_ALBUM),
    ("PhotoData/Sync/", Ownership.SYNCED),
    ("PhotoStreamsData/", Ownership.PHOTO_STREAM),
)


_OWN_STORE = 0
_STORES = {2: Ownership.SHARED_ALBUM, 3: Ownership.SHARED_WITH_YOU}
"""By ZDATASTORECLASSID: shared streams, syndication."""


def owner_by_store(owner: Ownership, stores: Sequence[object]) -> Ownership:
    """Correct the owner of an asset that seems to be the user's own, by the store of its files.

    This identifies other people's items even if a future iOS no longer has the columns for `ownership`.

    Args:
        owner: result of `ownership`.
        stores: ZDATASTORECLASSID of each record of its files.
    """
    others = [store for store in stores if store != _OWN_STORE]
    if not others or len(others) < len(stores):
        return owner
    return next((_STORES[store] for store in others if type(store) is int and store in _STORES), owner)


def is_own_directory(directory: str) -> bool:
    """False for a folder that contains only other people's items or items synced from a computer."""
    return not any(f"{directory}/".startswith(folder) for folder, _ in _FOLDERS)
