"""`ambertime forget`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.forgetting import ForgettableItem

_TEXT = "Forget items that you deleted on the iPhone and in the archive"


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "forget", run, _TEXT)
    parser.description = (
        f"{_TEXT}. Backups then no longer report their files as missing. The command lists the items and "
        "asks first, deletes nothing, and can be undone."
    )
    parser.add_argument("target", type=Path, metavar="DIR", help="folder of the archive")
    parser.add_argument(
        "--item",
        action="append",
        metavar="UUID",
        help="only this item; may be repeated (default: all that can be forgotten)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--dry-run", action="store_true", help="only list what would be forgotten (default: forget it)"
    )
    what.add_argument(
        "--list", action="store_true", help="list the items that were forgotten (default: forget items)"
    )
    what.add_argument("--undo", action="store_true", help="undo forgetting items (default: forget them)")
    parser.add_argument("--yes", action="store_true", help="do not ask (default: ask)")
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Forget items, undo that, or list items.

    Raises:
        EngineError: there is no readable archive, or it cannot be written.
        UsageError: it would have to ask and cannot.
    """
    from ambertime_tui.engine.api.forgetting import (
        forget_items,
        list_absent,
        list_forgotten,
        remember_items,
    )

    only_list = arguments.dry_run or arguments.list
    if not (only_list or arguments.yes or _can_ask(as_json=arguments.json)):
        raise UsageError("Add --yes to forget without being asked, or --dry-run to list the items only.")
    target = arguments.target.absolute()
    printer = printer_for(context, as_json=arguments.json)
    found = list_forgotten(target) if arguments.list or arguments.undo else list_absent(target)
    items = _selected(found, arguments.item)
    printer.forgettable(items, forgotten=arguments.list or arguments.undo)
    done: tuple[ForgettableItem, ...] = ()
    if items and not only_list and (arguments.yes or _asked(len(items), undo=arguments.undo)):
        keys = {item.key for item in items}
        done = remember_items(target, keys) if arguments.undo else forget_items(target, keys)
    printer.forgotten(len(items), len(done), undo=arguments.undo, only_list=only_list)
    return ExitCode.COMPLETE


def _selected(found: tuple[ForgettableItem, ...], uuids: list[str] | None) -> tuple[ForgettableItem, ...]:
    """The items to deal with.

    Raises:
        UsageError: one that was named is not among them.
    """
    if uuids is None:
        return found
    wanted = {uuid.upper() for uuid in uuids}
    missing = wanted - {item.uuid.upper() for item in found}
    if missing:
        raise UsageError(f"There is no such item in the list: {', '.join(sorted(missing))}.")
    return tuple(item for item in found if item.uuid.upper() in wanted)


def _can_ask(*, as_json: bool) -> bool:
    return not as_json and sys.stdin.isatty()


def _asked(count: int, *, undo: bool) -> bool:
    """Ask on stderr, so that stdout has only data."""
    what = "item" if count == 1 else "items"
    question = f"Stop forgetting {'this' if count == 1 else 'these'} {count:,} {what}? [y/N] "
    if not undo:
        question = f"Forget {'this' if count == 1 else 'these'} {count:,} {what}? [y/N] "
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
