"""Generates completion scripts (with shtab) and the manual page (with argparse-manpage) from the parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import partial

import shtab
from argparse_manpage.manpage import Manpage

from ambertime_tui import __version__
from ambertime_tui.cli.generated import COMPLETIONS, MAN_PAGE
from ambertime_tui.cli.options import RANGES
from ambertime_tui.cli.parser import EXIT_CODES, build_parser

_PATHS = {"DIR": shtab.DIRECTORY, "FILE": shtab.FILE, "PATH": shtab.FILE, "PATH|HOST:PORT": shtab.FILE}
"""What to complete for a metavar."""
_WIDTH = 70
"""Columns of the usage lines in the manual page, whatever the terminal."""
_USAGE = re.compile(r"\nusage: .*(\n +\S.*)*")


def generate() -> dict[str, str]:
    """Return the text of each generated file by its name."""
    files = {name: _completion(shell) for shell, name in COMPLETIONS.items()}
    return {**files, MAN_PAGE: _man_page()}


def _completion(shell: str) -> str:
    parser = build_parser(simulate_options=True)
    for each in (parser, *_commands(parser)):
        for action in each._actions:
            if isinstance(action.metavar, str) and action.metavar in _PATHS:
                action.complete = _PATHS[action.metavar]  # type: ignore[attr-defined]
    text: str = shtab.complete(parser, shell)
    return _tidy(text)


def _man_page() -> str:
    parser = build_parser(simulate_options=True)
    parser.epilog = None
    for each in _commands(parser):
        each.description = each.epilog = None  # the list of commands has the description already
        each.formatter_class = partial(argparse.HelpFormatter, width=_WIDTH)
    page = Manpage(parser, format="single-commands-section")
    page.date = ""
    page.source = f"AmberTime {__version__}"
    page.manual = "AmberTime manual"
    page.description = "archive the originals of an iPhone's Photo Library"
    for heading, text in (("DATE RANGES", RANGES), ("EXIT STATUS", EXIT_CODES)):
        page.add_section(heading, "=", ".nf\n" + text.replace("\\", "\\\\").replace("-", "\\-") + ".fi")
    return _tidy(_USAGE.sub(r".nf\g<0>\n.fi", str(page)))


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _tidy(text: str) -> str:
    """The text without spaces at the ends of lines, with one line break at its end."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
