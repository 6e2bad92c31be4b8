"""Whether a file system has the byte-range locks that SQLite uses.

Some have none: NFS without its lock service, SMB with nobrl, some FUSE drivers. SQLite then reports a locked
database, after it has waited in vain.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

PATIENCE, READER_PATIENCE = 30.0, 10.0
"""Seconds to wait for another process that has the database locked, to write and to read."""
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_MAY_BE_LOCKING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PROTOCOL})


def lacks_locks(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a database, which was just opened and not used yet, cannot be locked at all.

    If SQLite cannot lock it, this opens and closes the file, which drops other locks of this process on it.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA schema_version").fetchone()  # takes a lock
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return code in _MAY_BE_LOCKING and not _has_locks(path)
    except sqlite3.Error:
        return False  # the first use of the connection reports it
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
    return False


def _has_locks(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    finally:
        os.close(descriptor)
    return True
