"""Apple's fingerprint of an original, which Photos stores in its database.

Source: `ZINTERNALRESOURCE.ZFINGERPRINT` of real libraries, macOS 10.15 to 26.1, compared with their files.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

_SALT = b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0"


def fingerprint_of(chunks: Iterable[bytes]) -> str:
    """Return the fingerprint of a file, given its bytes in order."""
    digest = hashlib.sha1(_SALT, usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return base64.b64encode(b"\x01" + digest.digest()).decode()
