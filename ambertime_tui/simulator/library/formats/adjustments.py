"""Adjustment property lists: an edit's Adjustments.plist and a capture's .AAE."""

from __future__ import annotations

import plistlib


def adjustments(size: int, identifier: str, data: bytes) -> bytes:
    """Return an XML property list of exactly `size` bytes, padded with line breaks.

    Args:
        size: The size of the file in bytes; at least about 700.
        identifier: adjustmentFormatIdentifier, ``com.apple.photo`` or ``com.apple.video.slomo``.
        data: Opaque adjustment data.
    """
    document = plistlib.dumps(
        {
            "adjustmentBaseVersion": 0,
            "adjustmentData": data,
            "adjustmentEditorBundleID": "com.apple.mobileslideshow",
            "adjustmentFormatIdentifier": identifier,
            "adjustmentFormatVersion": "1.5",
            "adjustmentRenderTypes": 0,
        }
    )
    return document.ljust(size, b"\n")
