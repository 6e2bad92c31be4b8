"""Names of the files and folders on a target."""

from __future__ import annotations

PHOTOS = "Photos"
"""Folder of the originals."""
OURS = ".ambertime"
"""Folder of everything that is not a photo."""
CHECKSUMS = "SHA256SUMS"
"""Beside `Photos/`, in the format of GNU sha256sum."""

# In `.ambertime/`:
LOCK = "lock"
MARKER = "target.json"
"""Identifies the target at any mount point."""
RECORD = "record.sqlite3"
BACKUP = "record.backup.sqlite3"
"""Copy of the record from the last finished run."""
DAMAGED = "record.damaged"
"""Mark: a job or verification found the record damaged. The next job rebuilds it."""
INTEGRITY = "seal.json"
"""Hashes of the record, its backup copy and SHA256SUMS."""
PARTS = "parts"
"""Journal of unfinished files."""
ABSENT = "absent.json"
"""Recorded items that a phone's library no longer had at its last backup."""
FINDINGS = "findings.json"
"""What the last verification found."""
