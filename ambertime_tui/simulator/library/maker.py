"""Generate a Photo Library in a folder."""

from __future__ import annotations

from pathlib import Path

from ambertime_tui.simulator.library.build_assets import build_albums, build_assets
from ambertime_tui.simulator.library.database import write_database
from ambertime_tui.simulator.library.made_library import MadeLibrary
from ambertime_tui.simulator.library.media_tree import write_media_tree
from ambertime_tui.simulator.library.recipe import LibraryRecipe


def make_library(into: Path, recipe: LibraryRecipe | None = None) -> MadeLibrary:
    """Generate the library that a recipe describes.

    The same recipe makes the same files and rows. Only the salts of the database's log differ.

    Args:
        into: The folder for ``Media/`` (the media folder) and ``truth.json``, created if needed. Its file
            system must support hard links, which the thumbnails use.
        recipe: The library to generate; None: a thousand assets of iOS 18.

    Raises:
        ValueError: The recipe is impossible: an unknown iOS version, or more planted states than assets.
    """
    recipe = recipe or LibraryRecipe()
    assets = build_assets(recipe)
    library = MadeLibrary(into, recipe, assets, build_albums(recipe, assets))
    (library.media / "PhotoData").mkdir(parents=True, exist_ok=True)
    write_media_tree(library)
    write_database(library)
    library.save()
    return library
