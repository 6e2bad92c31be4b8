"""Read a library from files on this computer, without a phone: `scan --database`."""

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
    """Read the library from a Photos.sqlite and the log next to it. Writes to neither.

    Args:
        database: any Photos.sqlite. A private copy is read.
        media: the folder that holds DCIM and PhotoData. If given, its files decide what is local, and are
            listed on their own if the database cannot be read. None: the database's flags decide.
        now: seconds since 1970. Assets with a later capture date count as undated.
        on_progress: called with the number of assets read so far.

    Raises:
        EngineError: `LibraryUnreadable` or `MediaFolder`, with a sentence that names the file.
    """
    if media is not None and not media.is_dir():
        raise EngineError("MediaFolder", f"{media} is not a folder. Give --media the folder that holds DCIM.")
    if media is not None and not any((media / folder).is_dir() for folder in ("DCIM", "PhotoData")):
        raise EngineError(
            "MediaFolder",
            f"{media} contains neither DCIM nor PhotoData. Give --media the folder that holds them.",
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
    """List the file names in a folder: empty if it does not exist, None if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        return None


def _all_files(media: Path) -> tuple[dict[str, list[str]], dict[str, FileFacts]]:
    """List all files below the folders of originals and edits: names by folder, and facts by path."""
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
