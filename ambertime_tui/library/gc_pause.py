"""Memory while something is made of a whole library, and after it."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Search for no cycles until the end: in millions of objects that have none it is a fifth of the time.
    Then what the allocator holds back is returned to the system: a tenth of a job's memory with a million."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        _trim()


def _trimmer() -> Callable[[], object]:
    """glibc keeps freed memory below some that is in use until it is asked; others have no such function."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)


_trim = _trimmer()
