"""Folders and file names, as the camera, iCloud and a computer's sync give them."""

from __future__ import annotations

from random import Random

from ambertime_tui.simulator.library.asset_draft import AssetDraft

_CLOUD_GROUPS = 499
_STREAM_PERSON = "17058154511"
_STREAM_ALBUM = "9F9A2608-AFE0-4232-A0DC-5ABA7317B978"


class Counter:
    """A camera's counter: IMG_0001 again after IMG_9999, a new folder for each thousand."""

    def __init__(self, start: int = 0) -> None:
        self.count = start

    def next(self) -> tuple[str, str]:
        """Folder (``100APPLE``) and stem (``IMG_0001``)."""
        lap, number = divmod(self.count, 9999)
        self.count += 1
        return f"{100 + 10 * lap + (number + 1) // 1000}APPLE", f"IMG_{number + 1:04}"


class Names:
    """Names one asset after the other, in the order of capture."""

    def __init__(self, rng: Random, assets: int) -> None:
        self._rng = rng
        self._camera = Counter()
        self._other_phone = Counter()
        self._synced = 0
        self._streamed = 0
        self._given = 0
        # The camera's counter leaps a fifth of the way in, so that a library of any size passes IMG_9999.
        self._leap_at, self._leap_to = assets // 5, 9999 - assets // 4

    def assign(self, draft: AssetDraft) -> None:
        """Sets folder, file name and original name."""
        self._given += 1
        if self._given > self._leap_at:
            self._camera.count = max(self._camera.count, self._leap_to)
            self._leap_at = 1 << 62
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
                # Its own library lies under /Library/Photos/Libraries, out of AFC's reach.
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
