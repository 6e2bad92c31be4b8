"""Encoding of requests and decoding of replies; replies may contain any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.phone import afc_messages as messages
from ambertime_tui.phone.errors import (
    MediaBusy,
    MediaError,
    MediaForbidden,
    MediaNotFound,
    MediaUnreadable,
)

NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name and b"/" not in name)


@given(st.lists(NAMES))
def test_every_name_of_a_listing_survives_even_if_it_is_no_utf8(names: list[bytes]) -> None:
    listing = b"".join(name + b"\0" for name in [b".", b"..", *names])
    found = messages.parse_names("DCIM", listing)
    assert [n.encode("utf-8", "surrogateescape") for n in found] == [
        n for n in names if n not in (b".", b"..")
    ]
    for name, raw in zip(found, (n for n in names if n not in (b".", b"..")), strict=True):
        assert messages.path_payload(f"DCIM/{name}") == b"/DCIM/" + raw + b"\0"


def test_a_listing_without_the_two_dots_loses_no_name() -> None:
    assert messages.parse_names("DCIM", b"IMG_0001.JPG\0IMG_0002.JPG\0IMG_0003.JPG\0") == (
        "IMG_0001.JPG",
        "IMG_0002.JPG",
        "IMG_0003.JPG",
    )


@given(st.text(st.characters(exclude_categories=())))
def test_no_path_leads_out_of_the_media_folder(path: str) -> None:
    try:
        payload = messages.path_payload(path)
    except MediaForbidden:
        assert "\0" in path or ".." in path or not path.isprintable()
    else:
        assert payload.startswith(b"/")
        assert payload.count(b"\0") == 1
        assert b".." not in payload[:-1].split(b"/")


@given(st.binary())
def test_any_reply_to_a_stat_is_read_or_refused(data: bytes) -> None:
    try:
        found = messages.parse_stat("DCIM/x", data)
    except MediaUnreadable:
        return
    assert isinstance(found.size, int)


@given(st.binary())
def test_any_reply_about_storage_is_read_or_left(data: bytes) -> None:
    space = messages.parse_space(data)
    assert space is None or space.total >= 0


@given(st.integers(0, messages.LARGEST_FILE), st.integers(0, 2**62), st.booleans())
def test_a_stat_is_read_to_the_nanosecond(size: int, modified: int, folder: bool) -> None:
    said = {"st_size": size, "st_mtime": modified, "st_ifmt": "S_IFDIR" if folder else "S_IFREG"}
    data = b"".join(f"{key}\0{value}\0".encode() for key, value in said.items())
    found = messages.parse_stat("x", data)
    assert (found.size, found.modified_ns, found.is_folder) == (size, modified, folder)
    assert found.modified_at == modified / 1e9


def test_a_stat_without_a_time_is_still_a_stat() -> None:
    found = messages.parse_stat("x", b"st_size\x0012\0")
    assert (found.size, found.modified_at, found.modified_ns) == (12, None, None)


@given(st.binary(max_size=7))
def test_an_open_without_a_handle_is_an_error_of_that_file(data: bytes) -> None:
    for reply in (data, bytes(8)):
        with pytest.raises(MediaUnreadable, match=r"DCIM/IMG_1\.JPG"):
            messages.parse_handle("DCIM/IMG_1.JPG", reply)


@given(st.integers(1, 10_000))
def test_each_status_is_an_error_that_names_the_path(status: int) -> None:
    error = messages.error_for("DCIM/IMG_1.JPG", status)
    assert error.path == "DCIM/IMG_1.JPG"
    assert "DCIM/IMG_1.JPG" in str(error)
    kinds: dict[int, type[MediaError]] = {8: MediaNotFound, 10: MediaForbidden, 3: MediaBusy, 17: MediaBusy}
    assert type(error) is kinds.get(status, MediaUnreadable)
