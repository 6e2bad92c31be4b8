"""Hooks: run without a shell, with a time limit, and never in the way of a backup."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.engine.api.history import run_of
from ambertime_tui.engine.api.hooks import finished_payload, hand_payload, run_hook
from ambertime_tui.engine.api.protocol import Report
from tests.engine.api.test_history import LEFT, STATUS

EXAMPLES = Path(__file__).parents[3] / "docs/hooks"
ENDED = finished_payload(run_of(STATUS, 1, "T7"), Report(STATUS.census, (LEFT,)))
HAND = hand_payload(STATUS, "Unlock the iPhone.")


def script(folder: Path, text: str) -> str:
    file = folder / "hook; touch pwned"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def test_a_hook_gets_the_payload_and_its_arguments_as_they_are(tmp_path: Path) -> None:
    hook = script(tmp_path, f'cat > "{tmp_path}/given"; printf "%s" "$1" > "{tmp_path}/argument"')
    assert run_hook((hook, "$(date); a b"), ENDED, 20, os.environ) == ""
    given = json.loads((tmp_path / "given").read_text())
    assert (given["type"], given["outcome"], given["copied"], given["left"]) == ("finished", "left", 3, 1)
    assert [item["original_filename"] for item in given["items"]] == ["IMG_1.HEIC"]
    assert (tmp_path / "argument").read_text() == "$(date); a b"
    assert not Path("pwned").exists()


def test_a_failing_or_missing_hook_is_a_sentence(tmp_path: Path) -> None:
    failing = script(tmp_path, "echo no route to host >&2; exit 7")
    assert run_hook((failing,), ENDED, 20, os.environ).endswith("failed with exit code 7. no route to host")
    missing = str(tmp_path / "missing")
    assert run_hook((missing,), ENDED, 20, os.environ).startswith(f"The hook {missing} could not be started")


def test_a_hook_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    hook = script(tmp_path, f'sleep 60 & echo $! > "{tmp_path}/child"; wait')
    assert "did not end within 1 s" in run_hook((hook,), ENDED, 1, os.environ)
    child = (tmp_path / "child").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in ("", "Z"), "its child lives on"


@pytest.mark.parametrize(
    ("name", "program"), [("desktop.sh", "notify-send"), ("mail.sh", "mail"), ("ntfy.sh", "curl")]
)
def test_the_shipped_examples_send_counts_and_no_file_names(name: str, program: str, tmp_path: Path) -> None:
    stub = tmp_path / program
    log = tmp_path / "sent"
    stub.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{log}"\ncat >> "{log}"\n')
    stub.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for payload in (ENDED, HAND):
        assert run_hook((str(EXAMPLES / name), "anna@example.org"), payload, 20, environ) == ""
    sent = log.read_text()
    assert "Anna's iPhone: left, 3 copied, 1 left" in sent
    assert "Anna's iPhone: Unlock the iPhone." in sent
    assert "IMG_1" not in sent
    assert name == "desktop.sh" or "anna@example.org" in sent


def test_the_payload_of_a_job_without_a_plan_is_complete() -> None:
    bare = replace(STATUS, census=None, phone=None)
    given = json.loads(finished_payload(run_of(bare, 0, ""), Report(None, ())))
    assert (given["census"], given["items"], given["phone"]) == (None, [], "")
