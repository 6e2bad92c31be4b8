"""The options of `find` and `export` that say which items of an archive."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import UsageError
from ambertime_tui.cli.options import RANGES

if TYPE_CHECKING:
    from ambertime_tui.engine.api.finding import Query

KINDS = ("photo", "video", "live", "raw", "edited")


def add_find_options(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the archive, and the options that say which items."""
    parser.add_argument("target", type=Path, metavar="DIR", help="folder of the archive")
    parser.add_argument("--device", metavar="UDID", help="only items of this iPhone (default: of all)")
    parser.add_argument("--range", metavar="RANGE", help="days of capture, see below (default: all)")
    parser.add_argument(
        "--name",
        metavar="TEXT",
        help="only items with this in a name, or with names like 'IMG_48*.HEIC' (default: all)",
    )
    parser.add_argument(
        "--kind",
        action="append",
        choices=KINDS,
        help="only items of this kind; may be repeated (default: all kinds)",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = RANGES


def query_of(arguments: argparse.Namespace) -> Query:
    """What the options select.

    Raises:
        UsageError: the range is not understood.
    """
    from ambertime_tui.engine.api.finding import ItemKind, Query
    from ambertime_tui.library.date_range import DateRangeError, parse_date_range

    try:
        days = parse_date_range(arguments.range or "all", date.today())
    except DateRangeError as error:
        raise UsageError(str(error)) from error
    kinds = frozenset(map(ItemKind, arguments.kind or ()))
    return Query(days, arguments.name or "", kinds, arguments.device)
