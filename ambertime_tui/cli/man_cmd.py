"""`ambertime man`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.generated import MAN_PAGE, generated_text
from ambertime_tui.cli.options import add_command
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "man", run, "Print the manual page")
    parser.epilog = "On Linux, read it with: ambertime man | man -l -"


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Print the manual page, in roff."""
    sys.stdout.write(generated_text(MAN_PAGE))
    sys.stdout.flush()
    return ExitCode.COMPLETE
