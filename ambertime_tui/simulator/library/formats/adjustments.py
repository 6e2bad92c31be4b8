"""Adjustment property lists: an edit's Adjustments.plist and a capture's .AAE."""

from __future__ import annotations

import plistlib


def adjustments(size: int, identifier: str, data: bytes) -> bytes:
    """An XML property list of exactly `size` bytes; line breaks behind it fill it up.

    Args:
        size: Bytes of the file; the list itself needs about 700.
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
