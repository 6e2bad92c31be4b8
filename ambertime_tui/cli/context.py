"""What every command gets besides its arguments, and how it reports a wrong command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.paths import Paths, paths_from


class UsageError(Exception):
    """The command line cannot be used as written; the message is a sentence."""


class CommandError(Exception):
    """The command failed; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Context:
    """The environment of a command. The demo creates its own."""

    environ: Mapping[str, str]

    @property
    def paths(self) -> Paths:
        """AmberTime's own folders."""
        return paths_from(self.environ)


Command = Callable[[argparse.Namespace, Context], ExitCode]
"""Runs a command. It imports what it needs when it runs: a backup never loads the full-screen app."""
