"""`ambertime simulate` as a process, and its control socket."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymobiledevice3 import usbmux as client

from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.command import add_arguments, run
from ambertime_tui.simulator.control import ControlClient, ControlError, faults_from
from ambertime_tui.simulator.faults import Faults, PathFault
from tests.simulator.wire_clients import RawMux, settle

SCRIPT = """
import argparse, sys
from ambertime_tui.simulator.command import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run(parser.parse_args()))
"""
PATIENCE_SECONDS = 60


@contextmanager
def simulating(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A simulator that says it is ready; what it says comes with it."""
    with simulating_early(*arguments) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())


@contextmanager
def simulating_early(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A simulator that need not be ready yet."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "--socket", os.environ["USBMUXD_SOCKET_ADDRESS"], *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def listed() -> list[str]:
    return [device.serial for device in asyncio.run(client.list_devices())]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_a_folder_until_it_is_told_to_end(media_folder: Path, number: signal.Signals) -> None:
    with simulating("--media", str(media_folder), "--name", "Mine", "--ios", "26") as (process, ready):
        assert ready["type"] == "ready"
        assert [phone["name"] for phone in ready["phones"]] == ["Mine"]
        assert listed() == [phone["udid"] for phone in ready["phones"]]
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not Path(ready["socket"]).exists()


def test_it_ends_with_whoever_holds_its_standard_input(media_folder: Path) -> None:
    with simulating("--media", str(media_folder), "--until-stdin-closes") as (process, _):
        mux = RawMux()
        assert mux.connect(1, 62078) == 0
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert mux.ends()


def test_without_a_folder_each_phone_gets_a_library_of_its_own_and_takes_it_with_it(tmp_path: Path) -> None:
    with simulating("--phones", "2", "--assets", "30", "--seed", "3", "--plain") as (process, ready):
        assert sorted(listed()) == sorted(phone["udid"] for phone in ready["phones"])
        folders = [Path(phone["media"]) for phone in ready["phones"]]
        assert len(set(folders)) == 2
        assert all((folder / "PhotoData" / "Photos.sqlite").is_file() for folder in folders)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not any(folder.exists() for folder in folders)


def test_a_library_that_is_being_made_is_given_up_when_the_end_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with simulating_early("--assets", "300000") as process:
        settle(lambda: any(tmp_path.glob("ambertime-phone-*")))
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not any(tmp_path.glob("ambertime-phone-*"))


def test_a_library_made_into_a_folder_stays_there(tmp_path: Path) -> None:
    with simulating("--into", str(tmp_path / "kept"), "--assets", "10") as (process, _):
        process.terminate()
        process.wait(PATIENCE_SECONDS)
    assert list((tmp_path / "kept").rglob("Photos.sqlite"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--media", "/no/such/folder"], 2, "/no/such/folder is not a folder."),
        (["--phones", "0"], 2, "--phones must be at least 1."),
        (["--phones", "2", "--udid", "x"], 2, "--udid sets the UDID of a single phone"),
        (["--media", ".", "--into", "."], 2, "--into needs a library to generate"),
        (
            ["--media", ".", "--socket", "/no/such/folder/socket"],
            1,
            "Cannot listen on /no/such/folder/socket",
        ),
        (["--media", ".", "--socket", "localhost:no-port"], 1, "Cannot listen on localhost:no-port"),
        (
            ["--media", ".", "--control", "/no/such/folder/socket"],
            1,
            "Cannot listen on /no/such/folder/socket",
        ),
        (["--assets", "10", "--icloud-share", "7"], 1, "between 0 and 1"),
    ],
)
def test_what_it_cannot_do_it_says_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    socket = os.environ["USBMUXD_SOCKET_ADDRESS"]
    assert run(parser.parse_args(["--socket", socket, *arguments])) == code
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


@pytest.fixture
def control(media_folder: Path, short_tmp: Path) -> Iterator[ControlClient]:
    path = short_tmp / "control"
    with (
        simulating("--media", str(media_folder), "--control", str(path), "--trust", "asks", "--plain"),
        ControlClient(path) as hands,
    ):
        assert path.stat().st_mode & 0o777 == 0o600
        yield hands


def test_hands_on_the_control_socket_unplug_and_plug_in(control: ControlClient) -> None:
    (phone,) = control.do("phones")["phones"]
    assert (phone["device_ids"], phone["locked"], phone["trust"]) == ([1], False, "asks")
    control.do("unplug")
    assert listed() == []
    assert control.do("plug")["device_id"] == 2
    assert control.do("replug", phone=phone["udid"])["device_id"] == 3
    control.do("plug", over="Network")
    assert listed() == [phone["udid"]] * 2


def test_hands_on_the_control_socket_lock_and_trust(control: ControlClient) -> None:
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    pair = {"PairRecord": {"HostID": "me"}}
    control.do("lock")
    assert mux.lockdown("Pair", **pair)["Error"] == "PasswordProtected"
    control.do("unlock")
    assert mux.lockdown("Pair", **pair)["Error"] == "PairingDialogResponsePending"
    control.do("answer_trust", accepted=True)
    assert "EscrowBag" in mux.lockdown("Pair", **pair)
    control.do("trust", behaviour="refuses")
    assert mux.lockdown("Pair", **pair)["Error"] == "UserDeniedPairing"
    control.do("forget_hosts")
    assert mux.lockdown("StartSession", HostID="me")["Error"] == "InvalidHostID"


def test_hands_on_the_control_socket_cause_faults_and_see_what_was_asked(control: ControlClient) -> None:
    control.do("faults", set={"lockdown_drops_after": 1})
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    mux.lockdown("QueryType")
    with pytest.raises((EOFError, ConnectionError)):
        mux.lockdown("QueryType")
    control.do("faults")
    control.do("facts", set={"free_bytes": 5, "name": "Renamed", "on_power": False})
    control.do("link", name="usb3")
    control.do("link", round_trip=0.001, bytes_per_second=1e6)
    assert control.do("journal")["requests"] == {"lockdown.QueryType": 1}
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    assert mux.lockdown("GetValue", Key="DeviceName")["Value"] == "Renamed"
    control.do("drop")
    assert mux.ends()


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("fly", {}),
        ("lock", {"phone": "nobody"}),
        ("plug", {"over": "the moon"}),
        ("trust", {"behaviour": "maybe"}),
        ("answer_trust", {"accepted": 1}),
        ("faults", {"set": []}),
        ("faults", {"set": {"no_such_fault": 1}}),
        ("faults", {"set": {"afc_reply_limit": "long"}}),
        ("faults", {"set": {"afc_reply_limit": -1}}),
        ("faults", {"set": {"handle_limit": None}}),
        ("faults", {"set": {"handle_limit": True}}),
        ("faults", {"set": {"locked_files_denied": 1}}),
        ("faults", {"set": {"paths": {}}}),
        ("faults", {"set": {"paths": [{"on": "read"}]}}),
        ("faults", {"set": {"paths": [{"path": "/a", "status": "SAD"}]}}),
        ("faults", {"set": {"paths": [{"path": "/a", "on": "eat"}]}}),
        ("link", {"name": "usb9"}),
        ("link", {"bytes_per_second": 0}),
        ("facts", {"set": {"udid": "other"}}),
        ("facts", {"set": None}),
        ("drop", {"service": 5}),
        ("notify", {}),
    ],
)
def test_commands_that_make_no_sense_are_refused_in_a_sentence(
    shared_control: ControlClient, command: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ControlError, match=r".+\.$"):
        shared_control.do(command, **arguments)


