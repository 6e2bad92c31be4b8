"""Folder and file names of an asset on the target. Pure.

The rules:
 * The folder is ``Photos/YYYY-MM``, the month of capture in the asset's own time zone, or ``Photos/undated``.
 * All files of an asset have the stem of its original file name. The current edit adds ``_edited``. Its
   adjustment data is ``STEM.AAE``, unless the camera's own adjustment data has that name.
 * Later edits of a photo get ``_edited_2``, ``_edited_3``, ...; an original that changed on the phone gets
   ``_2``. Existing files are not changed.
 * Names are compared by `name_key`. If several assets of a library would have the same stem in one folder
   (`place_key`), the first by capture time and uuid gets it. The others add ``_`` and the first 8 hex digits
   of their uuid (16 or 32 if needed). So the names do not depend on the order of copying. The same happens if
   the record or a foreign file has the stem, because files with one stem are one asset.
 * Characters that the drive cannot store become ``_``: forbidden and control characters, those that reverse
   the direction of text or end a line, a leading dot and,
   if names must be valid on Windows, a trailing dot or space. Reserved Windows names get ``_`` in front.
 * A stem that is too long is cut at its end, equally for all files; the extension stays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ambertime_tui.drive.layout import PHOTOS
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.name_keys import name_key, stem_key
from ambertime_tui.library.model import Asset, Resource, Role
from ambertime_tui.safe_text import UNSAFE

UNDATED = "undated"
_LONGEST_EXTENSION = 16
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE | re.DOTALL
)
_SAFE_NAME = re.compile(r"\w{5,64}", re.ASCII)
"""Names valid on any file system. Five characters rule out CON, COM1 and the like; ``$`` is not in it."""
_HEX = re.compile(r"[0-9a-f]{32}")

Taken = Callable[[str], Container[str]]
"""Returns, for a folder (``Photos/2024-07``), the `keys_of` the names that an asset must not take."""


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A resource and its name."""

    resource: Resource
    name: str
    true_name: str
    """The name it would have on a drive without restrictions and without collisions."""
    generation: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Folder and names of the files of an asset."""

    folder: str
    stem: str
    files: tuple[PlacedFile, ...]


def keys_of(names: Iterable[str]) -> set[str]:
    """Keys of some names and of their stems."""
    keys: set[str] = set()
    for name in names:
        keys.update((name_key(name), stem_key(split(name)[0])))
    return keys


def place_key(asset: Asset, traits: FileSystemTraits) -> str:
    """A key shared by all assets that would have the same stem in the same folder."""
    return f"{folder_of(asset)}/{name_key(sanitized(_true_stem(asset), traits))}"


def stem_key_of(name: str, traits: FileSystemTraits) -> str:
    """A key shared by all original file names that give the same stem."""
    return name_key(sanitized(split(name)[0], traits))


def folder_of(asset: Asset) -> str:
    """The folder of an asset, relative to the target."""
    day = asset.day
    return f"{PHOTOS}/{UNDATED}" if day is None else f"{PHOTOS}/{day.year:04}-{day.month:02}"


def place(
    asset: Asset,
    traits: FileSystemTraits,
    taken: Taken,
    *,
    resources: Sequence[Resource] | None = None,
    recorded: RecordedAsset | None = None,
    namesake: bool = False,
) -> Placement:
    """Choose folder and names for the files of an asset.

    Args:
        asset: the asset.
        traits: of the drive.
        taken: names that are not available.
        resources: the files; all of the asset by default.
        recorded: what is recorded of the asset. Folder and stem stay the same, and a resource whose role is
            recorded gets the name of the next generation.
        namesake: True if another asset of the library has the plain stem.
    """
    wanted = tuple(asset.resources if resources is None else resources)
    if recorded is not None:
        return _place_beside_recorded(asset, traits, taken(recorded.folder), wanted, recorded)
    folder = folder_of(asset)
    there = taken(folder)
    true_names = [name for _, name in _names(_true_stem(asset), asset, wanted, {})]
    for suffix in _suffixes(asset.uuid):
        stem, names = _fit(_true_stem(asset), suffix, asset, traits, wanted, {})
        plain = namesake and not suffix
        if (
            not plain
            and stem_key(stem) not in there
            and not any(name_key(name) in there for _, name in names)
        ):
            break
    return Placement(
        folder,
        stem,
        tuple(
            PlacedFile(resource, name, true_name, 1)
            for (resource, name), true_name in zip(names, true_names, strict=True)
        ),
    )


def names_to_come(
    asset: Asset, traits: FileSystemTraits, recorded: RecordedAsset
) -> tuple[tuple[Resource, str], ...]:
    """The names of an asset's files that are not recorded yet, if nothing else takes them first."""
    there = {file.role for file in recorded.files}
    later = [r for r in asset.resources if r.role not in there and not r.inferred]
    placed = place(asset, traits, lambda folder: (), resources=later, recorded=recorded)
    return tuple((file.resource, file.name) for file in placed.files)


