"""The command line: parses arguments, runs a command, and maps errors to exit codes."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress

from ambertime_tui.child_processes import restart_in_utf8_mode
from ambertime_tui.cli.context import Command, CommandError, Context, UsageError
from ambertime_tui.cli.parser import build_parser
from ambertime_tui.cli.standard_streams import StandardStreams
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.last_resort import install_last_resort
from ambertime_tui.open_files import is_limit_reached, limit_sentence
from ambertime_tui.paths import PathsError
from ambertime_tui.safe_text import json_line


def entry() -> int:
    """Run the console script."""
    restart_in_utf8_mode()
    streams = StandardStreams()
    context = Context(os.environ)
    install_last_resort(context.paths.state)
    try:
        code = main(sys.argv[1:], context)
    except SystemExit as end:  # of --help and --version
        code = end.code if isinstance(end.code, int) else ExitCode.COMPLETE
    finally:
        lost = streams.finish()
    if lost:
        print(f"ambertime: {lost}", file=sys.stderr)
    return ExitCode.FAILED if lost and code == ExitCode.COMPLETE else code


def main(argv: Sequence[str], context: Context | None = None) -> int:
    """Run one command and return its exit code. Report an error as one sentence on stderr.

    Raises:
        SystemExit: after `--help` and `--version`.
    """
    as_json = "--json" in argv
    try:
        arguments = build_parser(simulate_options=argv[:1] == ["simulate"]).parse_args(argv)
    except UsageError as error:
        return _failed(ExitCode.USAGE, "UsageError", str(error), as_json)
    return _run(arguments.run, arguments, context or Context(os.environ), as_json)


def _run(command: Command, arguments: Namespace, context: Context, as_json: bool) -> ExitCode:
    from ambertime_tui.config import ConfigError
    from ambertime_tui.engine.api.protocol import EngineError

    try:
        return command(arguments, context)
    except (UsageError, ConfigError) as error:
        return _failed(ExitCode.USAGE, type(error).__name__, str(error), as_json)
    except EngineError as error:
        return _failed(ExitCode.FAILED, error.kind, error.sentence, as_json)
    except (CommandError, PathsError) as error:
        return _failed(ExitCode.FAILED, type(error).__name__, str(error), as_json)
    except BrokenPipeError:
        return ExitCode.FAILED
    except OSError as error:
        if not is_limit_reached(error):
            raise
        sentence = limit_sentence("The command failed", error)
        return _failed(ExitCode.FAILED, "TooFewOpenFiles", sentence, as_json)
    except KeyboardInterrupt:
        return _failed(ExitCode.INTERRUPTED, "Interrupted", "Interrupted.", as_json)


def _failed(code: ExitCode, kind: str, sentence: str, as_json: bool) -> ExitCode:
    from ambertime_tui.plain.terminal_text import harmless

    print(f"ambertime: {harmless(sentence)}", file=sys.stderr)
    if as_json:
        record = {"type": "error", "kind": kind, "sentence": sentence, "exit_code": int(code)}
        with suppress(BrokenPipeError):
            print(json_line(record), flush=True)
    return code
