"""No path and no link leads out of the folder that the simulated phone serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.simulator.afc_packets import AfcError, AfcStatus
from ambertime_tui.simulator.shared_folder import SharedFolder


@pytest.fixture
def maze(tmp_path: Path) -> SharedFolder:
    """A folder with many links, some of which lead outside."""
    (tmp_path / "secret").write_text("outside")
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("inside")
    for name, target in {
        "up": "..",
        "far": "../../../../../../../..",
        "absolute": str(tmp_path),
        "own": str(root / "a"),
        "a/hop": "../a/b/../../..",
        "a/b/home": "../..",
        "loop": "loop",
        "chain": "a/hop/secret",
        "a/good": "b/file",
        "secret": "../secret",
        "sibling": str(root) + "-not",
    }.items():
        (root / name).symlink_to(target)
    Path(f"{root}-not").mkdir()
    Path(f"{root}-not", "secret").write_text("outside")
    return SharedFolder(root)


@pytest.mark.parametrize(
    "path",
    [
        "/secret",
        "/up/secret",
        "/far/etc/passwd",
        "/absolute/secret",
        "/a/hop/secret",
        "/chain",
        "/loop",
        "/sibling/secret",
        "/../secret",
        "/../../../../../../etc/passwd",
        "/a/b/home/../secret",
    ],
)
def test_no_path_and_no_link_leads_out_of_the_folder(maze: SharedFolder, path: str) -> None:
    with pytest.raises(AfcError) as raised:
        maze.open(path).close()
    assert raised.value.status in (AfcStatus.PERM_DENIED, AfcStatus.OBJECT_NOT_FOUND)


@pytest.mark.parametrize(
    "path", ["/a/b/file", "a/b/file", "/a/good", "/own/b/file", "//a/./b/../b/file/", "/a/b/home/a/good"]
)
def test_links_within_the_folder_are_followed(maze: SharedFolder, path: str) -> None:
    with maze.open(path) as file:
        assert file.read() == b"inside"


PARTS = [
    "..",
    ".",
    "",
    "a",
    "b",
    "up",
    "far",
    "absolute",
    "own",
    "hop",
    "home",
    "chain",
    "sibling",
    "secret",
    "good",
]


def test_no_path_reveals_anything_outside(maze: SharedFolder) -> None:
    @given(st.lists(st.sampled_from(PARTS), max_size=8))
    def look(parts: list[str]) -> None:
        path = "/".join(parts)
        for operation in (maze.names, maze.information):
            try:
                found = operation(path)
            except AfcError:
                continue
            assert "root-not" not in found
        try:
            with maze.open(path) as file:
                assert file.read() == b"inside"
        except AfcError:
            pass

    look()
