"""AmberTime's own folders and files: private to the user, replaced in one step."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ambertime_tui.paths import PathsError, folder_named, private, write_private


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "ours"
    folder.mkdir()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_and_its_folder_are_readable_by_the_user_only(tmp_path: Path) -> None:
    file = tmp_path / "state" / "memory.json"
    previous = os.umask(0)
    try:
        write_private(file, "ä")
    finally:
        os.umask(previous)
    assert file.read_bytes() == "ä".encode()
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)


def test_a_file_that_others_could_read_is_private_after_it_is_replaced(folder: Path) -> None:
    file = folder / "memory.json"
    file.write_bytes(b"old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_bytes(), mode(file)) == (b"new", 0o600)


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(folder: Path) -> None:
    file = folder / "memory.json"
    write_private(file, ["ol", "d"])

    def pieces() -> Iterator[str]:
        yield "ne"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_private(file, pieces())
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "memory.json").mkdir()
    with pytest.raises(PathsError, match=r"memory\.json cannot be written: Is a directory\."):
        write_private(folder / "memory.json", "")
    assert [one.name for one in folder.iterdir()] == ["memory.json"]


def test_a_folder_that_is_a_link_is_refused(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to(folder / "real")
    with pytest.raises(PathsError, match="will not use it"):
        private(folder / "link")


@pytest.mark.parametrize("text", ["", "  ", "a\0b"])
def test_a_folder_needs_a_name(text: str) -> None:
    with pytest.raises(PathsError, match="Name a folder"):
        folder_named(text)


def test_a_home_folder_of_an_unknown_user_is_named() -> None:
    with pytest.raises(PathsError, match="has no user ~nosuchuser"):
        folder_named("~nosuchuser/x")
