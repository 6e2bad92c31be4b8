"""Switches for what real iPhones may do differently from what AmberTime believes.

Each row of docs/what-is-unconfirmed.md about iPhones has a switch here for the other possibility. A switch
changes the phone's faults, its iCloud, its library, or several of them.

    behaviour = behaviour_named("no-database,one-handle")
    made = make_library(folder, behaviour.applied_to(LibraryRecipe(assets=30)))
    phone.faults = behaviour.faults(made)
    RunningICloud(phone, made, behaviour.icloud())
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.faults import ALWAYS, Faults, PathFault, PathOperation
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, Planted

_GIB = 1 << 30
_DATABASE = "/PhotoData/Photos.sqlite"


class Switch(StrEnum):
    """The name of a behaviour, as on the command line."""

    NO_DATABASE = "no-database"
    STATS_NEVER_CHANGE = "stats-never-change"
    FORBIDDEN_FOLDERS = "forbidden-folders"
    HIDDEN_UNREADABLE = "hidden-unreadable"
    ABSENT_IS_READ_ERROR = "absent-is-read-error"
    SLOW_LISTING = "slow-listing"
    FLAGS_LIE = "flags-lie"
    FLAGS_LAG = "flags-lag"
    RAW_ELSEWHERE = "raw-elsewhere"
    AAE_ELSEWHERE = "aae-elsewhere"
    OVER_CAPTURE = "over-capture"
    EXTRA_STEMS = "extra-stems"
    DEFERRED_ORIGINALS = "deferred-originals"
    DATES_MOVE = "dates-move"
    GROWS_IN_PLACE = "grows-in-place"
    SMALLER_FIRST = "smaller-first"
    SMALLER_BY_HAND = "smaller-by-hand"
    ICLOUD_LATE = "icloud-late"
    FAILURE_CLEARS_REMOTE = "failure-clears-remote"
    REMOVED_AT_ONCE = "removed-at-once"
    KEEP_ORIGINALS_STOPS = "keep-originals-stops"
    SHORTCUT_SOME_KINDS = "shortcut-some-kinds"
    NO_CODES = "no-codes"
    AFC_FREEZES = "afc-freezes"
    ONE_HANDLE = "one-handle"
    EIGHT_HANDLES = "eight-handles"
    OUT_OF_ORDER = "out-of-order"
    IDLE_END = "idle-end"
    LOCKED_DENIES_OPENING = "locked-denies-opening"
    LOCKED_DENIES_READING = "locked-denies-reading"
    ASSERTIONS_REFUSED = "assertions-refused"
    HANDSHAKE_SPOILS = "handshake-spoils"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one switch changes."""

    says: str
    """What the phone does, in a few words."""
    faults: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Faults`."""
    icloud: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `ICloudSettings`."""
    library: Callable[[LibraryRecipe], LibraryRecipe] = lambda recipe: recipe
    paths: Callable[[MadeLibrary], Iterable[PathFault]] = lambda library: ()
    """Faults of single files, which depend on the library."""


def _denied(path: str, *operations: PathOperation) -> Iterator[PathFault]:
    for operation in operations:
        yield PathFault(path, operation, AfcStatus.PERM_DENIED)


def _no_database(_: MadeLibrary) -> Iterator[PathFault]:
    for suffix in ("", "-wal", "-shm"):
        yield from _denied(_DATABASE + suffix, "open", "stat")


def _forbidden_folders(library: MadeLibrary) -> Iterator[PathFault]:
    """Deny one folder without originals, and the first of each kind of folder with originals."""
    yield from _denied("/PhotoData/private", "list")
    for parent in ("DCIM", "PhotoData/CPLAssets"):
        folders = sorted(path.name for path in (library.media / parent).glob("*") if path.is_dir())
        for name in folders[:1]:
            yield from _denied(f"/{parent}/{name}", "list")


def _hidden_unreadable(library: MadeLibrary) -> Iterator[PathFault]:
    for asset in library.own():
        if asset.hidden:
            for resource in asset.originals:
                yield from _denied(f"/{resource.path}", "open")


def _with_deferred(recipe: LibraryRecipe) -> LibraryRecipe:
    planted: Planted = replace(recipe.planted, deferred=max(3, recipe.planted.deferred))
    return replace(recipe, planted=planted)


def _with_over_capture(recipe: LibraryRecipe) -> LibraryRecipe:
    return replace(recipe, mix=replace(recipe.mix, over_capture=max(0.15, recipe.mix.over_capture)))


EFFECTS: Mapping[Switch, Effect] = {
    Switch.NO_DATABASE: Effect("AFC gives no access to Photos.sqlite", paths=_no_database),
    Switch.STATS_NEVER_CHANGE: Effect(
        "AFC reports the size and time that a file had when it was first asked for",
        faults={"stats_never_change": True},
    ),
    Switch.FORBIDDEN_FOLDERS: Effect(
        "AFC refuses to list some folders (status 10), but not to open their files", paths=_forbidden_folders
    ),
    Switch.HIDDEN_UNREADABLE: Effect("AFC refuses to open hidden items", paths=_hidden_unreadable),
    Switch.ABSENT_IS_READ_ERROR: Effect(
        "AFC reports a read error for a file that does not exist", faults={"absent_is_read_error": True}
    ),
    Switch.SLOW_LISTING: Effect(
        "listing a folder takes 20 ms for each name", faults={"list_seconds_per_name": 0.02}
    ),
    Switch.FLAGS_LIE: Effect(
        "the database says the opposite of where each original is",
        library=lambda recipe: replace(recipe, flags_lie=True),
    ),
    Switch.FLAGS_LAG: Effect(
        "a file appears or disappears a minute before the database says so", icloud={"flags_lag": 60.0}
    ),
    Switch.RAW_ELSEWHERE: Effect(
        "the RAW file of a pair has another stem than its photo",
        library=lambda recipe: replace(recipe, raw_elsewhere=True),
    ),
    Switch.AAE_ELSEWHERE: Effect(
        "capture-time adjustments have another stem than their photo",
        library=lambda recipe: replace(recipe, aae_elsewhere=True),
    ),
    Switch.OVER_CAPTURE: Effect(
        "some photos have a second original whose stem ends in S", library=_with_over_capture
    ),
    Switch.EXTRA_STEMS: Effect(
        "beside originals in DCIM are pictures whose stems end in S, D or X",
        library=lambda recipe: replace(recipe, extra_stems=True),
    ),
    Switch.DEFERRED_ORIGINALS: Effect("the newest photos have no original yet", library=_with_deferred),
    Switch.DATES_MOVE: Effect(
        "the capture date of an item changes with each download", icloud={"moves_dates": True}
    ),
    Switch.GROWS_IN_PLACE: Effect(
        "an original grows at its path while it is downloaded", icloud={"grows_in_place": True}
    ),
    Switch.SMALLER_FIRST: Effect(
        "a smaller version is at the path until the original is downloaded", icloud={"smaller_first": True}
    ),
    Switch.SMALLER_BY_HAND: Effect(
        "opening an item in Photos brings only a smaller version to its path",
        icloud={"smaller_by_hand": True},
    ),
    Switch.ICLOUD_LATE: Effect(
        "a download begins a day after it was requested", icloud={"latency": 86_400.0}
    ),
    Switch.FAILURE_CLEARS_REMOTE: Effect(
        "a failed download marks the original as not in iCloud", icloud={"failure_clears_remote": True}
    ),
    Switch.REMOVED_AT_ONCE: Effect(
        "iOS removes an original half a second after it was downloaded, in every mode",
        icloud={"removed_after": 0.5},
    ),
    Switch.KEEP_ORIGINALS_STOPS: Effect(
        "Download and Keep Originals stops while less than 1 GiB of the space for downloads is free",
        icloud={"stops_below": _GIB},
    ),
    Switch.SHORTCUT_SOME_KINDS: Effect(
        "the Shortcut brings only videos and the videos of Live Photos",
        icloud={"shortcut_brings_videos_only": True},
    ),
    Switch.NO_CODES: Effect("the camera does not open the address in a code", icloud={"opens_codes": False}),
    Switch.AFC_FREEZES: Effect(
        "AFC freezes when a file is read while two others are open", faults={"afc_freezes_at": 3}
    ),
    Switch.ONE_HANDLE: Effect("AFC opens one file at a time", faults={"handle_limit": 1}),
    Switch.EIGHT_HANDLES: Effect("AFC opens eight files at a time", faults={"handle_limit": 8}),
    Switch.OUT_OF_ORDER: Effect("AFC answers the newest request first", faults={"afc_out_of_order": True}),
    Switch.IDLE_END: Effect(
        "AFC closes a connection after 147 s without traffic", faults={"afc_idle_limit": 147.0}
    ),
    Switch.LOCKED_DENIES_OPENING: Effect(
        "a locked phone opens no files", faults={"locked_files_denied": True}
    ),
    Switch.LOCKED_DENIES_READING: Effect(
        "a locked phone opens no files and reads no open ones",
        faults={"locked_files_denied": True, "locked_reads_denied": True},
    ),
    Switch.ASSERTIONS_REFUSED: Effect(
        "the phone refuses power assertions, and sleeps after 30 s without one",
        faults={"refused_assertions": ALWAYS, "asleep_after": 30.0},
    ),
    Switch.HANDSHAKE_SPOILS: Effect(
        "after a TLS handshake that was broken off, the next connection fails",
        faults={"spoiled_by_handshake": True},
    ),
}
"""Every switch and its effect."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A set of switches. Later ones win where two change the same value."""

    switches: tuple[Switch, ...] = ()

    def applied_to(self, recipe: LibraryRecipe) -> LibraryRecipe:
        """Return the recipe of a library as such a phone has it."""
        for effect in self._effects():
            recipe = effect.library(recipe)
        return recipe

    def faults(self, library: MadeLibrary | None = None) -> Faults:
        """Return the faults of such a phone.

        Args:
            library: the phone's library, which decides which files are concerned; None: no files are.
        """
        values: dict[str, Any] = {}
        paths: list[PathFault] = []
        for effect in self._effects():
            values |= effect.faults
            if library is not None:
                paths += effect.paths(library)
        return Faults(**values, paths=tuple(paths))

    def icloud(self, settings: ICloudSettings | None = None) -> ICloudSettings:
        """Return the settings of such a phone's iCloud, based on others."""
        values: dict[str, Any] = {}
        for effect in self._effects():
            values |= effect.icloud
        return replace(settings or ICloudSettings(), **values)

    def _effects(self) -> Iterator[Effect]:
        return (EFFECTS[switch] for switch in self.switches)


def behaviour_named(names: str) -> Behaviour:
    """Return the behaviour for names separated by commas.

    Raises:
        ValueError: there is no such behaviour. The message is a sentence for the user.
    """
    known = {switch.value: switch for switch in Switch}
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    unknown = next((name for name in chosen if name not in known), None)
    if unknown is not None:
        raise ValueError(f"There is no behaviour named {unknown!r}. Available: {', '.join(known)}.")
    return Behaviour(tuple(known[name] for name in chosen))
