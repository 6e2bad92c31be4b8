"""The container shows whether a media file is complete or cut short."""

from __future__ import annotations

import io
import plistlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ambertime_tui.library.containers import parses_to_the_end


def complete(data: bytes) -> bool:
    return parses_to_the_end(lambda offset, length: data[offset : offset + length], len(data))


def picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(out, form)
    return out.getvalue()


def movie() -> bytes:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + kind + content

    large = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 16 + 500) + bytes(500)
    return box(b"ftyp", b"qt  \0\0\0\0") + large + box(b"moov", bytes(90))


COMPLETE: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: picture("PNG"),
    "JPEG": lambda: picture("JPEG"),
    "GIF": lambda: picture("GIF"),
    "WebP": lambda: picture("WEBP"),
    "MOV": movie,
    "AAE": lambda: plistlib.dumps({"adjustmentBaseVersion": 0, "adjustmentData": b"x" * 300}),
}


@pytest.mark.parametrize("form", COMPLETE)
def test_a_complete_file_parses_to_its_end(form: str) -> None:
    assert complete(COMPLETE[form]())


@pytest.mark.parametrize("form", COMPLETE)
def test_a_file_that_was_cut_does_not(form: str) -> None:
    data = COMPLETE[form]()
    for share in (0.1, 0.5, 0.9):
        assert not complete(data[: int(len(data) * share)])
    assert not complete(data[:-2])


def test_a_jpeg_with_data_of_the_camera_behind_its_end_is_complete() -> None:
    assert complete(picture("JPEG") + b"camera" * 200)


def test_the_end_of_an_embedded_thumbnail_is_not_the_end_of_the_photo() -> None:
    photo, thumbnail = picture("JPEG"), picture("JPEG")
    app1 = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    with_thumbnail = photo[:2] + app1 + photo[2:]
    assert complete(with_thumbnail)
    assert not complete(with_thumbnail[:-40])


def test_an_unknown_format_is_not_called_complete() -> None:
    assert not complete(b"")
    assert not complete(b"who knows" * 100)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\0\0\0\x10ftyp", b"bplist00"]),
)
def test_any_bytes_get_an_answer(data: bytes, head: bytes) -> None:
    assert complete(head + data) in (True, False)
