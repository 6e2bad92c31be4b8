"""Unpacked assets equal the packed ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from ambertime_tui.library.model import Asset
from ambertime_tui.library.packed import PER_PACK, PackedAssets, Packer
from ambertime_tui.library.photos_db import read_library
from ambertime_tui.simulator.library import LibraryRecipe, make_library


def packed(assets: Iterable[Asset]) -> PackedAssets:
    """Pack some assets."""
    packer = Packer()
    for asset in assets:
        packer.add(asset)
    return packer.packed()


@pytest.mark.parametrize("count", [0, 1, PER_PACK - 1, PER_PACK, PER_PACK + 1, 3 * PER_PACK])
def test_a_sequence_of_any_length_is_whole_and_in_order(count: int, tmp_path: Path) -> None:
    made = make_library(tmp_path / "made", LibraryRecipe(assets=3 * PER_PACK, media=False))
    assets = tuple(read_library(made.database).assets)[:count]
    small = packed(assets)
    assert len(small) == count
    assert tuple(small) == assets
    assert tuple(small[number] for number in range(count)) == assets
    assert small[1:5] == assets[1:5]
    assert small == assets
    with pytest.raises(IndexError):
        small[count]
    if count:
        assert small[-1] == assets[-1]
        assert small != assets[1:]


def test_an_asset_takes_a_tenth_of_what_it_takes_unpacked(tmp_path: Path) -> None:
    made = make_library(tmp_path / "made", LibraryRecipe(assets=2000, media=False))
    library = read_library(made.database)
    assert sum(map(len, packed(library.assets)._packs)) / len(library.assets) < 120
