"""The database rows of one asset. They work for every iOS version: columns it lacks are left out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from ambertime_tui.simulator.library.content import capture_time
from ambertime_tui.simulator.library.core_data import Value, core_data_time
from ambertime_tui.simulator.library.flags import (
    LOCAL,
    NOT_LOCAL,
    NOT_LOCAL_THUMBNAIL,
    RESOURCE_ROW,
    key_data,
)
from ambertime_tui.simulator.library.made_assets import MadeAsset, MadeResource
from ambertime_tui.simulator.library.variants import FILE_TYPES, JPEG, MOV, FileType, file_type

_SAVED_TYPE = {"shared_album": 4, "icloud_link": 8, "shared_with_you": 12}
_BUNDLE_SCOPE = {"icloud_link": 1, "shared_album": 2, "shared_with_you": 3}
_STORE_CLASS = {"shared_album": 2, "shared_with_you": 3}
COLLECTION_SHARE, LIBRARY_SHARE = 1, 2
"""Primary keys in ZSHARE."""
_NOT_SYNCED, _PENDING, _SYNCED = 0, 1, 3
_NOWHERE = -180
PURGED_AT = 700_000_000.0
"""When the originals of a new library were purged; Core Data time."""


def _zeros(columns: str) -> dict[str, int]:
    return dict.fromkeys(columns.split(), 0)


ASSET_CONSTANTS: dict[str, int] = {
    "ZCOMPLETE": 1,
    "ZORIENTATION": 1,
    "ZLATITUDE": _NOWHERE,
    "ZLONGITUDE": _NOWHERE,
    **_zeros(
        "ZCLOUDDELETESTATE ZCLOUDDOWNLOADREQUESTS ZCLOUDPLACEHOLDERKIND "
        "ZDUPLICATEASSETVISIBILITYSTATE ZHIGHFRAMERATESTATE ZCURRENTSLEETCAST ZISMAGICCARPET "
        "ZPACKEDACCEPTABLECROPRECT ZPACKEDBADGEATTRIBUTES ZPACKEDPREFERREDCROPRECT "
        "ZPLAYBACKVARIATION ZSEARCHINDEXREBUILDSTATE ZSPATIALTYPE ZSYNDICATIONSTATE "
        "ZTRASHEDREASON ZVIDEOCPDURATIONVALUE ZVIDEOCPVISIBILITYSTATE "
        "ZVIDEOKEYFRAMETIMESCALE ZVIDEOKEYFRAMEVALUE "
        "ZDERIVEDCAMERACAPTUREDEVICE ZAVALANCHEKIND ZALBUMASSOCIATIVITY ZHDRGAIN ZICONICSCORE "
        "ZPROMOTIONSCORE ZHIGHLIGHTVISIBILITYSCORE ZCUSTOMRENDEREDVALUE ZHDRTYPE ZSNOWPLOWSTATE "
        "ZGROUPINGSTATE"
    ),
}
ATTRIBUTE_CONSTANTS: dict[str, int] = {
    "Z34_ASSET": 35,
    "ZORIGINALORIENTATION": 1,
    "ZALLOWEDFORANALYSIS": 1,
    "ZDATECREATEDSOURCE": 1,
    **_zeros(
        "ZCLOUDAVALANCHEPICKTYPE ZCLOUDKINDSUBTYPE ZCLOUDRECOVERYSTATE "
        "ZCLOUDSTATERECOVERYATTEMPTSCOUNT ZCLOUDVIEWPRESENTATION ZDESTINATIONASSETCOPYSTATE "
        "ZFACEANALYSISVERSION ZLOCATIONHASH ZORIGINALRESOURCECHOICE ZPENDINGPLAYCOUNT "
        "ZPENDINGSHARECOUNT ZPENDINGVIEWCOUNT ZPLAYCOUNT ZPTPTRASHEDSTATE ZSCENEANALYSISVERSION "
        "ZSHARECOUNT ZSHARETYPE ZSYNDICATIONHISTORY ZUPLOADATTEMPTS ZVARIATIONSUGGESTIONSTATES "
        "ZVIEWCOUNT ZVIEWPRESENTATION ZCAMERACAPTUREDEVICE"
    ),
}
RESOURCE_CONSTANTS: dict[str, int] = {
    "Z34_ASSET": 35,
    "ZFILEID": -1,
    **_zeros(
        "ZLOCALAVAILABILITYTARGET ZREMOTEAVAILABILITYTARGET ZCLOUDDELETESTATE ZCLOUDPREFETCHCOUNT "
        "ZCLOUDSOURCETYPE ZCLOUDLASTPREFETCHDATE ZPTPTRASHEDSTATE ZTRASHEDSTATE"
    ),
}
"""Columns with the same number in every row. Z34_ASSET (iOS 13) is the entity number of an asset."""


def _derivative_fingerprint(asset: MadeAsset, part: str) -> str:
    """Return an arbitrary fingerprint for a derivative, whose bytes are not those in iCloud."""
    digest = hashlib.sha1(f"{asset.content_key}:{part}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(b"\x01" + digest).decode()


def asset_row(
    asset: MadeAsset, attributes: int, master: int | None, moment: int | None, in_cloud: bool
) -> dict[str, Value]:
    """Return the row in ZASSET or ZGENERICASSET.

    Args:
        asset: The asset.
        attributes: The key of its additional attributes.
        master: The key of its cloud master.
        moment: The key of its moment.
        in_cloud: Whether it belongs to the iCloud library.
    """
    created = None if asset.created is None else core_data_time(asset.created)
    added = core_data_time(asset.added)
    shared = asset.ownership == "shared_album"
    playback = 4 if asset.kind == "video" else 3 if asset.live_photo else 1
    own_type = 6 if asset.directory.startswith("PhotoData/CPLAssets") else 3
    return {
        "ZUUID": asset.uuid,
        "ZDIRECTORY": asset.directory,
        "ZFILENAME": asset.filename,
        "ZUNIFORMTYPEIDENTIFIER": asset.uti,
        "ZDATECREATED": created,
        "ZSORTTOKEN": created,
        "ZADDEDDATE": added,
        "ZMODIFICATIONDATE": added + 60,
        "ZKIND": int(asset.kind == "video"),
        "ZKINDSUBTYPE": asset.subtype,
        "ZPLAYBACKSTYLE": playback,
        "ZDURATION": asset.duration,
        "ZWIDTH": asset.width,
        "ZHEIGHT": asset.height,
        "ZHIDDEN": int(asset.hidden),
        "ZFAVORITE": int(asset.favourite),
        "ZTRASHEDSTATE": int(asset.trashed),
        "ZTRASHEDDATE": added + 86_400 if asset.trashed else None,
        "ZHASADJUSTMENTS": int(asset.edited),
        "ZADJUSTMENTSSTATE": (3 if asset.variant == "slow_mo" else 2) if asset.edited else 0,
        "ZADJUSTMENTTIMESTAMP": added + 30 if asset.edited else None,
        "ZDEFERREDPROCESSINGNEEDED": int(asset.state == "deferred" and asset.kind == "photo"),
        "ZVIDEODEFERREDPROCESSINGNEEDED": int(asset.state == "deferred" and asset.kind == "video"),
        "ZDEPTHTYPE": int(asset.variant == "portrait"),
        "ZDEPTHSTATES": int(asset.variant == "portrait"),
        "ZISDETECTEDSCREENSHOT": int(asset.variant == "screenshot"),
        "ZAVALANCHEUUID": asset.burst_uuid,
        "ZAVALANCHEPICKTYPE": asset.burst_pick,
        "ZVISIBILITYSTATE": 2 if asset.burst_pick == 2 or shared else 0,
        "ZSAVEDASSETTYPE": _SAVED_TYPE.get(asset.ownership, own_type),
        "ZBUNDLESCOPE": _BUNDLE_SCOPE.get(asset.ownership, 0),
        "ZCLOUDLOCALSTATE": int(in_cloud),
        "ZCLOUDISMYASSET": 0 if shared else None,
        "ZCLOUDISDELETABLE": 0 if shared else None,
        "ZCLOUDASSETGUID": asset.uuid if in_cloud or shared else None,
        "ZCLOUDBATCHPUBLISHDATE": added if shared else None,
        "ZCLOUDSERVERPUBLISHDATE": added + 8 if shared else None,
        "ZCLOUDOWNERHASHEDPERSONID": hashlib.sha256(b"grandma").hexdigest() if shared else None,
        "ZCOLLECTIONSHARE": COLLECTION_SHARE if shared else None,
        "ZLIBRARYSCOPE": LIBRARY_SHARE if asset.ownership == "shared_library" else None,
        "ZLIBRARYSCOPESHARESTATE": int(asset.ownership == "shared_library"),
        "ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE": int(asset.ownership == "shared_library"),
        "ZMOMENTSHARE": COLLECTION_SHARE if asset.ownership == "icloud_link" else None,
        "ZMEDIAGROUPUUID": asset.content_key if asset.live_photo else None,
        "ZORIGINALCOLORSPACE": "Display P3",
        "ZTHUMBNAILINDEX": attributes,
        "ZADDITIONALATTRIBUTES": attributes,
        "ZMASTER": master,
        "ZMOMENT": moment,
        "ZCURATIONSCORE": 0.5,
        "ZOVERALLAESTHETICSCORE": 0.5,
        "ZSTICKERCONFIDENCESCORE": -1.0,
    }


def attributes_row(asset: MadeAsset, key: int) -> dict[str, Value]:
    """Return the row in ZADDITIONALASSETATTRIBUTES."""
    local = capture_time(asset).local
    main = asset.resources[0]
    return {
        "ZASSET": key,
        "ZORIGINALFILENAME": asset.original_filename,
        "ZORIGINALFILESIZE": main.size,
        "ZORIGINALWIDTH": asset.width,
        "ZORIGINALHEIGHT": asset.height,
        "ZTIMEZONENAME": asset.zone_name,
        "ZTIMEZONEOFFSET": asset.zone_offset,
        "ZINFERREDTIMEZONEOFFSET": asset.zone_offset,
        "ZEXIFTIMESTAMPSTRING": None if local is None else f"{local.year:04}:{local:%m:%d %H:%M:%S}",
        "ZTITLE": asset.title,
        "ZIMPORTEDBY": 1 if asset.directory.startswith("DCIM") else 3,
        "ZMASTERFINGERPRINT": asset.fingerprint,
        "ZORIGINALSTABLEHASH": asset.fingerprint,
        "ZGPSHORIZONTALACCURACY": -1.0,
    }


def master_row(asset: MadeAsset) -> dict[str, Value]:
    """Return the row in ZCLOUDMASTER, which describes the original in iCloud."""
    return {
        "ZCLOUDLOCALSTATE": _SYNCED if asset.uploaded else _PENDING,
        "ZFULLSIZEJPEGSOURCE": 0,
        "ZIMPORTEDBY": 1,
        "ZORIGINALORIENTATION": 1,
        "ZPLACEHOLDERSTATE": 0,
        "ZVIDEOFRAMERATE": 0,
        "ZCREATIONDATE": None if asset.created is None else core_data_time(asset.created),
        "ZIMPORTDATE": core_data_time(asset.added),
        "ZCLOUDMASTERGUID": asset.fingerprint or asset.content_key,
        "ZORIGINALFILENAME": asset.original_filename,
        "ZUNIFORMTYPEIDENTIFIER": asset.uti,
    }


def resource_rows(asset: MadeAsset, key: int, in_cloud: bool) -> Iterator[dict[str, Value]]:
    """Yield the rows in ZINTERNALRESOURCE: originals and renders, then derivatives."""
    for resource in asset.resources:
        if resource.role in RESOURCE_ROW:
            yield _resource_row(asset, resource, key, in_cloud)
    if in_cloud and asset.is_archived:
        purged = asset.resources[0].flag != "local"
        # Photos downloads the medium derivative to show a purged original.
        medium = LOCAL if purged else NOT_LOCAL
        thumbnail = NOT_LOCAL_THUMBNAIL if key % 5 == 0 else NOT_LOCAL
        if asset.kind == "video":
            yield _derivative(asset, key, ("small video", MOV, 1, 7, 131081, 0), medium)
        yield _derivative(asset, key, ("medium", JPEG, 0, 4, 65741, 0), medium)
        yield _derivative(asset, key, ("thumb", JPEG, 0, 5, 65743, 0), thumbnail)
    yield _derivative(asset, key, ("local thumb", JPEG, 0, 0, 65747, 3), LOCAL)


def _resource_row(asset: MadeAsset, resource: MadeResource, key: int, in_cloud: bool) -> dict[str, Value]:
    kind, subtype, version, recipe = RESOURCE_ROW[resource.role]
    local = resource.flag == "local"
    store = _STORE_CLASS.get(asset.ownership, 0)
    if store == 2:
        subtype, recipe = (8, 131079) if asset.kind == "video" else (3, 65741)
    is_uploaded = in_cloud and asset.state not in ("missing", "deferred")
    remote = resource.flag == "icloud" or is_uploaded or store == 2
    data = b"\x5c\x00\x05" + asset.directory.encode() if store else key_data(resource.role, resource.name)
    fingerprint = resource.fingerprint if in_cloud else None
    row = _row(key, file_type(resource.name), (kind, subtype, recipe, version))
    row.update(
        {
            "ZDATASTORECLASSID": store,
            "ZDATALENGTH": 0 if store == 2 else resource.size,
            "ZLOCALAVAILABILITY": LOCAL if local else NOT_LOCAL,
            "ZREMOTEAVAILABILITY": int(remote),
            "ZCLOUDLOCALSTATE": _SYNCED if in_cloud and asset.uploaded else _NOT_SYNCED,
            "ZFINGERPRINT": fingerprint,
            "ZSTABLEHASH": fingerprint,
            "ZDATASTOREKEYDATA": data if local else None,
            "ZCLOUDPRUNEDAT": PURGED_AT if resource.flag == "icloud" else None,
            "ZCLOUDMASTERDATECREATED": core_data_time(asset.created)
            if in_cloud and asset.created is not None
            else None,
            "ZUNORIENTEDWIDTH": asset.width,
            "ZUNORIENTEDHEIGHT": asset.height,
        }
    )
    return row


def _derivative(
    asset: MadeAsset, key: int, what: tuple[str, FileType, int, int, int, int], local: int
) -> dict[str, Value]:
    part, kind_of_file, kind, subtype, recipe, version = what
    remote = version != 3
    row = _row(key, kind_of_file, (kind, subtype, recipe, version))
    row.update(
        {
            "ZDATASTORECLASSID": 0,
            "ZDATALENGTH": 100_000 + key % 9973,
            "ZLOCALAVAILABILITY": local,
            "ZREMOTEAVAILABILITY": int(remote),
            "ZCLOUDLOCALSTATE": _SYNCED if remote and asset.uploaded else _NOT_SYNCED,
            "ZFINGERPRINT": _derivative_fingerprint(asset, part) if remote else None,
            "ZSTABLEHASH": None,
            "ZDATASTOREKEYDATA": bytes.fromhex("030c220d9000") if local == LOCAL else None,
            "ZCLOUDPRUNEDAT": None,
            "ZCLOUDMASTERDATECREATED": None,
            "ZUNORIENTEDWIDTH": 1024,
            "ZUNORIENTEDHEIGHT": 768,
        }
    )
    return row


def _row(key: int, kind_of_file: FileType, numbers: tuple[int, int, int, int]) -> dict[str, Value]:
    kind, subtype, recipe, version = numbers
    return {
        "ZASSET": key,
        "ZRESOURCETYPE": kind,
        "ZDATASTORESUBTYPE": subtype,
        "ZRECIPEID": recipe,
        "ZVERSION": version,
        "ZCOMPACTUTI": kind_of_file.compact_uti,
        "ZUTICONFORMANCEHINT": kind_of_file.conformance,
        "ZUNIFORMTYPEIDENTIFIER": FILE_TYPES.index(kind_of_file) + 1,
    }
