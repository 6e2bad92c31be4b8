"""The grammar of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from ambertime_tui import __version__
from ambertime_tui.cli import commands
from ambertime_tui.cli.surroundings import Surroundings, UsageError
from ambertime_tui.exit_codes import ExitCode

Command = Callable[[argparse.Namespace, Surroundings], ExitCode]

_COLORS = ("auto", "truecolor", "256", "16", "none")
_EPILOG = """\
RANGE  2023, 2023-05, 2023-05..2024-02, ..2023, 2024.., "before 2024", "since 2024-03-01", "last year",
       "last 90 days", 2023q2, all; both ends inclusive, in the local calendar of each capture
exit   0 all of the selection is on the drive, 1 failed, 2 usage, 3 finished but originals are left,
       130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:].rstrip('.')}. See `{self.prog} --help`.")


def parser_for(*, simulating: bool) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ambertime",
        description="An archive of the originals of an iPhone's Photo Library, on a drive you own. "
        "Without a command: the full-screen app.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ambertime {__version__}")
    parser.set_defaults(command=commands.full_screen, color="auto", ascii=False, theme=None)
    _add_looks(parser)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        sub.set_defaults(command=command)
        return sub

    demo = add("demo", commands.demo, "the full-screen app on a simulated iPhone and a scratch target")
    demo.add_argument("--assets", type=_count, metavar="N", help="items in the simulated library")
    demo.add_argument("--seed", type=int, metavar="S", help="another number makes another library")
    demo.add_argument("--scratch", type=Path, metavar="DIR", help="keep the target here")
    demo.add_argument(
        "--fetch",
        choices=("keep-originals", "shortcut", "by-hand"),
        help="how iOS is asked for iCloud originals; --plain leaves them where they are without it",
    )
    demo.add_argument(
        "--plain", action="store_true", help="no full screen: one scan and one backup, as lines"
    )
    _add_looks(demo)

    for name, command, text in (
        ("devices", commands.devices, "the iPhones that are attached"),
        ("drives", commands.drives, "the drives an archive could be on"),
    ):
        _add_json(add(name, command, text))

    scan = add("scan", commands.scan, "what a library holds, and which originals are only in iCloud")
    _add_selection(scan)
    scan.add_argument(
        "--database", type=Path, metavar="PHOTOS.SQLITE", help="a library database, without a phone"
    )
    scan.add_argument("--media", type=Path, metavar="DIR", help="with --database: the folder that holds DCIM")
    scan.add_argument(
        "--ascii", action="store_true", default=argparse.SUPPRESS, help="draw with ASCII characters only"
    )
    _add_json(scan)

    backup = add("backup", commands.backup, "copies the originals of a range to a drive")
    backup.add_argument("--task", metavar="NAME", help="what a saved task says; other options go before it")
    _add_selection(backup)
    backup.add_argument("--to", metavar="DIR", help="the target, a folder on the drive")
    backup.add_argument("--originals", choices=("local", "icloud"), help="icloud: wait for those, too")
    backup.add_argument(
        "--patience",
        metavar="TIME",
        help="end after 90s, 30m, 12h without the phone or, with icloud, without arrivals",
    )
    backup.add_argument(
        "--fetch",
        choices=("keep-originals", "shortcut", "by-hand"),
        help="with icloud: how iOS is asked to download; keep-originals unless said otherwise",
    )
    backup.add_argument(
        "--order", choices=("oldest", "newest", "smallest"), help="with icloud: which are wanted first"
    )
    backup.add_argument("--no-edits", action="store_true", help="originals only, without current edits")
    backup.add_argument(
        "--new-archive",
        action="store_true",
        help="on a drive without one, where another drive had one",
    )
    backup.add_argument("--detach", action="store_true", help="start in the background and return")
    _add_json(backup)

    attach = add("attach", commands.attach, "shows a running job")
    attach.add_argument("job", nargs="?", metavar="JOB")
    attach.add_argument("--plain", action="store_true", help="lines, not the full screen")
    _add_looks(attach)
    _add_json(attach)

    _add_json(add("jobs", commands.jobs, "the jobs that are running"))

    stop = add("stop", commands.stop, "stops a running job after the file in hand")
    stop.add_argument("job", nargs="?", metavar="JOB")
    stop.add_argument("--now", action="store_true", help="throw the file in hand away")

    verify = add("verify", commands.verify, "reads an archive back and compares it with its record")
    verify.add_argument("target", type=Path, metavar="DIR")
    verify.add_argument("--since", metavar="DAY", help="only files written on this day or later: 2024-07-01")
    verify.add_argument("--sample", metavar="SHARE", help="only a part, picked by chance: 5%%")
    _add_json(verify)

    simulate = add("simulate", commands.simulate, "a simulated iPhone on a usbmux socket")
    if simulating:
        from ambertime_tui.simulator.command import add_arguments

        add_arguments(simulate)
    return parser


def _add_looks(parser: argparse.ArgumentParser) -> None:
    # The defaults are set once, at the top: those of a command would undo what stands before the command.
    unsaid = argparse.SUPPRESS
    parser.add_argument("--color", choices=_COLORS, default=unsaid, help="what the terminal can show")
    parser.add_argument(
        "--ascii", action="store_true", default=unsaid, help="draw with ASCII characters only"
    )
    parser.add_argument("--theme", metavar="NAME", default=unsaid, help="how the full screen looks")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON Lines on stdout")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", metavar="UDID", help="which iPhone, where several are attached")
    parser.add_argument("--range", metavar="RANGE", help="days of capture; without it, everything")
    parser.add_argument("--no-hidden", action="store_true", help="leave hidden items out")
    parser.add_argument("--trashed", action="store_true", help="take Recently Deleted, too")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of items")
    return number
