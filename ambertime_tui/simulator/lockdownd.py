"""lockdownd (port 62078): device values, pairing, sessions, and starting services."""

from __future__ import annotations

import ssl
import struct
from typing import Any

from ambertime_tui.simulator import identity, plists
from ambertime_tui.simulator.channel import Channel
from ambertime_tui.simulator.phone import LOCKDOWN, ServiceStart, SimulatedPhone, new_session_id
from ambertime_tui.simulator.services import SERVICES


class LockdownSession:
    """One connection to lockdownd. Every reply repeats the request's name, as clients require."""

    def __init__(self, phone: SimulatedPhone, channel: Channel) -> None:
        self._phone = phone
        self._channel = channel
        self._host_id: str | None = None
        self._session_id = ""

    async def serve(self) -> None:
        """Answer requests until the computer disconnects."""
        answered = 0
        while True:
            message = await self._channel.receive_plist()
            request = plists.text(message, "Request")
            limit = self._phone.faults.lockdown_drops_after
            if limit is not None and answered >= limit:
                return
            self._phone.journal.requests[f"lockdown.{request}"] += 1
            await self._channel.round_trip()
            if request == "StartSession":
                await self._start_session(message)
            else:
                await self._channel.send_plist({"Request": request} | self._answer(request, message))
            answered += 1
            if request == "Goodbye":
                return

    def _answer(self, request: str, message: dict[str, Any]) -> dict[str, Any]:
        match request:
            case "QueryType":
                return {"Type": LOCKDOWN}
            case "GetValue":
                return self._value(plists.text(message, "Domain"), plists.text(message, "Key"))
            case "SetValue" | "RemoveValue":
                self._phone.journal.refused_writes.append(f"lockdown {request} {plists.text(message, 'Key')}")
                return {"Error": "SetProhibited"}
            case "Pair" | "ValidatePair":
                return self._pair(request, message)
            case "Unpair":
                record = message.get("PairRecord")
                self._phone.forget_host(plists.text(record, "HostID") if isinstance(record, dict) else "")
                return {}
            case "StopSession":
                self._host_id = None
                return {"Result": "Success"}
            case "StartService":
                return self._start_service(plists.text(message, "Service"))
            case "Goodbye":
                return {"Result": "Success"}
        return {"Error": "InvalidRequest"}

    def _value(self, domain: str, key: str) -> dict[str, Any]:
        in_session = self._host_id is not None
        facts = self._phone.facts
        values: dict[str, Any] | None
        if domain:
            if not in_session:
                return {"Domain": domain, "Key": key, "Error": "GetProhibited"}
            values = facts.domain(domain)
        else:
            public_key = identity.device_identity().public_key
            values = facts.public_values(public_key, locked=self._phone.locked)
            if in_session:
                values |= facts.private_values()
            elif key in facts.private_values():
                return {"Key": key, "Error": "GetProhibited"}
        named = {"Domain": domain} if domain else {}
        if not key:
            return named | {"Value": values or {}}
        if values is None or key not in values:
            return named | {"Key": key, "Error": "MissingValue"}
        return named | {"Key": key, "Value": values[key]}

    def _pair(self, request: str, message: dict[str, Any]) -> dict[str, Any]:
        record = message.get("PairRecord")
        if not isinstance(record, dict) or not plists.text(record, "HostID"):
            return {"Error": "InvalidPairRecord"}
        host_id = plists.text(record, "HostID")
        if request == "ValidatePair":
            return {} if self._phone.knows_host(host_id) else {"Error": "InvalidHostID"}
        if self._phone.locked:
            return {"Error": "PasswordProtected"}
        certificates = identity.host_certificates(record)
        if self._phone.tls:
            try:
                identity.server_context(certificates)
            except (ssl.SSLError, ValueError):
                return {"Error": "InvalidPairRecord"}
        accepted = self._phone.asks_for_trust()
        if accepted is None:
            return {"Error": "PairingDialogResponsePending"}
        if not accepted:
            return {"Error": "UserDeniedPairing"}
        self._phone.trust_host(host_id, certificates)
        return {"EscrowBag": b"\0" * 32}

    async def _start_session(self, message: dict[str, Any]) -> None:
        host_id = plists.text(message, "HostID")
        if not self._phone.knows_host(host_id):
            await self._channel.send_plist({"Request": "StartSession", "Error": "InvalidHostID"})
            return
        if self._host_id is not None:
            await self._channel.send_plist({"Request": "StartSession", "Error": "SessionActive"})
            return
        self._host_id = host_id
        self._session_id = new_session_id()
        context = self._phone.tls_context(host_id)
        body = plists.build(
            {
                "Request": "StartSession",
                "SessionID": self._session_id,
                "EnableSessionSSL": context is not None,
            }
        )
        reply = struct.pack(">I", len(body)) + body
        if context is None:
            await self._channel.send(reply)
        else:
            try:
                await self._channel.send_then_start_tls(reply, context)
            except OSError:
                self._phone.note_broken_handshake()
                raise

    def _start_service(self, name: str) -> dict[str, Any]:
        if self._host_id is None:
            return {"Error": "SessionInactive"}
        if not self._phone.knows_host(self._host_id):
            return {"Error": "InvalidHostID"}
        if name not in SERVICES:
            return {"Error": "InvalidService"}
        if self._phone.locked:
            return {"Error": "PasswordProtected"}
        context = self._phone.tls_context(self._host_id)
        port = self._phone.open_port(ServiceStart(name, context))
        self._phone.journal.services[name] += 1
        return {"Service": name, "Port": port} | ({"EnableServiceSSL": True} if context else {})