@pytest.fixture(scope="module")
def shared_control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlClient]:
    """One for all refusals: they change nothing."""
    with tempfile.TemporaryDirectory(prefix="at-") as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("USBMUXD_SOCKET_ADDRESS", f"{short}/mux")
        with (
            simulating("--media", short, "--control", f"{short}/control"),
            ControlClient(Path(short, "control")) as hands,
        ):
            yield hands
            assert hands.do("journal")["requests"] == {}


@pytest.mark.parametrize("line", ["nonsense", "[]", "5", '{"do": 5}', "{}", "\x00", '{"do":'])
def test_lines_that_are_no_command_are_refused(shared_control: ControlClient, line: str) -> None:
    shared_control._socket.sendall(line.encode() + b"\n")
    assert json.loads(shared_control._lines.readline())["ok"] is False


def test_faults_are_spelled_in_json_as_in_python() -> None:
    spelled = faults_from(
        {
            "cable_pulled_after": 5,
            "replugged_after": 0.5,
            "paths": [{"path": "/a", "on": "open", "status": "PERM_DENIED", "times": 2}, {"path": "/b"}],
        }
    )
    assert spelled == Faults(
        cable_pulled_after=5,
        replugged_after=0.5,
        paths=(PathFault("/a", "open", AfcStatus.PERM_DENIED, times=2), PathFault("/b")),
    )


def test_a_cable_pulled_by_count_takes_the_phone_off_the_list(control: ControlClient) -> None:
    control.do("faults", set={"cable_pulled_after": 10})
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    with pytest.raises((EOFError, ConnectionError)):
        mux.lockdown("QueryType")
    settle(lambda: listed() == [])
