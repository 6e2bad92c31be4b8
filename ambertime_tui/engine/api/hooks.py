"""Hooks: commands of the user that are run when a backup has ended, or needs a person.

A hook is a list of arguments and is run without a shell. It gets one JSON object on its standard input,
documented in docs/json.md. AmberTime itself opens no connection; a hook may.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from tempfile import TemporaryFile

from ambertime_tui.child_processes import NEUTRAL_FOLDER, safe_environment
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.history import PastRun, run_record
from ambertime_tui.engine.api.protocol import Report
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.safe_text import escaped, json_line

log = logging.getLogger(__name__)

LONGEST_COMPLAINT = 300
"""Characters of a hook's output that go to the log."""


def finished_payload(run: PastRun, report: Report) -> str:
    """Return what a hook gets when a backup has ended: the report, with file names in `items`."""
    value = {
        "type": "finished",
        **run_record(run),
        "census": to_json(report.census),
        "items": to_json(report.left),
    }
    return json_line(value) + "\n"


def hand_payload(status: JobStatus, sentence: str) -> str:
    """Return what a hook gets when a backup waits for a person.

    Args:
        status: the current status.
        sentence: what to do.
    """
    phone = status.phone
    value = {
        "type": "hand_needed",
        "at": status.now,
        "job_id": status.job_id,
        "task": status.spec.task or None,
        "udid": status.spec.udid or "",
        "phone": phone.name if phone is not None else "",
        "target": status.spec.target,
        "sentence": sentence,
    }
    return json_line(value) + "\n"


def archive_payload(task: str, target: str, sentence: str, at: float) -> str:
    """Return what a hook gets when an archive needs a person.

    Args:
        task: name of the saved task that writes to it.
        target: its folder.
        sentence: what was found, and what to do.
        at: seconds since 1970.
    """
    value = {"type": "hand_needed", "at": at, "job_id": None, "task": task, "udid": "", "phone": "AmberTime"}
    return json_line({**value, "target": target, "sentence": sentence}) + "\n"


def run_hook(command: tuple[str, ...], payload: str, seconds: float, environ: Mapping[str, str]) -> str:
    """Run a hook and wait for its end. Blocks. A failure is logged and never ends a backup.

    Args:
        command: the program and its arguments.
        payload: its standard input.
        seconds: after which it is killed, with all processes that it started.
        environ: its environment.

    Returns:
        why it failed, as a sentence; empty: it did not.
    """
    name = escaped(command[0])
    with TemporaryFile() as given, TemporaryFile() as output:
        given.write(payload.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=safe_environment(environ),
                cwd=NEUTRAL_FOLDER,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return _logged(f"The hook {name} could not be started: {error}.")
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return _logged(f"The hook {name} did not end within {seconds:.0f} s, and was killed.")
        if code == 0:
            return ""
        output.seek(0)
        said = escaped(output.read(LONGEST_COMPLAINT).decode(errors="replace").strip())
        return _logged(f"The hook {name} failed with exit code {code}. {said}".strip())


def _logged(sentence: str) -> str:
    log.warning("%s", sentence)
    return sentence
