"""A library read from files on this computer, without a phone: `scan --database`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ambertime_tui.engine.protocol import EngineError
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.model import Library
from ambertime_tui.library.photos_db import read_library
from ambertime_tui.library.presence import directories_of, with_files
from ambertime_tui.library.private_copy import private_copy


def library_from_files(
    database: Path, media: Path | None = None, *, on_progress: Callable[[int], None] | None = None
) -> Library:
    """The library of a Photos.sqlite (with its log beside it); neither file is written to.

    Args:
        database: any Photos.sqlite; a private copy of it is read.
        media: the folder that holds DCIM and PhotoData, where it is there too: then the files decide what is
            local. None: the database's flags decide.
        on_progress: told the number of assets read so far.

    Raises:
        EngineError: `LibraryUnreadable` or `MediaFolder`, with a sentence that names the file.
    """
    if media is not None and not media.is_dir():
        raise EngineError("MediaFolder", f"{media} is not a folder; --media takes the one that holds DCIM.")
    try:
        with private_copy(database) as copy:
            library = read_library(copy, on_progress=on_progress)
    except LibraryUnreadable as error:
        named = str(error) if str(database) in str(error) else f"{database}: {error}"
        raise EngineError("LibraryUnreadable", named) from error
    if media is None:
        return library
    listing = {folder: _names_in(media, folder) for folder in directories_of(library)}
    if listing and not any(listing.values()):
        raise EngineError(
            "MediaFolder",
            f"None of the library's folders is in {media}; --media takes the one that holds DCIM.",
        )
    return with_files(library, listing)


def _names_in(media: Path, folder: str) -> frozenset[str] | None:
    """The names in a folder of the media tree; none where it does not exist, None where it is closed."""
    try:
        return frozenset(entry.name for entry in (media / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError:
        return None
