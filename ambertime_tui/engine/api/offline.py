"""A library read from files on this computer, without a phone: `scan --database`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.fallback import FileFacts, library_from_listing
from ambertime_tui.library.folder_names import FolderNames, Listing
from ambertime_tui.library.media_paths import ROOTS
from ambertime_tui.library.model import Library
from ambertime_tui.library.photos_db import LibraryReader
from ambertime_tui.library.private_copy import private_copy


def library_from_files(
    database: Path,
    media: Path | None = None,
    *,
    now: float | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
) -> Library:
    """The library of a Photos.sqlite (with its log beside it); neither file is written to.

    Args:
        database: any Photos.sqlite; a private copy of it is read.
        media: the folder that holds DCIM and PhotoData, where it is there too: then the files decide what is
            local, and stand alone where the database cannot be read. None: the database's flags decide.
        now: seconds since 1970; captures that are still to come are undated.
        on_progress: told the number of assets read so far.

    Raises:
        EngineError: `LibraryUnreadable` or `MediaFolder`, with a sentence that names the file.
    """
    if media is not None and not media.is_dir():
        raise EngineError("MediaFolder", f"{media} is not a folder; --media takes the one that holds DCIM.")
    if media is not None and not any((media / folder).is_dir() for folder in ("DCIM", "PhotoData")):
        raise EngineError(
            "MediaFolder",
            f"There is neither DCIM nor PhotoData in {media}; --media takes the folder of both.",
        )
    try:
        with private_copy(database) as copy, closing(LibraryReader(copy, now)) as reader:
            listing = None if media is None else _listed(media, reader.folders())
            return reader.library(listing, on_progress=on_progress)
    except LibraryUnreadable as error:
        named = str(error) if str(database) in str(error) else f"{database}: {error}"
        if media is None or not database.is_file():
            raise EngineError("LibraryUnreadable", named) from error
        library = library_from_listing(*_all_files(media))
        return replace(library, notices=(named, *library.notices))


def _listed(media: Path, folders: Iterable[str]) -> Listing:
    listing: dict[str, FolderNames | None] = {}
    for folder in folders:
        names = _files_in(media / folder)
        listing[folder] = None if names is None else FolderNames(names)
    return listing


def _files_in(folder: Path) -> list[str] | None:
    """The names of the files in a folder; none where it does not exist, None where it is closed."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        return None


def _all_files(media: Path) -> tuple[dict[str, list[str]], dict[str, FileFacts]]:
    """All names by folder below the roots of originals and edits, and what is known of each file."""
    listing: dict[str, list[str]] = {}
    facts: dict[str, FileFacts] = {}
    for root in ROOTS:
        for folder, _, names in os.walk(media / root):
            path = Path(folder).relative_to(media).as_posix()
            listing[path] = names
            for name in names:
                with suppress(OSError):
                    stat = (media / path / name).stat()
                    facts[f"{path}/{name}"] = FileFacts(stat.st_size, stat.st_mtime)
    return listing, facts
