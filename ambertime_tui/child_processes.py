"""How this program starts others: nothing in the current folder can run, and names are UTF-8 in any locale.

The current folder may be a stranger's drive. `python -m` puts it before Python's own library, and an empty
or relative part of PATH or PYTHONPATH refers to it as well.
"""

from __future__ import annotations

import io
import locale
import os
import sys
from collections.abc import Mapping

NEUTRAL_FOLDER = "/"
"""The working folder of every child process."""
_SEARCH_PATHS = ("PATH", "PYTHONPATH")
_RESTARTED = "ambertime_restarted"
"""The option of Python (which ignores it) that marks a process started by `restart_in_utf8_mode`."""
_DROPPED = ("PYTHONSTARTUP", "PYTHONINSPECT")
"""Variables that make Python run a file, or wait for input, besides the module it was asked to run."""


def python_module(module: str) -> list[str]:
    """Return the command that runs a module with this Python; append the module's arguments to it.

    `-P` keeps the current folder out of the search path. Unlike `-I`, it keeps installations by `pip
    install --user` and PYTHONPATH working. `-X utf8` makes file names UTF-8 in any locale.
    """
    return [sys.executable, "-P", "-X", "utf8", "-m", module]


def safe_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no search path leads to the current folder."""
    safe = {name: value for name, value in environ.items() if name not in _DROPPED}
    for name in _SEARCH_PATHS:
        if name in safe:
            parts = [part for part in safe[name].split(os.pathsep) if part.startswith("/")]
            safe[name] = os.pathsep.join(parts)
    if not safe.get("PYTHONPATH"):
        safe.pop("PYTHONPATH", None)  # an empty one is read as the current folder by some versions
    return safe


def restart_in_utf8_mode() -> None:
    """Replace this process with the same command in Python's UTF-8 mode, if the locale is not UTF-8.

    Otherwise Python would read arguments, and write file names, in the encoding of the locale: a name could
    fail, or get other bytes on the drive than in a UTF-8 locale. What is printed stays in that encoding.
    Returns if there is nothing to do, or if the command cannot be started again.
    """
    if _RESTARTED in sys._xoptions:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding=locale.getencoding(), errors="backslashreplace")
    if sys.getfilesystemencoding() == "utf-8" or not sys.executable:
        return
    command = [sys.executable, "-X", "utf8", "-X", _RESTARTED, *sys.orig_argv[1:]]
    try:
        os.execve(sys.executable, command, safe_environment(os.environ))
    except OSError:
        return
