"""`ambertime doctor`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import at_a_terminal, printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.doctor import DoctorRequest, Finding
    from ambertime_tui.plain.printer import Printer

_TEXT = "Check computer, drive and iPhone, and say what is wrong"
SHORTEST = 60.0
"""Seconds that --long takes at least."""


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "doctor", run, _TEXT)
    parser.description = (
        f"{_TEXT}. It writes nothing to an archive or to the iPhone, and takes less than a minute without "
        "--long. Exit code 3: something is wrong."
    )
    parser.add_argument("--device", metavar="UDID", help="which iPhone (default: the only one connected)")
    parser.add_argument(
        "--to", metavar="DIR", help="a folder on the drive to check (default: the one in the config file)"
    )
    parser.add_argument(
        "--long",
        nargs="?",
        const="10m",
        metavar="TIME",
        help="also test the limits of the iPhone and observe it for this time: 10m, 12h; without TIME, 10m "
        "(default: do not)",
    )
    parser.add_argument(
        "--fetch",
        metavar="WAY",
        help="try a way of asking (keep-originals, shortcut, by-hand): ask iOS for a few originals and "
        "observe them, for 10 minutes or the time of --long (default: try none)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="also write a report without personal data, to attach to a question (default: none)",
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="check nothing; say which rows of docs/what-is-unconfirmed.md a report settles (default: check)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Check everything and print each result. Exit code 0: nothing is wrong; 3: something is.

    Raises:
        EngineError: the checks cannot be run, or a report cannot be written or read.
        UsageError: an option cannot be used.
    """
    import asyncio

    from ambertime_tui.engine.api.doctor import Level
    from ambertime_tui.engine.api.doctor_report import read_report, write_report
    from ambertime_tui.engine.api.doctor_rows import compare_report

    printer = printer_for(context, as_json=arguments.json)
    if arguments.compare is not None:
        if arguments.report or arguments.long or arguments.to or arguments.device or arguments.fetch:
            raise UsageError("--compare reads a report and checks nothing. Leave out the other options.")
        printer.compared(compare_report(read_report(arguments.compare)))
        return ExitCode.COMPLETE
    request = _request(arguments, context, printer)
    report: Path | None = None if arguments.report is None else arguments.report.absolute()
    if report is not None:
        write_report(report, ())  # fails now, and not after an observation of hours
    findings: list[Finding] = []
    try:
        asyncio.run(_examine(request, context, printer, findings))
    finally:  # also after Ctrl+C
        if report is not None:
            write_report(report, findings)
            printer.say(f"The report is in {report}. It has no names, places or identifiers.")
    printer.examined(findings)
    wrong = any(finding.level is Level.WRONG for finding in findings)
    return ExitCode.LEFT if wrong else ExitCode.COMPLETE


async def _examine(
    request: DoctorRequest, context: Context, printer: Printer, findings: list[Finding]
) -> None:
    """Run the checks, and print and collect what they find."""
    from contextlib import aclosing

    from ambertime_tui.engine.api.doctor import Ask, Finding, Scratch, Step, examine

    async with aclosing(examine(request, context.paths, context.environ)) as messages:
        async for message in messages:
            match message:
                case Finding():
                    findings.append(message)
                    printer.finding(message)
                case Step():
                    printer.progress(f"{message.sentence}…")
                case Ask():
                    printer.asked(message)
                case Scratch():
                    printer.say(f"Testing the drive in {message.path}, which is removed at the end.")


def _request(arguments: argparse.Namespace, context: Context, printer: Printer) -> DoctorRequest:
    from ambertime_tui.config import ConfigError, load_config, parse_patience
    from ambertime_tui.engine.api.doctor import DoctorRequest, Screen
    from ambertime_tui.engine.api.spec import FetchWay
    from ambertime_tui.paths import PathsError, folder_named

    target = arguments.to
    if target is None:
        try:
            from datetime import date

            target = load_config(context.paths.config, date.today()).defaults.to
        except ConfigError as error:
            printer.say(f"Notice: {error}")
    try:
        folder = None if target is None else str(folder_named(target))
    except PathsError as error:
        raise UsageError(f"--to: {error}") from error
    seconds: float | None = None
    if arguments.long is not None:
        try:
            seconds = parse_patience(arguments.long)
        except ValueError as error:
            raise UsageError(f"--long needs a time such as 10m or 12h, not {arguments.long!r}.") from error
        if seconds is None or seconds < SHORTEST:
            raise UsageError("--long needs a time of at least 1m.")
    size = shutil.get_terminal_size()
    screen = Screen(size.columns, size.lines, at_a_terminal(context.environ), sys.stdout.encoding or "")
    ways = {way.value: way for way in FetchWay}
    if arguments.fetch is not None and arguments.fetch not in ways:
        raise UsageError(f"--fetch needs one of {', '.join(ways)}, not {arguments.fetch!r}.")
    way = ways.get(arguments.fetch)
    return DoctorRequest(arguments.device, folder, seconds, way, screen)
