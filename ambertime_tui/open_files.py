"""The limit of open files: how much may be done at once, and what to say when it is reached."""

from __future__ import annotations

import errno
import os
import resource

OF_A_JOB = 20
"""Files and sockets that a job has open besides those of the assets that it copies."""
OF_AN_ASSET = 4
"""The most that the copying of one asset has open at the same time: files and the folders they are in."""
LIMIT_REACHED = frozenset({errno.EMFILE, errno.ENFILE})


def is_limit_reached(error: BaseException) -> bool:
    """Whether a call failed because this process, or the computer, may not open more files."""
    return isinstance(error, OSError) and error.errno in LIMIT_REACHED


def assets_at_once(most: int) -> int:
    """How many assets this process may copy at once: `most`, or fewer if it may open few files."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, (allowed - OF_A_JOB) // OF_AN_ASSET))


def limit_sentence(what: str, error: OSError) -> str:
    """A sentence for the user. `what` could not be opened or reached."""
    return (
        f"{what}: {os.strerror(error.errno or errno.EMFILE).lower()}. AmberTime needs 24 open files, and is "
        "faster with more. Raise the limit, for example with: ulimit -n 1024. Then try again."
    )
