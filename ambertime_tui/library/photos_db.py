"""Read a Library from the Photos.sqlite of any iOS version."""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from ambertime_tui import units
from ambertime_tui.library import dates
from ambertime_tui.library.assets import AssetMaker
from ambertime_tui.library.catalogue import read_catalogue
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.folder_names import HashedNames, Listing
from ambertime_tui.library.gc_pause import gc_paused
from ambertime_tui.library.log_check import log_trouble
from ambertime_tui.library.media_paths import adjustments_directory, is_file_name, is_media_directory
from ambertime_tui.library.model import Asset, Catalogue, Library, Role
from ambertime_tui.library.notices import Notices, printable
from ambertime_tui.library.oldest import most_files, oldest_keys, with_unique_names
from ambertime_tui.library.ownership import is_own_directory
from ambertime_tui.library.packed import Packer
from ambertime_tui.library.presence import checked_against_files, without_inferred
from ambertime_tui.library.raw_counts import RawCounts, raw_counts
from ambertime_tui.library.rows import rows_by_asset
from ambertime_tui.library.schema import (
    ATTRIBUTES,
    EDITED_COLUMNS,
    NEWEST_KNOWN_MODEL,
    Schema,
    detect_schema,
)

__all__ = ["LibraryReader", "LibraryUnreadable", "read_library"]

_PROGRESS_EVERY = 1000
_INTERRUPTED_EVERY = 0.02
"""Seconds between interrupts, because a reader may be between two statements."""
_LONGEST_VALUE = 1 << 26
"""Bytes. A damaged length must not make SQLite allocate a gigabyte."""

P = ParamSpec("P")
T = TypeVar("T")


def read_library(
    database: Path,
    *,
    listing: Listing | None = None,
    now: float | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
) -> Library:
    """Read the library from a private copy of its database. See `LibraryReader`.

    Raises:
        LibraryUnreadable: it is damaged, not the database of a Photo Library, or lacks a required column.
    """
    with closing(LibraryReader(database, now)) as reader:
        return reader.library(listing, on_progress=on_progress)


def _translated(method: Callable[P, T]) -> Callable[P, T]:
    """Convert sqlite3's errors to `LibraryUnreadable`. If text turns out not to be UTF-8, repeat the
    method with bytes instead."""

    @wraps(method)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        reader = args[0]
        assert isinstance(reader, LibraryReader)
        try:
            with reader.in_use, gc_paused():
                try:
                    return method(*args, **kwargs)
                except sqlite3.OperationalError as error:
                    if not reader.tolerates_any_text(error):
                        raise
                return method(*args, **kwargs)
        except (sqlite3.Error, UnicodeError) as error:  # error messages of a damaged schema may not decode
            raise LibraryUnreadable(reader.why(error)) from error

    return tried


