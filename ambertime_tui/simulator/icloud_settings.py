"""How iCloud behaves for a simulated phone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ICloudSettings:
    """How iCloud behaves for a phone. Times are in seconds, sizes in bytes.

    Attributes:
        online: whether the phone has a network connection at all.
        bytes_per_second: download speed; None: as fast as this computer allows.
        latency: from the request to the first byte of a file.
        offline: periods without a network, as (start, end) on the clock passed to `advance`.
        storage: space for downloaded originals; None: unlimited. When it is full, those downloaded first are
            offloaded again.
        keeps_free: how much of `storage` iOS keeps free by offloading.
        kept_for: how long a downloaded original stays on the phone at least.
        halves_apart: time between one file of an asset (a Live Photo's photo) and the next (its video).
        grows_in_place: whether a file appears at its path at the start of the download and grows there;
            otherwise it appears complete, by a rename.
        tried_again_after: delay before the next try, after a failed download or an offload, while Download
            and Keep Originals is on.
        smaller_first: whether a smaller version is at the path until the download ends.
        smaller_by_hand: whether opening an item in Photos brings only a smaller version to its path.
        flags_lag: time until the database says what happened to a file: a download, or an offload.
        failure_clears_remote: whether a failed download marks the original as not in iCloud.
        removed_after: time after which a downloaded original is offloaded again even if there is space;
            None: never.
        stops_below: free space below which Download and Keep Originals downloads nothing more. It also
            offloads nothing then. None: it makes room by offloading the oldest downloads.
        shortcut_brings_videos_only: whether the Shortcut brings only videos and the videos of Live Photos.
        opens_codes: whether the camera opens the address in a code, so that a Shortcut runs.
        moves_dates: whether the capture date of an item is one day earlier after each download.
    """

    online: bool = True
    bytes_per_second: float | None = None
    latency: float = 0.0
    offline: tuple[tuple[float, float], ...] = ()
    storage: int | None = None
    keeps_free: int = 0
    kept_for: float = 0.0
    halves_apart: float = 0.0
    grows_in_place: bool = False
    tried_again_after: float = 1.0
    smaller_first: bool = False
    smaller_by_hand: bool = False
    flags_lag: float = 0.0
    failure_clears_remote: bool = False
    removed_after: float | None = None
    stops_below: int | None = None
    shortcut_brings_videos_only: bool = False
    opens_codes: bool = True
    moves_dates: bool = False
