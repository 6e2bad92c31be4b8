"""The limit of open files: what to say when it is reached."""

from __future__ import annotations

import errno
import os

LIMIT_REACHED = frozenset({errno.EMFILE, errno.ENFILE})


def is_limit_reached(error: BaseException) -> bool:
    """Whether a call failed because this process, or the computer, may not open more files."""
    return isinstance(error, OSError) and error.errno in LIMIT_REACHED


def limit_sentence(what: str, error: OSError) -> str:
    """A sentence for the user. `what` could not be opened or reached."""
    return (
        f"{what}: {os.strerror(error.errno or errno.EMFILE).lower()}. AmberTime needs up to 60 open files. "
        "Raise the limit, for example with: ulimit -n 1024. Then try again."
    )
