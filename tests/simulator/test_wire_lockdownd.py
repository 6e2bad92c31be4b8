"""The simulated lockdownd, request by request, including requests that no correct client sends."""

from __future__ import annotations

from typing import Any

import pytest

from ambertime_tui.simulator.identity import HOST_ID, device_identity
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.simulator.wire_clients import RawMux


@pytest.fixture
def lockdown(simulated_phone: SimulatedPhone) -> RawMux:
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    return mux


def test_every_reply_repeats_the_request(lockdown: RawMux) -> None:
    for request in ("QueryType", "GetValue", "StartSession", "StartService", "Pair", "Fly", "Goodbye"):
        assert lockdown.lockdown(request)["Request"] == request
    assert lockdown.ends()


def test_a_session_is_required_and_can_be_started_once(lockdown: RawMux) -> None:
    assert lockdown.lockdown("StartService", Service="com.apple.afc")["Error"] == "SessionInactive"
    assert lockdown.lockdown("StartSession", HostID="somebody")["Error"] == "InvalidHostID"
    assert lockdown.lockdown("StartSession", HostID=HOST_ID)["EnableSessionSSL"] is False
    assert lockdown.lockdown("StartSession", HostID=HOST_ID)["Error"] == "SessionActive"
    assert "Port" in lockdown.lockdown("StartService", Service="com.apple.afc")
    assert lockdown.lockdown("StopSession")["Result"] == "Success"
    assert lockdown.lockdown("StartService", Service="com.apple.afc")["Error"] == "SessionInactive"


def test_a_host_forgotten_during_its_session_cannot_start_services(
    lockdown: RawMux, simulated_phone: SimulatedPhone
) -> None:
    lockdown.lockdown("StartSession", HostID=HOST_ID)
    simulated_phone.forget_hosts()
    assert lockdown.lockdown("StartService", Service="com.apple.afc")["Error"] == "InvalidHostID"


def test_a_port_accepts_one_connection(lockdown: RawMux) -> None:
    lockdown.lockdown("StartSession", HostID=HOST_ID)
    port = lockdown.lockdown("StartService", Service="com.apple.afc")["Port"]
    assert [RawMux().connect(1, port) for _ in range(2)] == [0, 3]


def test_unknown_values_are_reported_as_missing(lockdown: RawMux) -> None:
    lockdown.lockdown("StartSession", HostID=HOST_ID)
    assert lockdown.lockdown("GetValue", Key="NoSuchKey")["Error"] == "MissingValue"
    assert lockdown.lockdown("GetValue", Domain="com.apple.none", Key="x")["Error"] == "MissingValue"
    assert lockdown.lockdown("GetValue", Domain="com.apple.none")["Value"] == {}


CERTIFICATE = device_identity().certificate


@pytest.mark.parametrize(
    "record",
    [
        None,
        "text",
        {},
        {"HostID": 5},
        {"HostID": "me"},
        {"HostID": "me", "RootCertificate": b""},
        {"HostID": "me", "RootCertificate": b"junk"},
        {"HostID": "me", "RootCertificate": "text"},
        {"HostID": "me", "RootCertificate": CERTIFICATE[:200]},
        {"HostID": "me", "RootCertificate": b"\xff" + CERTIFICATE[:90] + b"\xff\n-----END CERTIFICATE-----"},
    ],
)
def test_pairing_with_tls_requires_a_certificate(phone_factory: PhoneFactory, record: Any) -> None:
    phone = phone_factory(tls=True, paired=False)
    mux = RawMux()
    assert mux.connect(1, 62078) == 0
    fields = {} if record is None else {"PairRecord": record}
    assert mux.lockdown("Pair", **fields)["Error"] == "InvalidPairRecord"
    assert not phone.knows_host("me")