def part_name(name: str, traits: FileSystemTraits, attempt: int = 1) -> str:
    """The hidden name of an unfinished file: ``.NAME.part``, then ``.NAME.2.part`` and so on."""
    ending = ".part" if attempt == 1 else f".{attempt}.part"
    return "." + cut(name, traits, traits.max_name - traits.name_length("." + ending)) + ending


def is_part_name(name: str) -> bool:
    """Whether a name looks like a `part_name`. No other file of ours starts with a dot."""
    return len(name) > len("..part") and name.startswith(".") and name.endswith(".part")


def aside_name(name: str, traits: FileSystemTraits, attempt: int = 1) -> str:
    """The new name of a damaged file: ``STEM_damaged.EXT``, then ``STEM_damaged_2.EXT`` and so on."""
    stem, extension = split(name)
    ending = ("_damaged" if attempt == 1 else f"_damaged_{attempt}") + extension
    return cut(stem, traits, traits.max_name - traits.name_length(ending)) + ending


def split(name: str) -> tuple[str, str]:
    """Split a name into stem and extension (with its dot). The extension may be empty."""
    stem, dot, extension = name.rpartition(".")
    if dot and stem and 0 < len(extension) <= _LONGEST_EXTENSION and extension.isalnum():
        return stem, dot + extension
    return name, ""


