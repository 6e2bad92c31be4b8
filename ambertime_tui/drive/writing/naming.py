"""Which folder and names an asset gets on the target. Pure: the same question has the same answer.

The rules:
 * ``Photos/YYYY-MM`` by the month of capture in the asset's own zone; ``Photos/undated``.
 * Every file of an asset has the stem of its original file name; the current edit has ``_edited`` behind it
   (its adjustment data is ``STEM.AAE`` unless the camera's own adjustment data has that name).
 * A photo edited again after its backup gets ``_edited_2``, ``_edited_3``, ...; an original that has changed
   on the phone gets ``_2``. Files that are there stay as they are.
 * Names compare without case and composed (`name_key`). Of the assets of a library that would have one stem
   in one folder (`place_key`), the first by capture time and uuid has it; all files of each other one get
   ``_`` and the first 8 hex digits of its uuid behind the stem; 16, then 32, if need be. So it does not
   matter in which order they are copied. The same where the record, or a stranger's file, has the stem: two
   files of one stem are one asset.
 * What the drive cannot hold becomes ``_``: its forbidden characters, control characters, a dot in front, a
   dot or space at the end and the reserved device names of Windows where names have to suit Windows.
 * Too long a stem is cut at its end, for all files alike; the extension stays.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ambertime_tui.drive.layout import PHOTOS
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.name_keys import name_key, stem_key
from ambertime_tui.library.model import Asset, Resource, Role

UNDATED = "undated"
_LONGEST_EXTENSION = 16
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE | re.DOTALL
)
_AS_CAMERAS_WRITE = re.compile(r"\w{5,64}", re.ASCII)
"""Names that any file system holds: longer than all reserved ones, but for CONIN$ and its like."""
_HEX = re.compile(r"[0-9a-f]{32}")

Taken = Callable[[str], Container[str]]
"""From a folder (``Photos/2024-07``) to the `keys_of` all names in it that an asset must not take."""


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """One resource and the name it gets."""

    resource: Resource
    name: str
    true_name: str
    """What the name would be on a drive that holds every name, before any collision."""
    generation: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the files of an asset go."""

    folder: str
    stem: str
    files: tuple[PlacedFile, ...]


def keys_of(names: Iterable[str]) -> set[str]:
    """The keys of some names, and of their stems."""
    keys: set[str] = set()
    for name in names:
        keys.update((name_key(name), stem_key(split(name)[0])))
    return keys


def place_key(asset: Asset, traits: FileSystemTraits) -> str:
    """What the assets have in common that would have one stem in one folder."""
    return f"{folder_of(asset)}/{name_key(sanitized(_true_stem(asset), traits))}"


def stem_key_of(name: str, traits: FileSystemTraits) -> str:
    """What original file names have in common that would give one stem."""
    return name_key(sanitized(split(name)[0], traits))


def folder_of(asset: Asset) -> str:
    """Folder of an asset, relative to the target."""
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
    """The folder and names for some resources of an asset (all of them, if not told which).

    Args:
        asset: whose files they are.
        traits: of the drive.
        taken: what others have.
        resources: which files.
        recorded: the asset is on the drive already: folder and stem stay, and a resource whose role has a
            file there gets the name of the next generation.
        namesake: the plain stem is another asset's, by the library.
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


def part_name(name: str, traits: FileSystemTraits, attempt: int = 1) -> str:
    """The hidden name a file is written under: ``.NAME.part``; ``.NAME.2.part`` if a stranger has that
    one."""
    ending = ".part" if attempt == 1 else f".{attempt}.part"
    return "." + cut(name, traits, traits.max_name - traits.name_length("." + ending)) + ending


def is_part_name(name: str) -> bool:
    """Whether a name has the shape of `part_name`; no other file of ours begins with a dot."""
    return len(name) > len("..part") and name.startswith(".") and name.endswith(".part")


def aside_name(name: str, traits: FileSystemTraits, attempt: int = 1) -> str:
    """The name a damaged file is moved to, beside the good one: ``STEM_damaged.EXT``,
    ``STEM_damaged_2.EXT``."""
    stem, extension = split(name)
    ending = ("_damaged" if attempt == 1 else f"_damaged_{attempt}") + extension
    return cut(stem, traits, traits.max_name - traits.name_length(ending)) + ending


def split(name: str) -> tuple[str, str]:
    """Stem and extension (with its dot); no extension where what follows the last dot does not look like
    one."""
    stem, dot, extension = name.rpartition(".")
    if dot and stem and 0 < len(extension) <= _LONGEST_EXTENSION and extension.isalnum():
        return stem, dot + extension
    return name, ""


def cut(text: str, traits: FileSystemTraits, room: int) -> str:
    """The longest beginning of `text` that takes at most `room` units of the file system."""
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
    """The name with everything replaced that the file system, or any shell reading SHA256SUMS, cannot
    hold."""
    if _AS_CAMERAS_WRITE.fullmatch(name):
        return name
    kept = "".join(
        "_" if c in traits.forbidden_characters or c == "/" or unicodedata.category(c) in ("Cc", "Cs") else c
        for c in name
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
    edits, originals = 1, 1
    newest = {file.role: file.generation for file in sorted(recorded.files, key=lambda f: f.generation)}
    asked = {resource.role for resource in wanted}
    for role, generation in newest.items():
        if role in asked and role.is_original:
            originals = max(originals, generation + 1)
        elif asked & {r for r in newest if not r.is_original} and not role.is_original:
            edits = max(edits, generation + 1)
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
    """The stem cut so that every name made of it fits, and those names."""
    whole = sanitized(stem, traits)
    final = whole + suffix
    everything = (*asset.resources, *wanted)
    names = dict(_names(final, asset, everything, generations))
    if not all(traits.name_length(names[resource]) <= traits.max_name for resource in asset.resources):
        longest = max(
            (traits.name_length(name) - 1 for _, name in _names("x", asset, asset.resources, generations)),
            default=0,
        )
        # Three units to spare: a reserved name gets one in front, and a later edit's number must not need a
        # new cut.
        room = traits.max_name - max(longest, 0) - traits.name_length(suffix) - 4
        final = cut(whole, traits, room) + suffix
        names = dict(_names(final, asset, everything, generations))
    return final, [(resource, sanitized(names[resource], traits)) for resource in wanted]


def _names(
    stem: str, asset: Asset, wanted: Sequence[Resource], generations: dict[Role, int]
) -> list[tuple[Resource, str]]:
    """Names by role; two resources of one asset never get the same, whatever their extensions."""
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
    """The resource's own extension, in the letters' case of the original file name."""
    own = ".aae" if resource.role is Role.EDIT_ADJUSTMENTS else split(resource.name)[1]
    original = split(asset.original_filename)[1]
    if not own:
        return original if resource.role in (Role.PHOTO, Role.VIDEO) else ""
    if own.lower() == original.lower():
        return original
    if original:
        return own.upper() if original.isupper() else own.lower()
    return own
