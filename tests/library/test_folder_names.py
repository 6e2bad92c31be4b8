"""A compact set of file names contains exactly the names added to it."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.folder_names import NO_NAMES, FolderNames, HashedNames
from ambertime_tui.library.media_paths import folded, stem

names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12)


@given(st.frozensets(names), names)
def test_it_holds_what_was_put_in_and_spells_it_the_same(there: frozenset[str], other: str) -> None:
    folder = FolderNames(there)
    assert list(folder) == sorted(there)
    assert len(folder) == len(there)
    assert all(name in folder for name in there)
    assert (other in folder) == (other in there)
    assert (other in HashedNames(there)) == (other in there)


@given(st.frozensets(names), names)
def test_names_alike_have_the_same_stem_without_case(there: frozenset[str], name: str) -> None:
    alike = FolderNames(there).of_stem(name)
    assert list(alike) == sorted(n for n in there if folded(stem(n)) == folded(stem(name)))


def test_either_unicode_form_and_any_case_are_alike() -> None:
    decomposed = unicodedata.normalize("NFD", "Frühstück.JPG")
    assert FolderNames([decomposed]).of_stem("FRÜHSTÜCK.heic") == (decomposed,)


def test_bytes_that_are_no_utf_8_survive() -> None:
    odd = b"IMG\xff.HEIC".decode("utf-8", "surrogateescape")
    assert list(FolderNames([odd])) == [odd]


def test_a_folder_without_names_has_none() -> None:
    assert list(NO_NAMES) == []
    assert "" not in NO_NAMES
    assert NO_NAMES.of_stem("A.HEIC") == ()
