"""Starts what a command needs: an engine, a printer, the full-screen app."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.engine.api.client import EngineClient
    from ambertime_tui.plain.printer import Printer


def printer_for(context: Context, *, as_json: bool = False, ascii_only: bool = False) -> Printer:
    """The printer of a command: JSON Lines in UTF-8 in any locale, or text in the encoding of stdout."""
    from ambertime_tui.plain.histogram import glyphs_for
    from ambertime_tui.plain.json_printer import JsonPrinter
    from ambertime_tui.plain.streams import Streams, may_redraw, set_encoding
    from ambertime_tui.plain.text_printer import TextPrinter

    streams = Streams(sys.stdout, sys.stderr, redraws=may_redraw(sys.stderr, context.environ))
    if as_json:
        set_encoding(sys.stdout, encoding="utf-8")
        return JsonPrinter(streams)
    glyphs = glyphs_for(sys.stdout.encoding, ascii_only=ascii_only)
    set_encoding(sys.stdout)
    return TextPrinter(streams, width=shutil.get_terminal_size().columns, glyphs=glyphs)


def with_engine(
    context: Context,
    action: Callable[[EngineClient], Awaitable[ExitCode]],
    socket: Path | None = None,
) -> ExitCode:
    """Run an action with a new engine, or with the running one that listens on a socket.

    Raises:
        EngineError: the engine cannot be started or reached.
    """
    import asyncio

    from ambertime_tui.engine.api.client import EngineClient

    async def run() -> ExitCode:
        if socket is None:
            client = await EngineClient.launch(context.paths, context.environ)
        else:
            client = await EngineClient.attach(socket)
        try:
            return await action(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def at_a_terminal(environ: Mapping[str, str]) -> bool:
    """Whether the full-screen app can run."""
    return not terminal_trouble(environ)


def terminal_trouble(environ: Mapping[str, str]) -> str:
    """Why the full-screen app cannot run, as the start of a sentence; empty: it can."""
    # Textual reads stdin and draws on stderr, seen with stdout.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return "The full-screen app needs a terminal"
    kind = environ.get("TERM", "")
    if kind in ("dumb", "unknown"):
        return f"The full-screen app needs a terminal that can move the cursor, and TERM is {kind}"
    return ""


def run_app(
    arguments: argparse.Namespace,
    context: Context,
    *,
    attach: Path | None = None,
    target: Path | None = None,
) -> ExitCode:
    """Run the full-screen app.

    Args:
        arguments: with the options of `add_display`.
        context: the environment to run in.
        attach: the socket of a running job to show.
        target: a target folder to start with.
    """
    from ambertime_tui.tui.app import run

    code = run(
        context.paths,
        context.environ,
        attach=attach,
        color=arguments.color,
        ascii_only=arguments.ascii,
        theme=arguments.theme,
        target=target,
    )
    return ExitCode(code)
