"""`ambertime` without a command: the full-screen app."""

from __future__ import annotations

import argparse

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import run_app, terminal_trouble
from ambertime_tui.cli.options import add_display
from ambertime_tui.exit_codes import ExitCode


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the app to the top parser."""
    parser.set_defaults(run=run, color="auto", ascii=None, theme=None)
    add_display(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Open the full-screen app.

    Raises:
        UsageError: this is not a terminal.
    """
    trouble = terminal_trouble(context.environ)
    if trouble:
        raise UsageError(f"{trouble}. In scripts, use `ambertime backup`.")
    return run_app(arguments, context)
