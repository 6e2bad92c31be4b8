"""Trouble of the rooms below, as the engine tells it to front ends."""

from __future__ import annotations

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.library.photos_db import LibraryUnreadable
from ambertime_tui.paths import PathsError
from ambertime_tui.phone.errors import PhoneError

ROOM_ERRORS = (PhoneError, DriveError, LibraryUnreadable, PathsError)
"""What the rooms below raise on purpose; str() of each is a sentence for a person."""


def as_engine_error(error: Exception) -> EngineError:
    """The same trouble under the name that front ends know."""
    return EngineError(type(error).__name__, str(error))