def cut(text: str, traits: FileSystemTraits, room: int) -> str:
    """The longest prefix of `text` that takes at most `room` units of the file system."""
    if traits.name_length(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if traits.name_length(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def sanitized(name: str, traits: FileSystemTraits) -> str:
    """Replace everything in a name that the file system cannot store, and all unsafe characters."""
    if _SAFE_NAME.fullmatch(name):
        return name
    kept = "".join(
        "_" if c in traits.forbidden_characters or c == "/" or UNSAFE.match(c) else c for c in name
    )
    if kept.startswith("."):
        kept = "_" + kept[1:]
    if traits.windows_names:
        bare = kept.rstrip(". ")
        kept = bare + "_" * (len(kept) - len(bare))
        if _RESERVED.fullmatch(kept):
            kept = "_" + kept
    return kept or "_"


def _true_stem(asset: Asset) -> str:
    stem, _ = split(asset.original_filename)
    return stem or split(asset.filename)[0] or "_"


def _suffixes(uuid: str) -> Iterator[str]:
    plain = uuid.replace("-", "").lower()
    digits = (
        plain if _HEX.fullmatch(plain) else hashlib.sha256(uuid.encode("utf-8", "surrogatepass")).hexdigest()
    )
    yield ""
    for length in (8, 16, 32):
        yield f"_{digits[:length]}"
    number = 2
    while True:
        yield f"_{digits[:32]}_{number}"
        number += 1


def _place_beside_recorded(
    asset: Asset,
    traits: FileSystemTraits,
    there: Container[str],
    wanted: Sequence[Resource],
    recorded: RecordedAsset,
) -> Placement:
    originals = 1
    newest = {file.role: file.generation for file in sorted(recorded.files, key=lambda f: f.generation)}
    asked = {resource.role for resource in wanted}
    # The files of one edit have one number, also if some of them come later.
    edits = max((generation for role, generation in newest.items() if not role.is_original), default=1)
    for role, generation in newest.items():
        if role in asked and role.is_original:
            originals = max(originals, generation + 1)
        elif role in asked and generation == edits:
            edits += 1
    while True:
        generations = {role: originals if role.is_original else edits for role in Role}
        _, names = _fit(recorded.stem, "", asset, traits, wanted, generations)
        blocked = {resource.role.is_original for resource, name in names if name_key(name) in there}
        if not blocked:
            break
        originals += True in blocked
        edits += False in blocked
    true_names = [name for _, name in _names(_true_stem(asset), asset, wanted, generations)]
    return Placement(
        recorded.folder,
        recorded.stem,
        tuple(
            PlacedFile(resource, name, true_name, generations[resource.role])
            for (resource, name), true_name in zip(names, true_names, strict=True)
        ),
    )


def _fit(
    stem: str,
    suffix: str,
    asset: Asset,
    traits: FileSystemTraits,
    wanted: Sequence[Resource],
    generations: dict[Role, int],
) -> tuple[str, list[tuple[Resource, str]]]:
    """Cut the stem so that all names made from it fit. Returns the stem and the names."""
    whole = sanitized(stem, traits)
    final = whole + suffix
    everything = (*asset.resources, *wanted)
    names = dict(_names(final, asset, everything, generations))
    if not all(traits.name_length(names[resource]) <= traits.max_name for resource in asset.resources):
        longest = max(
            (traits.name_length(name) - 1 for _, name in _names("x", asset, asset.resources, generations)),
            default=0,
        )
        # Spare units for a leading `_` and for the number of a later edit.
        room = traits.max_name - max(longest, 0) - traits.name_length(suffix) - 4
        final = cut(whole, traits, room) + suffix
        names = dict(_names(final, asset, everything, generations))
    return final, [(resource, sanitized(names[resource], traits)) for resource in wanted]


def _names(
    stem: str, asset: Asset, wanted: Sequence[Resource], generations: dict[Role, int]
) -> list[tuple[Resource, str]]:
    """Names by role. Two resources of one asset never get the same name."""
    given: dict[str, Resource] = {}
    chosen: dict[Resource, str] = {}
    everything = list(dict.fromkeys((*asset.resources, *wanted)))
    for resource in everything:
        extension = _extension(resource, asset)
        generation = generations.get(resource.role, 1)
        number = "" if generation == 1 else f"_{generation}"
        candidates = [f"{stem}{ending}{number}{extension}" for ending in _endings(resource.role, generation)]
        candidates += [f"{stem}_{resource.role.value}{number}{extension}"]
        candidates += [
            f"{stem}_{resource.role.value}{number}_{n}{extension}" for n in range(2, 2 + len(everything))
        ]
        name = next(c for c in candidates if name_key(c) not in given)
        given[name_key(name)] = resource
        chosen[resource] = name
    return [(resource, chosen[resource]) for resource in wanted]


def _endings(role: Role, generation: int) -> tuple[str, ...]:
    if role is Role.EDIT_ADJUSTMENTS and generation == 1:
        return ("", "_edited")
    return ("",) if role.is_original else ("_edited",)


def _extension(resource: Resource, asset: Asset) -> str:
    """The extension of the resource, in the case of the original file name."""
    own = ".aae" if resource.role is Role.EDIT_ADJUSTMENTS else split(resource.name)[1]
    original = split(asset.original_filename)[1]
    if not own:
        return original if resource.role in (Role.PHOTO, Role.VIDEO) else ""
    if own.lower() == original.lower():
        return original
    if original:
        return own.upper() if original.isupper() else own.lower()
    return own
