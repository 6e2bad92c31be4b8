"""Folders and file names as assigned by the camera, by iCloud and by syncing with a computer."""

from __future__ import annotations

from random import Random

from ambertime_tui.simulator.library.asset_draft import AssetDraft

_CLOUD_GROUPS = 499
_STREAM_PERSON = "17058154511"
_STREAM_ALBUM = "9F9A2608-AFE0-4232-A0DC-5ABA7317B978"


class Counter:
    """The counter of a camera: IMG_9999 is followed by IMG_0001, and each thousand gets a new folder."""

    def __init__(self, start: int = 0) -> None:
        self.count = start

    def next(self) -> tuple[str, str]:
        """Return the next folder (``100APPLE``) and stem (``IMG_0001``)."""
        lap, number = divmod(self.count, 9999)
        self.count += 1
        return f"{100 + 10 * lap + (number + 1) // 1000}APPLE", f"IMG_{number + 1:04}"


class Names:
    """Names assets in the order of capture."""

    def __init__(self, rng: Random, assets: int) -> None:
        self._rng = rng
        self._camera = Counter()
        self._other_phone = Counter()
        self._synced = 0
        self._streamed = 0
        self._given = 0
        # The counter jumps ahead after a fifth of the assets, so that a library of any size passes IMG_9999.
        self._jump_at, self._jump_to = assets // 5, 9999 - assets // 4

    def assign(self, draft: AssetDraft) -> None:
        """Set the folder, file name and original name of an asset."""
        self._given += 1
        if self._given > self._jump_at:
            self._camera.count = max(self._camera.count, self._jump_to)
            self._jump_at = 1 << 62
        extension = draft.variant.main.extension
        match draft.ownership:
            case "shared_album":
                self._streamed += 1
                folder = f"{100 + self._streamed // 1000}CLOUD"
                draft.directory = f"PhotoData/PhotoCloudSharingData/{_STREAM_PERSON}/{_STREAM_ALBUM}/{folder}"
                draft.filename = f"IMG_{self._streamed % 1000:04}.{extension}"
            case "photo_stream":
                self._streamed += 1
                draft.directory = f"PhotoStreamsData/{_STREAM_PERSON}/{100 + self._streamed // 1000}APPLE"
                draft.filename = f"IMG_{self._streamed % 1000:04}.{extension}"
            case "synced":
                self._synced += 1
                draft.directory = f"PhotoData/Sync/{100 + self._synced // 1000}SYNCD"
                draft.filename = f"IMG_{self._synced % 1000:04}.{extension}"
            case "shared_with_you":
                # Its library is in /Library/Photos/Libraries, which AFC cannot access.
                draft.directory, draft.filename = draft.uuid[0], f"{draft.uuid}.{extension}"
            case _ if draft.came_from_icloud or draft.ownership == "icloud_link":
                draft.directory = f"PhotoData/CPLAssets/group{self._rng.randint(1, _CLOUD_GROUPS)}"
                draft.filename = f"{draft.uuid}.{extension}"
                draft.original_filename = f"{self._other_phone.next()[1]}.{extension}"
                return
            case _:
                folder, stem = self._camera.next()
                draft.directory = f"DCIM/{folder}"
                draft.filename = f"{stem}.{extension}"
        draft.original_filename = draft.filename
