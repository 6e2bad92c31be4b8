"""Whose an asset is, from the marks that iOS leaves on its row and on those of its files."""

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
    """The owner of an asset.

    Args:
        directory: ZDIRECTORY; shared albums, synced photos and My Photo Stream have folders of their own.
        saved_asset_type: ZSAVEDASSETTYPE (3 and 6 are one's own).
        bundle_scope: ZBUNDLESCOPE (iOS 15 and later; 0 and 4, a locked space, are one's own).
        published: 1 where ZCLOUDBATCHPUBLISHDATE is set: part of a shared album.
        collection_share: 1 where ZCOLLECTIONSHARE is set (iOS 26): part of a shared album.
        library_scope: 1 where ZLIBRARYSCOPE is set: in the shared iCloud library.
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
    """The owner of an asset whose own marks make it one's own, held against where its files are kept.

    A database without the columns of those marks (an iOS to come) still tells items of others by this.

    Args:
        owner: by `ownership`.
        stores: ZDATASTORECLASSID of each record of its files.
    """
    others = [store for store in stores if store != _OWN_STORE]
    if not others or len(others) < len(stores):
        return owner
    return next((_STORES[store] for store in others if type(store) is int and store in _STORES), owner)


def is_own_directory(directory: str) -> bool:
    """False for a folder that holds only items of others, or of a computer's."""
    return not any(f"{directory}/".startswith(folder) for folder, _ in _FOLDERS)
