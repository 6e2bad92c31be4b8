"""The exit codes of `ambertime`: an interface that scripts build on."""

from __future__ import annotations

from enum import IntEnum

from ambertime_tui.engine.api.status import Outcome


class ExitCode(IntEnum):
    """What the process tells whoever started it."""

    COMPLETE = 0
    """All of the selection is on the drive; for commands without a selection: done."""
    FAILED = 1
    """It could not be done; a sentence on stderr says why."""
    USAGE = 2
    """The command line or the config file cannot be understood as written."""
    LEFT = 3
    """Finished, but originals of the selection are not on the drive; each is named with its reason."""
    INTERRUPTED = 130
    """Stopped by a person or a signal before the end."""


_BY_OUTCOME = {
    Outcome.COMPLETE: ExitCode.COMPLETE,
    Outcome.LEFT: ExitCode.LEFT,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


def exit_code_of(outcome: Outcome) -> ExitCode:
    """The exit code for the way a job ended."""
    return _BY_OUTCOME[outcome]
