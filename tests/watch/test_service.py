"""`watch --install` writes a service that systemd accepts, and `--uninstall` removes it."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from ambertime_tui.watch.service import install, service_for, uninstall
from tests.cli.conftest import Ambertime, ambertime  # noqa: F401


def test_the_unit_starts_this_python_and_is_removed_again(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "USER": "anna", "USBMUXD_SOCKET_ADDRESS": '/run/a "b" 50%'}
    service = service_for(environ, "linux")
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> bool:
        commands.append(command)
        return True

    said = install(service, run)
    assert service.file == tmp_path / ".config/systemd/user/ambertime-watch.service"
    text = service.file.read_text()
    assert '"ambertime_tui" "watch"' in text
    assert 'Environment="USBMUXD_SOCKET_ADDRESS=/run/a \\"b\\" 50%%"' in text
    assert "KillMode=process" in text, "a running backup continues"
    assert [" ".join(command) for command in commands] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now ambertime-watch.service",
    ]
    assert said[-1].endswith("sudo loginctl enable-linger anna")
    (removed,) = uninstall(service, run)
    assert removed.startswith("Stopped the service and removed ")
    assert not service.file.exists()
    assert uninstall(service, run) == ("The service is not installed.",)


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    service = service_for({"HOME": str(tmp_path), "USER": "anna"}, "linux")
    install(service, lambda command: True)
    done = subprocess.run(
        [tool, "verify", "--user", "--man=no", str(service.file)], capture_output=True, text=True, check=False
    )
    assert "ambertime" not in done.stderr, done.stderr


def test_the_agent_for_macos_is_a_property_list(tmp_path: Path) -> None:
    service = service_for({"HOME": str(tmp_path)}, "darwin")
    said = install(service, lambda command: False)
    agent = plistlib.loads(service.file.read_bytes())
    assert service.file.parent == tmp_path / "Library/LaunchAgents"
    assert agent["ProgramArguments"][-2:] == ["ambertime_tui", "watch"]
    assert agent["AbandonProcessGroup"] is True, "a running backup continues"
    assert said[1].startswith("The service could not be started. Start it with: launchctl bootstrap gui/")


def test_the_command_installs_and_removes_the_service(home: Path, ambertime: Ambertime) -> None:  # noqa: F811
    file = home / ".config/systemd/user/ambertime-watch.service"
    assert ambertime("watch", "--install").code == 0
    assert file.exists()
    (record,) = ambertime("watch", "--uninstall", "--json").records
    assert (record["type"], record["file"], record["installed"]) == ("service", str(file), False)
    assert not file.exists()
    assert ambertime("watch", "--install", "--uninstall").code == 2
