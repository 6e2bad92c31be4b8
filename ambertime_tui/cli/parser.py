"""The parser of the command line: the options of the app, and all commands."""

from __future__ import annotations

import argparse

from ambertime_tui import __version__
from ambertime_tui.cli import (
    app_cmd,
    attach_cmd,
    backup_cmd,
    completion_cmd,
    demo_cmd,
    devices_cmd,
    doctor_cmd,
    drives_cmd,
    eject_cmd,
    export_cmd,
    find_cmd,
    forget_cmd,
    history_cmd,
    jobs_cmd,
    man_cmd,
    run_cmd,
    scan_cmd,
    simulate_cmd,
    stop_cmd,
    verify_cmd,
    watch_cmd,
)
from ambertime_tui.cli.options import Parser

_COMMANDS = (
    devices_cmd,
    drives_cmd,
    scan_cmd,
    backup_cmd,
    run_cmd,
    watch_cmd,
    attach_cmd,
    jobs_cmd,
    stop_cmd,
    eject_cmd,
    history_cmd,
    verify_cmd,
    find_cmd,
    export_cmd,
    forget_cmd,
    doctor_cmd,
    demo_cmd,
    completion_cmd,
    man_cmd,
)

EXIT_CODES = """\
  0    everything you selected is on the drive, or the command is done; with
       --originals local, what is only in iCloud is not selected
  1    failed
  2    the command line or the config file is wrong
  3    finished, but some originals are not on the drive
  130  interrupted
"""


def build_parser(*, simulate_options: bool) -> argparse.ArgumentParser:
    """Build the parser.

    Args:
        simulate_options: whether `simulate` gets its options. Only then the simulator is imported.
    """
    parser: argparse.ArgumentParser = Parser(
        prog="ambertime",
        description="Archive the originals of an iPhone's Photo Library on a drive you own. "
        "Without a command, this opens the full-screen app.",
        epilog=f"exit codes:\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"ambertime {__version__}", help="print the version and exit"
    )
    app_cmd.add_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    simulate_cmd.add_parser(commands, options=simulate_options)
    return parser
