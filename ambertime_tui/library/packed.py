"""A compact sequence of assets, a million in about 100 MB: compressed packs that are decompressed on
access.

An asset with its files takes about a kilobyte as Python objects and about a hundred bytes packed, half of
them fingerprints.
"""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, overload

from ambertime_tui.library.frozen_factory import frozen_factory
from ambertime_tui.library.model import Asset, Resource

PER_PACK = 128
"""Assets per pack. Larger packs compress better; smaller ones give faster access to one asset."""
KEPT_OPEN = 32
"""Number of decompressed packs to cache, for access out of order."""
_FASTEST = 1


class PackedAssets(Sequence[Asset]):
    """An immutable, thread-safe sequence of assets. Create it with a `Packer`."""

    def __init__(self, packs: Sequence[bytes], count: int) -> None:
        self._packs = packs
        self._count = count
        self._opened = lru_cache(maxsize=KEPT_OPEN)(self._open)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Asset: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Asset]: ...
    def __getitem__(self, index: int | slice) -> Asset | Sequence[Asset]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(self._count)))
        number = index + self._count if index < 0 else index
        if not 0 <= number < self._count:
            raise IndexError(f"there is no asset {index} among {self._count}")
        return self._opened(number // PER_PACK)[number % PER_PACK]

    def __iter__(self) -> Iterator[Asset]:
        for number in range(len(self._packs)):
            yield from self._open(number)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # typeshed's Sequence has one

    def _open(self, number: int) -> tuple[Asset, ...]:
        opened: tuple[Asset, ...] = pickle.loads(zlib.decompress(self._packs[number]))
        return opened


class Packer:
    """Packs assets one by one."""

    def __init__(self) -> None:
        self._packs: list[bytes] = []
        self._loose: list[Asset] = []

    def add(self, asset: Asset) -> None:
        """Add an asset."""
        self._loose.append(asset)
        if len(self._loose) == PER_PACK:
            self._close_pack()

    def packed(self) -> PackedAssets:
        """Return all added assets. Add nothing afterwards."""
        count = len(self._packs) * PER_PACK + len(self._loose)
        if self._loose:
            self._close_pack()
        return PackedAssets(self._packs, count)

    def _close_pack(self) -> None:
        data = io.BytesIO()
        pickler = pickle.Pickler(data, pickle.HIGHEST_PROTOCOL)
        pickler.dispatch_table = _DISPATCH
        pickler.dump(tuple(self._loose))
        self._packs.append(zlib.compress(data.getbuffer(), _FASTEST))
        self._loose.clear()


def _fast_pickling(name: str, kind: type[Any]) -> tuple[Callable[..., Any], Callable[[Any], tuple[Any, ...]]]:
    """Return a constructor that unpickling finds in this module as `name`, and the matching reducer. Three
    times as fast as pickling dataclasses directly."""
    make = frozen_factory(kind)
    make.__module__, make.__qualname__ = __name__, name
    values = attrgetter(*(field.name for field in fields(kind)))
    return make, lambda value: (make, values(value))


_asset, _pickled_asset = _fast_pickling("_asset", Asset)
_resource, _pickled_resource = _fast_pickling("_resource", Resource)
_DISPATCH = {Asset: _pickled_asset, Resource: _pickled_resource}
