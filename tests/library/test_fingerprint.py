"""Apple's fingerprint: the formula gives what real libraries store, and only real values are compared."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.fingerprint import Fingerprint, fingerprint_of, stored_fingerprint

SAMPLES = Path(__file__).parents[3] / "shared" / "photos-libraries" / "fingerprints"
REAL = {
    "076244D2-88EE-4E3C-AC89-143641C9A598.jpeg": "AVz9rBg6dj545oO5JYFJqHkczrcc",
    "9488FC07-B06D-40F2-9F8F-5BE76D7E8215.jpeg": "AUYcoI67SWhTl3sp47nYN+sQCb0E",
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real originals are in ../shared")
@pytest.mark.parametrize("name", REAL)
def test_a_real_original_has_the_fingerprint_of_its_library(name: str) -> None:
    assert fingerprint_of((SAMPLES / name).read_bytes()) == REAL[name]


def test_the_formula_without_real_files() -> None:
    salted = hashlib.sha1(b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0AmberTime").digest()
    assert fingerprint_of(b"AmberTime") == base64.b64encode(b"\1" + salted).decode()
    assert fingerprint_of(b"") == "AW2cWT2PxzWixMKuuNMTHJ8CJ3sH"


@given(st.lists(st.binary(max_size=200)))
def test_pieces_give_the_fingerprint_of_the_whole(pieces: list[bytes]) -> None:
    fingerprint = Fingerprint()
    for piece in pieces:
        fingerprint.update(piece)
    assert fingerprint.value() == fingerprint_of(b"".join(pieces))
    assert stored_fingerprint(fingerprint.value()) == fingerprint.value()


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        b"AVz9rBg6dj545oO5JYFJqHkczrcc",
        "",
        "short",
        "AVz9rBg6dj545oO5JYFJqHkczrc",  # 27 characters
        "Avz9rBg6dj545oO5JYFJqHkczrcc",  # another version
        "AVz9rBg6dj545oO5JYFJqHkczrc!",  # not base64
        "A" * 10_000,
    ],
)
def test_a_value_that_is_no_fingerprint_is_not_compared(value: object) -> None:
    assert stored_fingerprint(value) is None
