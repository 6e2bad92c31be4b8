"""What the writers and the commit step of one job share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.existing_files import ExistingFiles
from ambertime_tui.drive.writing.folders import FolderMaker
from ambertime_tui.drive.writing.names import NameRegistry
from ambertime_tui.drive.writing.part_journal import PartJournal
from ambertime_tui.drive.writing.read_back import Reader


@dataclass(frozen=True, slots=True)
class WriteContext:
    """The parts of an open target that writing needs. Its parts are safe to use from any thread."""

    root: Path
    traits: FileSystemTraits
    calls: SystemCalls
    clock: Callable[[], float]
    """Seconds since 1970."""
    parts: PartJournal
    names: NameRegistry
    folders: FolderMaker
    existing: ExistingFiles
    reader: Reader
    may_have_lost_parts: bool = False
    """True if an interrupted job may have left parts whose journal was lost (see `lost_parts`)."""
    commit_lock: threading.Lock = field(default_factory=threading.Lock)
