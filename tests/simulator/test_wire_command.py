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
from pymobiledevice3.exceptions import AfcException
from pymobiledevice3.lockdown import create_using_usbmux
from pymobiledevice3.services.afc import AfcService

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
    """Start a simulator and wait until it is ready. Yield the process and its ready line."""
    with simulating_early(*arguments) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())


@contextmanager
def simulating_early(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a simulator without waiting for it."""
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
def test_it_serves_a_folder_until_a_signal_stops_it(media_folder: Path, number: signal.Signals) -> None:
    with simulating("--media", str(media_folder), "--name", "Mine", "--ios", "26") as (process, ready):
        assert ready["type"] == "ready"
        assert [phone["name"] for phone in ready["phones"]] == ["Mine"]
        assert listed() == [phone["udid"] for phone in ready["phones"]]
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not Path(ready["socket"]).exists()


def test_it_stops_when_standard_input_is_closed(media_folder: Path) -> None:
    with simulating("--media", str(media_folder), "--until-stdin-closes") as (process, _):
        mux = RawMux()
        assert mux.connect(1, 62078) == 0
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert mux.ends()


def test_without_a_folder_each_phone_gets_a_temporary_library(tmp_path: Path) -> None:
    with simulating("--phones", "2", "--assets", "30", "--seed", "3", "--plain") as (process, ready):
        assert sorted(listed()) == sorted(phone["udid"] for phone in ready["phones"])
        folders = [Path(phone["media"]) for phone in ready["phones"]]
        assert len(set(folders)) == 2
        assert all((folder / "PhotoData" / "Photos.sqlite").is_file() for folder in folders)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not any(folder.exists() for folder in folders)


def test_a_signal_stops_generating_a_library_and_removes_it(
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
        (["--behaviour", "one-handle,two-handles"], 1, "no behaviour named 'two-handles'"),
    ],
)
def test_an_impossible_request_gets_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    socket = os.environ["USBMUXD_SOCKET_ADDRESS"]
    assert run(parser.parse_args(["--socket", socket, *arguments])) == code
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_behaviours_reach_the_library_the_icloud_and_the_wire(tmp_path: Path, short_tmp: Path) -> None:
    names = "no-database,deferred-originals,grows-in-place"
    control = short_tmp / "control"
    options = ("--assets", "40", "--grown-database", "--behaviour", names, "--control", str(control))
    with simulating(*options) as (_, ready), ControlClient(control) as phone:

        async def read() -> None:
            lockdown = await create_using_usbmux(
                serial=ready["phones"][0]["udid"], pairing_records_cache_folder=tmp_path
            )
            async with lockdown, AfcService(lockdown) as afc:
                with pytest.raises(AfcException):
                    await afc.get_file_contents("/PhotoData/Photos.sqlite")

        asyncio.run(read())
        assert phone.do("icloud")["settings"]["grows_in_place"] is True
        assert phone.do("finish_processing")["items"] == 3
        assert phone.do("wake") == {"ok": True}


@pytest.fixture
def control(media_folder: Path, short_tmp: Path) -> Iterator[ControlClient]:
    path = short_tmp / "control"
    with (
        simulating("--media", str(media_folder), "--control", str(path), "--trust", "asks", "--plain"),
        ControlClient(path) as client,
    ):
        assert path.stat().st_mode & 0o777 == 0o600
        yield client


def test_the_control_socket_unplugs_and_plugs_in(control: ControlClient) -> None:
    (phone,) = control.do("phones")["phones"]
    assert (phone["device_ids"], phone["locked"], phone["trust"]) == ([1], False, "asks")
    control.do("unplug")
    assert listed() == []
    assert control.do("plug")["device_id"] == 2
    assert control.do("replug", phone=phone["udid"])["device_id"] == 3
    control.do("plug", over="Network")
    assert listed() == [phone["udid"]] * 2


def test_the_control_socket_locks_and_answers_the_trust_dialog(control: ControlClient) -> None:
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


def test_the_control_socket_injects_faults_and_reads_the_journal(control: ControlClient) -> None:
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
def test_invalid_commands_are_refused_with_a_sentence(
    shared_control: ControlClient, command: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ControlError, match=r".+\.$"):
        shared_control.do(command, **arguments)


@pytest.fixture(scope="module")
def shared_control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlClient]:
    """A control client shared by all refused commands, which change nothing."""
    with tempfile.TemporaryDirectory(prefix="at-") as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("USBMUXD_SOCKET_ADDRESS", f"{short}/mux")
        with (
            simulating("--media", short, "--control", f"{short}/control"),
            ControlClient(Path(short, "control")) as client,
        ):
            yield client
            assert client.do("journal")["requests"] == {}


@pytest.mark.parametrize("line", ["nonsense", "[]", "5", '{"do": 5}', "{}", "\x00", '{"do":'])
def test_lines_that_are_not_commands_are_refused(shared_control: ControlClient, line: str) -> None:
    shared_control._socket.sendall(line.encode() + b"\n")
    assert json.loads(shared_control._lines.readline())["ok"] is False


def test_faults_have_the_same_names_in_json_as_in_python() -> None:
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


def test_a_phone_whose_cable_is_cut_is_no_longer_listed(control: ControlClient) -> None:
    control.do("faults", set={"cable_pulled_after": 10})
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    with pytest.raises((EOFError, ConnectionError)):
        mux.lockdown("QueryType")
    settle(lambda: listed() == [])
