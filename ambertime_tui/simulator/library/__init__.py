"""Generate Photo Libraries: an iPhone's media folder, made from a seed, with a description of its contents.

    made = make_library(folder, LibraryRecipe(assets=500, seed=7, ios=18, icloud_share=0.4))
    made.media      the media folder, AFC's root: DCIM/, PhotoData/Photos.sqlite, ...
    made.assets     its assets and where each original is; also in folder/truth.json
    made.content(asset, resource).sha256()

`LiveLibrary` purges and restores originals while the library is being read. `LiveWriter` keeps writing to its
database.
"""

from ambertime_tui.simulator.library.live import LiveLibrary
from ambertime_tui.simulator.library.live_writer import LiveWriter, invariant_broken
from ambertime_tui.simulator.library.made_assets import MadeAlbum, MadeAsset, MadeResource
from ambertime_tui.simulator.library.made_library import MadeLibrary
from ambertime_tui.simulator.library.maker import make_library
from ambertime_tui.simulator.library.recipe import LibraryRecipe, Mix, Planted, Sizes

__all__ = [
    "LibraryRecipe",
    "LiveLibrary",
    "LiveWriter",
    "MadeAlbum",
    "MadeAsset",
    "MadeLibrary",
    "MadeResource",
    "Mix",
    "Planted",
    "Sizes",
    "invariant_broken",
    "make_library",
]
