"""A locale that is not UTF-8: names on the drive are UTF-8 anyway, and no name ends a job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import MadeLibrary
from tests.conftest import PhoneFactory

NOT_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A Python that speaks ASCII, as it would Latin-1 in a locale such as de_DE (which need not be installed)."""


def run(*arguments: str | bytes, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "ambertime_tui", *arguments],
        cwd=cwd,
        env={**os.environ, **NOT_UTF8},
        capture_output=True,
        timeout=90,
        check=False,
    )


def names_in(folder: Path) -> set[bytes]:
    return {name for _, _, names in os.walk(os.fsencode(folder)) for name in names}


@pytest.mark.parametrize("name", [b"drive", "Laufwerk für Fotos – 写真".encode(), b"caf\xe9"], ids=repr)
def test_a_backup_writes_the_same_names_in_every_locale(
    name: bytes, made_library: MadeLibrary, phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    phone_factory(made_library.media)
    target = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    target.mkdir()
    done = run("backup", "--to", os.fsencode(target), "--json", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert b"Traceback" not in done.stderr
    found = names_in(target / "Photos")
    assert found
    for file in found:
        file.decode("utf-8")
    again = run("backup", "--to", os.fsencode(target), cwd=tmp_path)
    assert again.returncode in (0, 3)
    assert names_in(target / "Photos") == found
    assert run("verify", os.fsencode(target), cwd=tmp_path).returncode == 0


def test_text_is_printed_in_the_locale_s_encoding(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    phone_factory()
    done = run("scan", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done.stdout.decode("ascii")
    done.stderr.decode("ascii")
