"""What the files and folders on a target are called."""

from __future__ import annotations

PHOTOS = "Photos"
"""The folder of the originals."""
OURS = ".ambertime"
"""The folder for everything that is not a photo."""
CHECKSUMS = "SHA256SUMS"
"""Beside `Photos/`."""

LOCK = "lock"
MARKER = "target.json"
RECORD = "record.sqlite3"
BACKUP = "record.backup.sqlite3"
SEAL = "seal.json"
PARTS = "parts"
FINDINGS = "findings.json"
"""In `.ambertime/`."""
