"""Drives that cannot do what most can: no locks, no fsync, unknown free space, few open files."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.simulator.library import MadeLibrary
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
MISLEADING = ("Check the cable", "free space", "unexpected", "fault", "disconnected")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def run(command: list[str], *, files: int | None = None) -> tuple[int, str, dict[str, Any]]:
    """The exit code, the sentence at the end, and the last record."""

    def limit() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=limit)
    assert "Traceback" not in done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, str(last.get("sentence")), last


def backup(target: Path) -> list[str]:
    return [sys.executable, "-m", "ambertime_tui", "backup", "--json", "--to", str(target)]


def failing(call: str, error: str, only: Path | None = None) -> list[str]:
    """A wrapper that makes a system call fail."""
    strace = ["strace", "-f", "-qq", "-o", "/dev/null"]
    strace += [] if only is None else ["-P", str(only)]
    return [*strace, "-e", f"trace={call}", "-e", f"inject={call}:error={error}"]


@needs_strace
@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_a_share_without_locks_is_named(
    error: str, made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made_library.media)
    code, sentence, _ = run([*failing("flock", error), *backup(target)])
    assert code == 1
    assert "cannot lock files" in sentence
    assert not any(words in sentence for words in MISLEADING)


@needs_strace
def test_a_share_without_byte_range_locks_needs_none(
    made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone_factory(made_library.media)
    (target / ".ambertime").mkdir()
    wrapper = failing("fcntl", "ENOLCK", target / ".ambertime/record.sqlite3")
    code, _, first = run([*wrapper, *backup(target)])
    assert code == 3
    code, _, again = run([*wrapper, *backup(target)])
    assert (code, again["copied"]) == (3, 0)
    assert first["copied"] > 0
    assert ambertime("verify", target).code == 0
    done = subprocess.run(
        [*wrapper, sys.executable, "-m", "ambertime_tui", "verify", str(target)],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@needs_strace
@pytest.mark.parametrize("error", ["EINVAL", "EOPNOTSUPP"])
def test_a_drive_that_refuses_fsync_is_named(
    error: str, made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made_library.media)
    code, sentence, _ = run([*failing("fsync,fdatasync", error), *backup(target)])
    assert code == 1
    assert "does not support fsync" in sentence
    assert not any(words in sentence for words in MISLEADING)


@pytest.fixture
def without_free_space(tmp_path: Path) -> Iterator[Path]:
    """A file system that reports 0 blocks; needs the right to mount."""
    folder = tmp_path / "ram"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "ramfs", "ramfs", folder], capture_output=True).returncode != 0:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_drive_that_does_not_tell_its_free_space_is_not_full(
    made_library: MadeLibrary, phone_factory: PhoneFactory, without_free_space: Path, ambertime: Ambertime
) -> None:
    assert os.statvfs(without_free_space).f_blocks == 0
    phone_factory(made_library.media)
    code, _, last = run(backup(without_free_space))
    assert code == 3
    assert last["copied"] > 0
    assert ambertime("verify", without_free_space).code == 0


@pytest.mark.parametrize("files", [64, 24, 20, 16, 12, 8, 6])
def test_few_open_files_suffice_or_are_named(
    files: int, made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made_library.media)
    try:
        code, sentence, _ = run(backup(target), files=files)
    except (subprocess.SubprocessError, AssertionError, IndexError):
        assert files <= 6, "Python itself does not start with fewer"
        return
    if files >= 24:
        assert code == 3, sentence
    assert code == 3 or "pen files" in sentence, sentence
    assert code == 3 or not any(words in sentence for words in MISLEADING), sentence
