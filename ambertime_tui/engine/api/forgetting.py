"""Forget items that were deleted on purpose, for a front end. Needs no phone, job or host."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ambertime_tui.drive.errors import (
    DriveError,
)
from ambertime_tui.drive.forgetting import ForgettableItem as ForgettableItem
from ambertime_tui.drive.forgetting import ItemKey, absent_items, forget, forgotten_items, remember
from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.engine.api.protocol import EngineError

T = TypeVar("T")


def list_absent(target: Path) -> tuple[ForgettableItem, ...]:
    """The items that are neither on their phone nor in the archive, and are not forgotten yet.

    Raises:
        EngineError: there is no archive, or it cannot be read; the message says why.
    """
    return _with_archive(target, absent_items)


def list_forgotten(target: Path) -> tuple[ForgettableItem, ...]:
    """The items that were forgotten.

    Raises:
        EngineError: see `list_absent`.
    """
    return _with_archive(target, forgotten_items)


def forget_items(
    target: Path, keys: Collection[ItemKey], clock: Callable[[], float] = time.time
) -> tuple[ForgettableItem, ...]:
    """Forget items that are still absent, and return them. Deletes nothing.

    Raises:
        EngineError: see `list_absent`.
    """
    return _with_archive(target, lambda opened: forget(opened, keys, clock()))


def remember_items(target: Path, keys: Collection[ItemKey]) -> tuple[ForgettableItem, ...]:
    """Undo `forget_items`, and return the items that were forgotten.

    Raises:
        EngineError: see `list_absent`.
    """
    return _with_archive(target, lambda opened: remember(opened, keys))


def _with_archive(target: Path, work: Callable[[Target], T]) -> T:
    with _translated(target):
        if not os.path.lexists(target / OURS / RECORD):  # `open_target` says what else may be there
            raise EngineError(
                "NoArchive", f"{target} contains no AmberTime archive. Check that the drive is mounted."
            )
        with open_target(target) as opened:
            return work(opened)


@contextmanager
def _translated(target: Path) -> Iterator[None]:
    try:
        yield
    except DriveError as error:
        raise EngineError(type(error).__name__, str(error)) from error
    except OSError as error:
        trouble = drive_error(error, Path(str(error.filename or target)), doing="reading")
        raise EngineError(type(trouble).__name__, str(trouble)) from error
