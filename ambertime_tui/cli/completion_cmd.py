"""`ambertime completion`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.generated import COMPLETIONS, generated_text
from ambertime_tui.cli.options import add_command
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "completion", run, "Print the completion script for a shell")
    parser.add_argument("shell", choices=tuple(COMPLETIONS), help="the shell that reads it")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
bash: ambertime completion bash > ~/.local/share/bash-completion/completions/ambertime
zsh:  ambertime completion zsh > a file named _ambertime, in a folder of your $fpath
fish: ambertime completion fish > ~/.config/fish/completions/ambertime.fish
"""


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Print the completion script for a shell."""
    sys.stdout.write(generated_text(COMPLETIONS[arguments.shell]))
    sys.stdout.flush()
    return ExitCode.COMPLETE
