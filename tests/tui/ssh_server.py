"""A real sshd on loopback, for one test: own keys, own port, own config, nothing of the system's."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UP_WITHIN = 20.0
"""Seconds."""
PRIVILEGE_SEPARATION = Path("/run/sshd")
"""An sshd of root wants this folder; distributions make it when they start their own sshd."""
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile {folder}/pid
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
PrintLastLog no
"""


def missing_ssh() -> str:
    """What a test with a real sshd lacks here; empty: nothing."""
    absent = [name for name in ("ssh", "ssh-keygen") if shutil.which(name) is None]
    if _sshd() is None:
        absent.append("sshd (Debian: openssh-server)")
    return f"needs {', '.join(absent)}" if absent else ""


def _sshd() -> str | None:
    """sshd insists on being started by its absolute path."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True, slots=True)
class SshServer:
    """An sshd that runs."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def login(self, remote: Sequence[str]) -> list[str]:
        """The command that logs in as this user, with a terminal, and runs a command there."""
        options = {
            "IdentityFile": f"{self.folder}/user_key",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": f"{self.folder}/known_hosts",
            "StrictHostKeyChecking": "accept-new",
            "EscapeChar": "none",
            "LogLevel": "ERROR",
        }
        user = pwd.getpwuid(os.getuid()).pw_name
        return [
            *("ssh", "-F", "none", "-tt", "-p", str(self.port)),
            *(f"-o{name}={value}" for name, value in options.items()),
            *(f"{user}@localhost", *remote),
        ]

    def sessions(self) -> tuple[int, ...]:
        """The process ids of the connections, as the server sees them."""
        return _children(self.process.pid)


def _children(pid: int) -> tuple[int, ...]:
    with contextlib.suppress(OSError):
        return tuple(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return ()


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Starts sshd on a free port of loopback; ended with its connections when the block is left.

    Args:
        folder: for keys and config; has to exist.
    """
    for key in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True, timeout=30
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, folder=folder))
    log = folder / "log"
    with _privilege_separation(), log.open("wb") as lines:
        sshd = _sshd()
        assert sshd is not None
        process = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=lines)
        server = SshServer(port, folder, process)
        try:
            _wait_until_up(server, log)
            yield server
        finally:
            for session in server.sessions():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(session, 15)
            process.terminate()
            process.wait(10)


@contextmanager
def _privilege_separation() -> Iterator[None]:
    ours = os.getuid() == 0 and not PRIVILEGE_SEPARATION.exists()
    if ours:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755)
    try:
        yield
    finally:
        if ours:
            with contextlib.suppress(OSError):
                PRIVILEGE_SEPARATION.rmdir()


def _wait_until_up(server: SshServer, log: Path) -> None:
    end = time.monotonic() + UP_WITHIN
    while True:
        assert server.process.poll() is None, log.read_text(errors="replace")
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except ConnectionRefusedError:
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.02)
        else:
            return
