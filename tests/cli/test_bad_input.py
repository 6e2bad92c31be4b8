"""Each error is one sentence with the right exit code, and loses nothing."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import LONGEST_RUN, Ambertime


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan", "--range", "2024..2023"], "2024"),
        (["scan", "--range", "soon"], "soon"),
        (["scan", "--range", ""], "range"),
        (["backup", "--to", ".", "--range", "2023-13"], "2023-13"),
        (["backup"], "--to"),
        (["backup", "--to", ".", "--originals", "all"], "--originals"),
        (["backup", "--to", ".", "--originals", "icloud", "--patience", "soon"], "'soon' is not a duration"),
        (["backup", "--to", ".", "--order", "newest"], "--order needs --originals icloud"),
        (["backup", "--to", ""], "Name a folder"),
        (["backup", "--to", "~nobody-of-this-name/x"], "has no user ~nobody-of-this-name"),
        (["scan", "--media", "."], "--media needs --database"),
        (["scan", "--database", "x", "--device", "y"], "only one of them"),
        (["demo", "--assets", "0"], "not a number of items"),
        (["verify"], "DIR"),
        (["copy"], "copy"),
        (["backup", "--frobnicate"], "--frobnicate"),
        (["jobs", "--frobnicate"], "--frobnicate"),
        ([], "needs a terminal"),
        (["demo"], "needs a terminal"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_a_usage_error(arguments: list[str], said: str, ambertime: Ambertime) -> None:
    ran = ambertime(*arguments)
    assert ran.code == 2
    assert said in ran.sentence
    assert ran.sentence[-1] in ".?"
    assert ran.out == ""


def test_a_wrong_config_file_is_named(home: Path, ambertime: Ambertime) -> None:
    file = home / ".config/ambertime/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[defaults]\norginals = 'icloud'\n")
    ran = ambertime("backup", "--to", ".")
    assert ran.code == 2
    assert ran.sentence == f"{file}: defaults.orginals is not a setting; did you mean originals?"
    jobs = ambertime("jobs")
    assert (jobs.code, jobs.err.splitlines()) == (
        2,
        ["No backup is running.", f"ambertime: {ran.sentence}"],
    )


@pytest.mark.parametrize("command", [[], ["demo"]], ids=["the app", "demo"])
def test_a_terminal_that_cannot_move_the_cursor_is_named(command: list[str]) -> None:
    ours, theirs = pty.openpty()
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "ambertime_tui", *command],
            env={**os.environ, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            timeout=LONGEST_RUN,
            check=False,
        )
        said = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.returncode == 2
    assert "needs a terminal that can move the cursor, and TERM is dumb" in said


def test_a_missing_database(tmp_path: Path, ambertime: Ambertime) -> None:
    ran = ambertime("scan", "--database", tmp_path / "Photos.sqlite")
    assert ran.code == 1
    assert str(tmp_path / "Photos.sqlite") in ran.sentence


def test_a_file_that_is_not_a_database(tmp_path: Path, ambertime: Ambertime) -> None:
    file = tmp_path / "Photos.sqlite"
    file.write_bytes(b"certainly no SQLite database" * 100)
    ran = ambertime("scan", "--database", file)
    assert ran.code == 1
    assert str(file) in ran.sentence


def test_a_database_of_another_program(tmp_path: Path, ambertime: Ambertime) -> None:
    file = tmp_path / "Photos.sqlite"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    ran = ambertime("scan", "--database", file)
    assert ran.code == 1
    assert str(file) in ran.sentence


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_database_without_permission_to_read(tmp_path: Path, ambertime: Ambertime) -> None:
    file = tmp_path / "Photos.sqlite"
    file.write_bytes(b"")
    file.chmod(0)
    assert ambertime("scan", "--database", file).code == 1


def test_a_missing_media_folder(tmp_path: Path, ambertime: Ambertime) -> None:
    ran = ambertime("scan", "--database", tmp_path / "Photos.sqlite", "--media", tmp_path / "nowhere")
    assert ran.code == 1
    assert "nowhere is not a folder" in ran.sentence


def test_with_json_an_error_is_also_a_record(tmp_path: Path, ambertime: Ambertime) -> None:
    ran = ambertime("scan", "--json", "--database", tmp_path / "Photos.sqlite")
    assert ran.records == [
        {"type": "error", "kind": "LibraryUnreadable", "sentence": ran.sentence, "exit_code": 1}
    ]


def test_no_job_to_attach_to_or_stop(ambertime: Ambertime) -> None:
    for arguments in (["attach"], ["attach", "4f1c"], ["stop"]):
        ran = ambertime(*arguments)
        assert (ran.code, ran.sentence) == (1, "No backup is running.")
    assert ambertime("jobs").code == 0


def test_an_unexpected_error_goes_to_a_log_that_one_sentence_names(home: Path) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ambertime_tui.last_resort import install_last_resort\n"
        "install_last_resort(Path(os.environ['XDG_STATE_HOME']) / 'ambertime')\n"
        "raise RuntimeError('out of the blue')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    log = home / ".local/state/ambertime/ambertime.log"
    assert done.returncode == 1
    assert done.stderr == (
        "ambertime: An unexpected error occurred (RuntimeError). What is recorded as copied is safe. "
        f"Please report this error, with the log {log}.\n"
    )
    assert "RuntimeError: out of the blue" in log.read_text()
    assert "Traceback" in log.read_text()


def test_an_unexpected_error_is_reported_even_if_the_log_cannot_be_written(home: Path) -> None:
    (home / "file").write_text("")
    script = (
        "from pathlib import Path\n"
        "from ambertime_tui.last_resort import install_last_resort\n"
        f"install_last_resort(Path({str(home / 'file' / 'state')!r}))\n"
        "raise RuntimeError('out of the blue')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "out of the blue" in done.stderr
    assert "Traceback" not in done.stderr
