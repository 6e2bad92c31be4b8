"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from ambertime_tui.cli.context import Command, UsageError
from ambertime_tui.engine.api.spec import FetchWay

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:].rstrip('.')}. See `{self.prog} --help`.")


def add_command(commands: Subparsers, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    """Add a command to the parser.

    Args:
        commands: the commands of the parser.
        name: the name of the command.
        run: what it does.
        text: what it does, in the imperative: ``List connected iPhones``.
    """
    parser = commands.add_parser(name, help=text, description=f"{text}.")
    parser.set_defaults(run=run)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print JSON Lines (default: text)")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add --dry-run and --names."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only show what would be copied; write nothing (default: back up)",
    )
    parser.add_argument(
        "--names",
        action="store_true",
        help="with --dry-run: also list the items that are not on the drive yet (default: only count them)",
    )


def check_dry_run(arguments: argparse.Namespace) -> None:
    """Check the options of a dry run.

    Raises:
        UsageError: they do not fit together.
    """
    if arguments.names and not arguments.dry_run:
        raise UsageError("--names needs --dry-run.")
    if arguments.dry_run and getattr(arguments, "detach", False):
        raise UsageError("--dry-run shows the plan and ends. Use it without --detach.")


def add_ascii(parser: argparse.ArgumentParser) -> None:
    """Add --ascii. If it is not given, the value of the top parser stays."""
    parser.add_argument(
        "--ascii",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="draw with ASCII characters only (default: if the terminal needs it)",
    )


def add_display(parser: argparse.ArgumentParser) -> None:
    """Add the options of the full-screen app.

    Their defaults are those of the top parser: a default here would override an option before the command.
    """
    parser.add_argument(
        "--color",
        choices=("auto", "truecolor", "256", "16", "none"),
        default=argparse.SUPPRESS,
        help="colours that the terminal can show (default: auto)",
    )
    add_ascii(parser)
    parser.add_argument(
        "--theme",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="theme of the app (default: the one chosen last, or set in the config file)",
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which phone, and which items of its library."""
    parser.add_argument("--device", metavar="UDID", help="which iPhone (default: the only one connected)")
    parser.add_argument("--range", metavar="RANGE", help="days of capture, see below (default: all)")
    parser.add_argument(
        "--hidden",
        action=argparse.BooleanOptionalAction,
        help="include hidden items, or leave them out (default: include)",
    )
    parser.add_argument(
        "--trashed",
        action=argparse.BooleanOptionalAction,
        help="include Recently Deleted, or leave it out (default: leave out)",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = RANGES


def add_fetch(parser: argparse.ArgumentParser, text: str) -> None:
    """Add --fetch, with a help text that says when it applies."""
    parser.add_argument("--fetch", choices=tuple(way.value for way in FetchWay), help=text)


RANGES = """\
RANGE is 2023, 2023-05, 2023-05..2024-02, ..2023, 2024.., "before 2024", "since 2024-03-01", "last year",
"last 90 days", "older than 2 years", 2023q2 or all. Both ends are included. Days are those of the place where
a photo was taken.
"""
