"""What a command runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ambertime_tui.paths import Paths, paths_from


class UsageError(Exception):
    """The command line cannot be understood as written; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world a command sees; the demo makes another one."""

    environ: Mapping[str, str]

    @property
    def paths(self) -> Paths:
        """Where our own files lie."""
        return paths_from(self.environ)
