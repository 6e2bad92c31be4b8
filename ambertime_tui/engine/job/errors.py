"""Errors of the rooms below, and how the engine reports them to front ends."""

from __future__ import annotations

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.library.photos_db import LibraryUnreadable
from ambertime_tui.open_files import is_limit_reached, limit_sentence
from ambertime_tui.paths import PathsError
from ambertime_tui.phone.errors import PhoneError

ROOM_ERRORS = (PhoneError, DriveError, LibraryUnreadable, PathsError)
"""The errors that the rooms below raise on purpose; str() of each is a sentence for the user."""


def as_engine_error(error: Exception) -> EngineError:
    """Convert an error to the one that front ends know."""
    return EngineError(type(error).__name__, str(error))


def fault_sentence(error: object) -> str:
    """Return the sentence for an unexpected error that ended a job."""
    if isinstance(error, OSError) and is_limit_reached(error):
        return limit_sentence("The backup ended", error)
    return (
        f"Internal error in AmberTime: {error!r}. The job ended; files on the drive are intact. See the log."
    )
