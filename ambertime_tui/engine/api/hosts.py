"""The engine hosts of this user on this computer: list the running ones and start another."""

from __future__ import annotations

import os
import secrets
import socket as sockets
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from ambertime_tui import __version__
from ambertime_tui.child_processes import NEUTRAL_FOLDER, python_module, safe_environment
from ambertime_tui.engine.api.lines import (
    LONGEST_HELLO,
    is_our_socket,
    is_ours,
    peer_is_ours,
    receive_line,
)
from ambertime_tui.engine.api.messages import ask_line, has_a_job, hello_from
from ambertime_tui.engine.api.protocol import Ask, EngineError, Hello, RunningJob
from ambertime_tui.paths import Paths, PathsError, private
from ambertime_tui.phone.usbmux_address import normalize_usbmux_address

HOST_STARTS_WITHIN = 20.0
"""Seconds. A slow computer under load takes one or two."""
HOST_ANSWERS_WITHIN = 2.0
"""Seconds that `running_jobs` waits for each host."""


@dataclass(frozen=True, slots=True)
class FoundJobs:
    """The running jobs of this user on this computer."""

    jobs: tuple[RunningJob, ...]
    """Oldest first."""
    unreadable: tuple[EngineError, ...]
    """Why other hosts, which may have a job, cannot be asked; each message says what to do."""


def running_jobs(paths: Paths) -> tuple[RunningJob, ...]:
    """List this user's running jobs on this computer, oldest first. Removes sockets of dead hosts.

    Raises:
        EngineError: see `find_jobs`.
    """
    return find_jobs(paths).jobs


def find_jobs(paths: Paths) -> FoundJobs:
    """Find this user's running jobs on this computer. Removes sockets of dead hosts.

    Raises:
        EngineError: `OtherUser`: the folder of the sockets is not this user's, so none of them is trusted.
    """
    if not os.path.lexists(paths.runtime):
        return FoundJobs((), ())
    if not is_ours(paths.runtime):
        raise EngineError(
            "OtherUser",
            f"{paths.runtime} belongs to another user, can be written to by others, or is a link. AmberTime "
            "does not use it. Set XDG_RUNTIME_DIR to a private folder.",
        )
    found: list[RunningJob] = []
    unreadable: list[EngineError] = []
    for socket in filter(is_our_socket, sorted(paths.runtime.glob("*.sock"))):
        try:
            hello = _hello_from(socket)
        except EngineError as error:
            unreadable.append(error)
            continue
        if hello is not None and hello.job is not None:
            found.append(replace(hello.job, socket=str(socket)))
    return FoundJobs(tuple(sorted(found, key=lambda job: job.started_at)), tuple(unreadable))


def _hello_from(socket: Path) -> Hello | None:
    """What a host says; None if it has ended, or if another version has no job.

    Raises:
        EngineError: it cannot be understood, or does not respond.
    """
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as connection:
        connection.settimeout(HOST_ANSWERS_WITHIN)
        try:
            connection.connect(str(socket))
            if peer_is_ours(connection):
                connection.sendall(ask_line(0, Ask.HELLO))
                return _decoded(receive_line(connection, LONGEST_HELLO, HOST_ANSWERS_WITHIN), socket)
        except ConnectionRefusedError:
            socket.unlink(missing_ok=True)
        except TimeoutError as error:
            raise host_silent(socket, HOST_ANSWERS_WITHIN) from error
        except ValueError as error:
            raise _not_a_host(socket) from error
        except OSError:
            pass  # about to end
    return None


def _decoded(line: bytes, socket: Path) -> Hello | None:
    if not line:
        return None
    try:
        return hello_from(line, __version__)
    except EngineError as error:
        if error.kind != "OtherVersion":
            raise _not_a_host(socket) from error
        if not has_a_job(line):
            return None
        raise


def host_silent(socket: Path, seconds: float) -> EngineError:
    """The error of a host that does not respond."""
    return EngineError(
        "HostSilent",
        f"The engine at {socket} has not responded for {seconds:.0f} s. Try again. If it still does not "
        "respond, end its process, then start the backup again to resume it.",
    )


def _not_a_host(socket: Path) -> EngineError:
    return EngineError(
        "NotUnderstood",
        f"The process at {socket} does not answer like AmberTime. If you did not start it, delete that file.",
    )


def start_host(paths: Paths, environ: dict[str, str]) -> Path:
    """Start a host and return its socket. Blocks until the host is ready.

    Raises:
        EngineError: `HostFailed`: it did not start. The message gives the reason and the path of the log.
    """
    try:
        runtime, state = private(paths.runtime), private(paths.state)
    except PathsError as error:
        raise EngineError("HostFailed", str(error)) from error
    socket = runtime / f"{secrets.token_hex(4)}.sock"
    log = state / "engine.log"
    command = [*python_module("ambertime_tui.engine.host"), "--socket", str(socket)]
    command += ["--state", str(paths.state), "--data", str(paths.data)]
    child_environ = safe_environment(environ)
    normalize_usbmux_address(child_environ)  # while a relative path still leads to its socket
    try:
        started = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environ,
            cwd=NEUTRAL_FOLDER,
            timeout=HOST_STARTS_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError("HostFailed", f"The engine did not start: {error}. See its log: {log}") from error
    if started.returncode != 0:
        why = started.stdout.decode(errors="replace").strip()
        raise EngineError("HostFailed", why or f"The engine did not start. See its log: {log}")
    return socket
