"""SHA256SUMS: what sha256sum writes and reads."""

from __future__ import annotations

import subprocess
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.drive.record.checksums import (
    checksum_line,
    comments_of,
    each_checksum,
    write_checksums,
)
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.volume.system_calls import SystemCalls

paths = (
    st.lists(
        st.text(
            st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=30
        ).filter(lambda name: name not in (".", "..")),
        min_size=1,
        max_size=3,
    )
    .map("/".join)
    .filter(lambda path: not path.startswith("./") and service_in(path) is None)
)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


def parsed(text: str) -> dict[str, str]:
    with TemporaryDirectory() as root:
        (Path(root) / "SHA256SUMS").write_bytes(text.encode("utf-8", "surrogateescape"))
        return dict(each_checksum(Path(root)))


@given(st.dictionaries(paths, digests, max_size=8))
def test_what_is_written_is_read_back(files: dict[str, str]) -> None:
    assert parsed("".join(starmap(checksum_line, files.items()))) == files


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_read(text: str) -> None:
    for path in parsed(text):
        assert not path.startswith("/")
        assert ".." not in path.split("/")


def test_the_lines_are_those_of_sha256sum(tmp_path: Path) -> None:
    names = ["plain.txt", "back\\slash.txt", "line\nend.txt", "zwölf.txt"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    listed = subprocess.run(
        ["sha256sum", *names], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "".join(starmap(checksum_line, parsed(listed).items())) == listed
    assert set(parsed(listed)) == set(names)


def test_other_formats_are_read_and_invalid_lines_ignored() -> None:
    digest = "AB" * 32
    text = (
        f"# comment\n{digest} *binary.bin\r\n{digest}  ./here.txt\n"
        f"{digest}  /etc/passwd\n{digest}  a/../../b\nx\n"
    )
    assert parsed(text) == {"binary.bin": digest.lower(), "here.txt": digest.lower()}


def test_the_file_is_replaced_atomically(tmp_path: Path) -> None:
    root = tmp_path / "target"
    root.mkdir()
    for content in ({"a": "00" * 32, "b": "11" * 32}, {"c": "22" * 32}):
        write_checksums(root, root / "scratch", content.items(), ["# mine"], SystemCalls())
        assert dict(each_checksum(root)) == content
        assert list(comments_of(root)) == ["# mine"]
    assert [path.name for path in root.iterdir()] == ["SHA256SUMS"]
