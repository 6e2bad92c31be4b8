"""Folders that systems and other programs keep on a drive: recycle bins, snapshots, thumbnails, versions.

Files in them are not the archive. A recycle bin is emptied after some weeks, a snapshot expires, and a
thumbnail is not an original. So AmberTime neither uses such files as copies nor reports them.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Service(StrEnum):
    """What a folder is for, as words for a sentence."""

    RECYCLE_BIN = "a recycle bin"
    SNAPSHOTS = "a folder of snapshots"
    THUMBNAILS = "a folder of thumbnails"
    VERSIONS = "a folder of old versions"
    SYSTEM = "a folder of the operating system"


_NAMES: dict[str, Service] = {
    # Recycle bins. Those of Windows by version, then by vendor or program.
    "$recycle.bin": Service.RECYCLE_BIN,
    "recycler": Service.RECYCLE_BIN,
    "recycled": Service.RECYCLE_BIN,
    "#recycle": Service.RECYCLE_BIN,  # Synology
    "@recycle": Service.RECYCLE_BIN,  # QNAP
    "network recycle bin": Service.RECYCLE_BIN,  # QNAP, older firmware
    "recycle bin": Service.RECYCLE_BIN,  # Netgear ReadyNAS
    "trashbox": Service.RECYCLE_BIN,  # Buffalo
    ".recycle": Service.RECYCLE_BIN,  # Samba's vfs_recycle: TrueNAS, OpenMediaVault
    ".recycle.bin": Service.RECYCLE_BIN,  # Unraid
    ".trash": Service.RECYCLE_BIN,  # macOS, FreeDesktop
    ".trashes": Service.RECYCLE_BIN,  # macOS, on other drives
    "network trash folder": Service.RECYCLE_BIN,  # Netatalk
    "files_trashbin": Service.RECYCLE_BIN,  # Nextcloud, ownCloud
    # Snapshots and backups that expire.
    "#snapshot": Service.SNAPSHOTS,  # Synology
    "@recently-snapshot": Service.SNAPSHOTS,  # QNAP
    "@snapshots": Service.SNAPSHOTS,  # Btrfs subvolume
    ".snapshot": Service.SNAPSHOTS,  # NetApp, NFS
    "~snapshot": Service.SNAPSHOTS,  # NetApp, SMB
    ".snapshots": Service.SNAPSHOTS,  # Snapper
    ".snap": Service.SNAPSHOTS,  # UFS, CephFS
    ".zfs": Service.SNAPSHOTS,
    ".ckpt": Service.SNAPSHOTS,  # Dell EMC
    "timeshift": Service.SNAPSHOTS,
    "timeshift-btrfs": Service.SNAPSHOTS,
    "backups.backupdb": Service.SNAPSHOTS,  # Time Machine
    # Thumbnails.
    "@eadir": Service.THUMBNAILS,  # Synology
    ".@__thumb": Service.THUMBNAILS,  # QNAP
    "@__thumb": Service.THUMBNAILS,
    "@transcode": Service.THUMBNAILS,  # QNAP
    ".thumbnails": Service.THUMBNAILS,
    # Versions and caches of programs that synchronize files.
    ".stversions": Service.VERSIONS,  # Syncthing
    "files_versions": Service.VERSIONS,  # Nextcloud, ownCloud
    ".sync": Service.VERSIONS,  # Resilio Sync
    ".dropbox.cache": Service.VERSIONS,
    ".tmp.drivedownload": Service.VERSIONS,  # Google Drive
    ".tmp.driveupload": Service.VERSIONS,
    ".documentrevisions-v100": Service.VERSIONS,  # macOS
    # Folders of the system; some have fragments of damaged files.
    "system volume information": Service.SYSTEM,
    "lost+found": Service.SYSTEM,
    "lost.dir": Service.SYSTEM,  # Android
    ".spotlight-v100": Service.SYSTEM,
    ".fseventsd": Service.SYSTEM,
    ".temporaryitems": Service.SYSTEM,
    "temporary items": Service.SYSTEM,
    "thevolumesettingsfolder": Service.SYSTEM,
    ".appledouble": Service.SYSTEM,
    ".appledb": Service.SYSTEM,
    ".appledesktop": Service.SYSTEM,
    "@tmp": Service.SYSTEM,  # Synology
}
_PATTERNS = (
    # A sign before one of these words: a name that people do not give, and that new systems take.
    (re.compile(r"[#@$~.]+(recycl|trash|deleted)"), Service.RECYCLE_BIN),
    (re.compile(r"[#@$~.]+(recently[-_ ])?snapshots?"), Service.SNAPSHOTS),
    (re.compile(r"@gmt-\d"), Service.SNAPSHOTS),  # Samba's shadow copies
    (re.compile(r"(recycle bin - |_nas_recycle_)"), Service.RECYCLE_BIN),  # with the name of the volume
    (re.compile(r"found\.\d{3}$"), Service.SYSTEM),  # chkdsk
)


def service_of(folder: str) -> Service | None:
    """What a folder with this name is for; None if it may have files of the archive.

    Upper and lower case are the same.
    """
    name = folder.casefold()
    known = _NAMES.get(name)
    if known is not None:
        return known
    return next((service for pattern, service in _PATTERNS if pattern.match(name)), None)


def service_in(path: str) -> Service | None:
    """What the first such folder on the way to a file is for; None if there is none.

    Args:
        path: of the file, relative to the target, with slashes. Its own name does not count.
    """
    folders = path.split("/")[:-1]
    return next((service for folder in folders if (service := service_of(folder)) is not None), None)
