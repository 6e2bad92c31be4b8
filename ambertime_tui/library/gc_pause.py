"""Pause garbage collection while processing a whole library."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Disable the cycle collector inside the block: with millions of objects without cycles it takes a
    fifth of the time. Afterwards, return freed memory to the system: a tenth of a job's memory with a
    million assets."""
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
    """Return glibc's malloc_trim, which releases freed memory; a no-op on other systems."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)


_trim = _trimmer()