class LibraryReader:
    """Reads one library database. Methods block, and may be called from any thread."""

    def __init__(self, database: Path, now: float | None = None) -> None:
        """
        Args:
            database: a private copy, with its `-wal` next to it if there is one. SQLite replays and removes
                the log.
            now: when it was copied, in seconds since 1970; None: unknown.

        Raises:
            LibraryUnreadable: it is damaged, not the database of a Photo Library, or lacks a required column.
        """
        self.in_use = threading.RLock()
        """Held while reading, because SQLite crashes if a database is closed meanwhile."""
        self._path = database
        self._now = now
        self._main_name_index: Mapping[str, Container[str]] | None = None
        self._duplicates: frozenset[object] | None = None
        self._notices = Notices()
        self._schema_notices: tuple[str, ...] = ()
        try:
            self._database = sqlite3.connect(
                database.absolute().as_uri() + "?mode=rw", uri=True, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise LibraryUnreadable(self.why(error)) from error
        with ExitStack() as undo:
            undo.callback(self._database.close)
            self._open()
            undo.pop_all()

    @_translated
    def _open(self) -> None:
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        trouble = log_trouble(self._database, self._path.with_name(self._path.name + "-wal"))
        for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
            self._database.execute(f"PRAGMA {pragma}")
        self.schema = detect_schema(self._database)
        self._schema_notices = (*filter(None, (trouble,)), *_schema_warnings(self.schema))
        self._latest = dates.latest_capture(self._now, _newest_added(self._database, self.schema))

    def close(self) -> None:
        """Close the database, after interrupting readers in other threads."""
        while not self.in_use.acquire(timeout=_INTERRUPTED_EVERY):
            self._database.interrupt()
        try:
            self._database.close()
        finally:
            self.in_use.release()

    def tolerates_any_text(self, error: sqlite3.Error) -> bool:
        """Whether an error was about invalid text. If so, a second attempt returns bytes instead."""
        if "decode" not in str(error).lower() or self._database.text_factory is _text_or_bytes:
            return False
        self._database.text_factory = _text_or_bytes
        return True

    def why(self, error: Exception) -> str:
        """Return a sentence for an error of sqlite3."""
        text = printable(str(error))
        if "not a database" in text:
            return f"{self._path.name} is not a library database: it is not an SQLite file, or encrypted."
        if "unable to open" in text:
            return f"The library database {self._path.name} could not be opened ({text})."
        return (
            f"The library database is damaged ({text}). Read it again. If that does not help, restart the "
            "phone."
        )

    @_translated
    def folders(self) -> tuple[str, ...]:
        """Return the media folders that may contain files of the user's own assets, without duplicates.

        Raises:
            LibraryUnreadable: the database is damaged.
        """
        folders: dict[str, None] = {}
        hashes: dict[object, array[int]] = {}
        for directory, filename, edited in self._database.execute(_places_query(self.schema)):
            if directory not in hashes:
                hashes[directory] = array("q")
                if _may_hold_own_assets(directory):
                    folders[directory] = None
            if directory in folders and type(filename) is str:
                hashes[directory].append(hash(filename))
                if edited and is_file_name(filename):
                    folders[adjustments_directory(directory, filename)] = None
        self._main_name_index = {
            str(place): HashedNames(hashes=found) for place, found in hashes.items() if found
        }
        return tuple(folders)

    @_translated
    def library(
        self,
        listing: Listing | None,
        *,
        begin: Callable[[], Callable[[Asset], None]] = lambda: lambda asset: None,
        on_progress: Callable[[int], None] = lambda count: None,
    ) -> Library:
        """Read all assets, in database order.

        Args:
            listing: the file names in the folders from `folders`, which decide what is local; None: the
                database's flags decide.
            begin: called when reading starts, and again if it restarts because of invalid text. Returns the
                callback for each asset.
            on_progress: called with the number of assets, every thousand and at the end.

        Raises:
            LibraryUnreadable: the database is damaged.
        """
        self._notices = Notices(self._schema_notices)
        on_asset = begin()
        maker, packer, count = AssetMaker(self._notices, self._latest), Packer(), 0
        for count, asset in enumerate(self._assets(maker, listing, self._notices), start=1):
            packer.add(asset)
            on_asset(asset)
            if count % _PROGRESS_EVERY == 0:
                on_progress(count)
        on_progress(count)
        return Library(
            assets=packer.packed(),
            model_version=self.schema.model_version,
            notices=self._notices.sentences(),
            main_names=self._main_names() if listing is not None else {},
        )

    @_translated
    def catalogue(self) -> Catalogue:
        """Read what users added to their library. Its notices report what could not be read."""
        self._database.text_factory = _text_or_bytes
        return read_catalogue(self._database, self.schema)

    @_translated
    def oldest(
        self,
        listing: Listing,
        since: float | None,
        until: float | None,
        limit: int,
        key_of_name: Callable[[str], str],
    ) -> tuple[Asset, ...]:
        """Return dated assets that a backup can copy before `library` has read everything, oldest first.
        No other item captured within a month has the same name. They equal the assets in the library.

        Args:
            listing: the file names in the folders from `folders`.
            since: seconds since 1970; None: from the beginning.
            until: seconds since 1970; None: to the end.
            limit: maximum number to check.
            key_of_name: returns the same key for names that count as equal.

        Raises:
            LibraryUnreadable: the database is damaged.
        """
        keys = oldest_keys(self._database, self.schema, since, until, limit)
        discarded = Notices()  # `library` reports all problems
        found = self._assets(AssetMaker(discarded, self._latest), listing, discarded, keys)
        sound = (a for a in found if a.created is not None and a.uuid not in self._duplicate_uuids())
        dated = sorted(sound, key=lambda a: a.created or 0.0)
        return tuple(with_unique_names(self._database, self.schema, dated, key_of_name))

    @_translated
    def raw_counts(self) -> RawCounts:
        """Count rows by the raw values of their columns.

        Raises:
            LibraryUnreadable: the database is damaged.
        """
        return raw_counts(self._database, self.schema)

    @_translated
    def most_files(self) -> tuple[int, int]:
        """Return the maximum number of files that a backup could copy, and their known bytes.

        Raises:
            LibraryUnreadable: the database is damaged.
        """
        return most_files(self._database, self.schema)

    def _assets(
        self,
        maker: AssetMaker,
        listing: Listing | None,
        notices: Notices,
        only: Sequence[int] | None = None,
    ) -> Iterator[Asset]:
        duplicates, seen = self._duplicate_uuids(), set[str]()
        main_names = self._main_names() if listing is not None else {}
        without: Counter[str] = Counter()
        for row, about, files in rows_by_asset(self._database, self.schema, notices, only):
            asset = maker.make(row, about, files)
            if asset is None:
                continue
            if asset.uuid in duplicates:
                if asset.uuid in seen:
                    maker.warn_about(asset, "another item has the same identifier; this one is left out.")
                    continue
                seen.add(asset.uuid)
            if listing is None:
                found = without_inferred(asset)
            else:
                found = checked_against_files(asset, listing, main_names)
                if found.ownership.is_archived:
                    without.update(_not_listed(asset, listing))
            if asset.live_photo and len(found.resources) < len(asset.resources) and not _has_video(found):
                maker.warn_about(asset, "it is a Live Photo, but the library lists no video for it.")
            yield found
        for directory, count in without.items():
            notices.add(
                f"The folder {printable(directory)} could not be listed, so the library decides which of its "
                f"files are on the phone ({units.plural(count, 'item')})."
            )

    def _main_names(self) -> Mapping[str, Container[str]]:
        if self._main_name_index is None:
            self.folders()
        return self._main_name_index or {}

    def _duplicate_uuids(self) -> frozenset[object]:
        """Return identifiers that occur more than once (in a damaged database)."""
        if self._duplicates is None:
            query = f"SELECT ZUUID FROM {self.schema.asset_table} GROUP BY ZUUID HAVING count(*) > 1"
            self._duplicates = frozenset(uuid for (uuid,) in self._database.execute(query))
        return self._duplicates


def _not_listed(asset: Asset, listing: Listing) -> set[str]:
    """Return the folders of an asset that could not be listed."""
    return {r.directory for r in asset.resources if r.directory and listing.get(r.directory) is None}


def _has_video(asset: Asset) -> bool:
    return any(resource.role is Role.PAIRED_VIDEO for resource in asset.resources)


def _may_hold_own_assets(directory: object) -> bool:
    return type(directory) is str and is_media_directory(directory) and is_own_directory(directory)


def _places_query(schema: Schema) -> str:
    """Select the place of each asset, and whether it may have an edit."""
    edited = schema.column(schema.asset_table, *EDITED_COLUMNS, default="1")
    return f"SELECT ZDIRECTORY, ZFILENAME, ifnull({edited}, 1) <> 0 FROM {schema.asset_table}"


def _newest_added(database: sqlite3.Connection, schema: Schema) -> float | None:
    """Return the latest plausible ZADDEDDATE."""
    added = schema.column(schema.asset_table, "ZADDEDDATE")
    latest = dates.LATEST - dates.COCOA_EPOCH
    (newest,) = database.execute(
        f"SELECT max({added}) FROM {schema.asset_table} WHERE {added} < ? AND typeof({added}) <> 'blob'",
        (latest,),
    ).fetchone()
    return dates.unix_time(newest)


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _schema_warnings(schema: Schema) -> Iterator[str]:
    version = schema.model_version
    if version is not None and version > NEWEST_KNOWN_MODEL:
        yield (
            f"The library is from a newer iOS than this AmberTime supports (model version {version}). "
            "Only its known tables are read. Update AmberTime."
        )
    if not schema.has(ATTRIBUTES, "ZASSET"):
        yield "The library has no additional attributes: original names and time zones are unknown."
    if schema.missing_columns:
        yield (
            f"The library's database lacks {', '.join(schema.missing_columns)}, which every iOS known to "
            "this AmberTime has. Owner, name, time zone, edit or upload of items may be less reliable."
        )
