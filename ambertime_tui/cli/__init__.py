"""The command line: parses, picks a front end, maps outcomes to exit codes."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress

from ambertime_tui.cli.arguments import Command, parser_for
from ambertime_tui.cli.surroundings import Surroundings, UsageError
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.last_resort import install_last_resort
from ambertime_tui.paths import PathsError


def entry() -> int:
    """The console script."""
    surroundings = Surroundings(os.environ)
    install_last_resort(surroundings.paths.state)
    try:
        return main(sys.argv[1:], surroundings)
    finally:
        _let_go_of_stdout()


def main(argv: Sequence[str], surroundings: Surroundings | None = None) -> int:
    """Runs one command and gives its exit code; what goes wrong is one sentence on stderr.

    Raises:
        SystemExit: `--help` and `--version`.
    """
    as_json = "--json" in argv
    try:
        arguments = parser_for(simulating=argv[:1] == ["simulate"]).parse_args(argv)
    except UsageError as error:
        return _failed(ExitCode.USAGE, "UsageError", str(error), as_json)
    return _run(arguments.command, arguments, surroundings or Surroundings(os.environ), as_json)


def _run(command: Command, arguments: Namespace, surroundings: Surroundings, as_json: bool) -> ExitCode:
    from ambertime_tui.config import ConfigError
    from ambertime_tui.demo import DemoError
    from ambertime_tui.engine.api.protocol import EngineError

    try:
        return command(arguments, surroundings)
    except (UsageError, ConfigError) as error:
        return _failed(ExitCode.USAGE, type(error).__name__, str(error), as_json)
    except EngineError as error:
        return _failed(ExitCode.FAILED, error.kind, error.sentence, as_json)
    except (DemoError, PathsError) as error:
        return _failed(ExitCode.FAILED, type(error).__name__, str(error), as_json)
    except BrokenPipeError:
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return _failed(ExitCode.INTERRUPTED, "Interrupted", "Interrupted.", as_json)


def _failed(code: ExitCode, kind: str, sentence: str, as_json: bool) -> ExitCode:
    from ambertime_tui.plain.output import harmless

    print(f"ambertime: {harmless(sentence)}", file=sys.stderr)
    if as_json:
        record = {"type": "error", "kind": kind, "sentence": sentence, "exit_code": int(code)}
        with suppress(BrokenPipeError):
            print(json.dumps(record), flush=True)
    return code


def _let_go_of_stdout() -> None:
    """Python writes what is buffered when it ends, and complains where nobody reads any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
