"""The exit codes of `ambertime`, a stable interface for scripts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from ambertime_tui.engine.api.status import Outcome


class ExitCode(IntEnum):
    """The exit code of a command."""

    COMPLETE = 0
    """Everything selected is on the drive; for commands without a selection: done."""
    FAILED = 1
    """The command failed; a sentence on stderr says why."""
    USAGE = 2
    """The command line or the config file is wrong."""
    LEFT = 3
    """Finished, but some selected originals are not on the drive; each is listed with its reason."""
    INTERRUPTED = 130
    """Stopped by the user or a signal before the end."""


_BY_OUTCOME = {
    Outcome.COMPLETE: ExitCode.COMPLETE,
    Outcome.LEFT: ExitCode.LEFT,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


_SEVERITY = (
    ExitCode.COMPLETE,
    ExitCode.LEFT,
    ExitCode.FAILED,
    ExitCode.USAGE,
    ExitCode.INTERRUPTED,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit code of several runs together; COMPLETE for none."""
    return max(codes, key=_SEVERITY.index, default=ExitCode.COMPLETE)


def exit_code_of(outcome: Outcome) -> ExitCode:
    """Return the exit code for the outcome of a job."""
    return _BY_OUTCOME[outcome]
