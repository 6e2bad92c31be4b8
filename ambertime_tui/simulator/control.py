"""The control socket: operate simulated phones from another process, and inject faults.

The protocol is JSON Lines on a Unix socket. Each request is an object with "do" and, if there are several
phones, "phone" (a UDID). The replies are `{"ok": true, ...}` or `{"ok": false, "error": "a sentence"}`, in
the same order. docs/simulator.md describes every command.

    {"do": "phones"}                                   lists the phones and their state
    {"do": "plug"} {"do": "plug", "over": "Network"}   returns the new "device_id"
    {"do": "unplug"} {"do": "replug"}                  replug returns the new "device_id"
    {"do": "lock"} {"do": "unlock"} {"do": "wake"}
    {"do": "trust", "behaviour": "asks"}               accepts, asks or refuses an unknown computer
    {"do": "answer_trust", "accepted": true}           the user taps Trust, or Don't Trust
    {"do": "forget_hosts"}                             invalidates every pair record
    {"do": "faults", "set": {"afc_reply_limit": 5000, "paths": [{"path": "/a", "on": "open", "times": 1}]}}
                                                       fields of `Faults` and `PathFault`, statuses by name;
                                                       faults left out are cleared
    {"do": "link", "name": "usb2"}                     one of `LINKS`, or "round_trip" and "bytes_per_second"
    {"do": "facts", "set": {"free_bytes": 5000000, "on_power": false}}
    {"do": "drop", "service": "com.apple.afc"}         closes connections; without "service", all of them
    {"do": "notify", "name": "com.apple.mobile.lockdown.device_name_changed"}
    {"do": "journal"}                                  what computers have requested so far
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ambertime_tui.simulator import unix_sockets
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.facts import Facts
from ambertime_tui.simulator.faults import PATH_OPERATIONS, Faults, PathFault
from ambertime_tui.simulator.link import LINKS, Link
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from ambertime_tui.simulator.usbmuxd import Usbmuxd

Command = Callable[[SimulatedPhone, Mapping[str, Any]], Mapping[str, Any] | None]
"""Runs one command for a phone. Its result is merged into the reply. Raises `ControlError`."""
_LONGEST_LINE = 1024 * 1024


class ControlError(Exception):
    """A command cannot be carried out. The message is a sentence for the user."""


class ControlServer:
    """A server on the control socket, in the event loop of the usbmuxd."""

    def __init__(
        self, usbmuxd: Usbmuxd, phones: Iterable[SimulatedPhone], more: Mapping[str, Command] | None = None
    ) -> None:
        self._usbmuxd = usbmuxd
        self._phones = {phone.udid: phone for phone in phones}
        self._commands: dict[str, Command] = {
            "plug": self._plug,
            "unplug": lambda phone, _: self._usbmuxd.detach(phone),
            "replug": self._replug,
            "lock": lambda phone, _: setattr(phone, "locked", True),
            "unlock": lambda phone, _: phone.unlock(),
            "wake": lambda phone, _: phone.wake(),
            "trust": _set_trust,
            "answer_trust": _answer_trust,
            "forget_hosts": lambda phone, _: phone.forget_hosts(),
            "faults": _set_faults,
            "link": _set_link,
            "facts": _set_facts,
            "drop": _drop,
            "notify": _notify,
            "journal": lambda phone, _: journal_of(phone),
            **(more or {}),
        }
        self._server: asyncio.Server | None = None
        self._path = ""
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self, path: Path) -> None:
        """Start listening.

        Raises:
            OSError: the path is in use or cannot be used.
        """
        unix_sockets.remove_stale(str(path))
        self._server = await asyncio.start_unix_server(self._serve, path, limit=_LONGEST_LINE)
        unix_sockets.make_private(str(path))
        self._path = str(path)

    async def stop(self) -> None:
        """Close all connections and remove the socket."""
        if self._server is not None:
            self._server.close()
            unix_sockets.remove(self._path)
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def answer(self, line: bytes) -> dict[str, Any]:
        """Run the command in one line and return the reply."""
        try:
            message = json.loads(line)
        except ValueError:
            return _refusal("A command must be one JSON object on one line.")
        if not isinstance(message, dict) or not isinstance(message.get("do"), str):
            return _refusal('A command must be a JSON object with "do".')
        try:
            if message["do"] == "phones":
                return {"ok": True, "phones": [self._description(phone) for phone in self._phones.values()]}
            command = self._commands.get(message["do"])
            if command is None:
                raise ControlError(f"Unknown command {message['do']!r}.")
            return {"ok": True, **(command(self._phone(message), message) or {})}
        except ControlError as error:
            return _refusal(str(error))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with contextlib.suppress(
                OSError, ValueError, asyncio.CancelledError
            ):  # ValueError: the line is too long
                while line := await reader.readline():
                    writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                    await writer.drain()
        finally:
            self._clients.discard(task)
            writer.transport.abort()

    def _phone(self, message: Mapping[str, Any]) -> SimulatedPhone:
        udid = message.get("phone")
        if udid is None and len(self._phones) == 1:
            return next(iter(self._phones.values()))
        if not isinstance(udid, str) or udid not in self._phones:
            raise ControlError(f'"phone" must be one of {", ".join(self._phones)}.')
        return self._phones[udid]

    def _description(self, phone: SimulatedPhone) -> dict[str, Any]:
        return {
            "udid": phone.udid,
            "name": phone.facts.name,
            "device_ids": self._usbmuxd.device_ids(phone),
            "locked": phone.locked,
            "trust": phone.trust.value,
        }

    def _plug(self, phone: SimulatedPhone, message: Mapping[str, Any]) -> Mapping[str, Any]:
        over = message.get("over", "USB")
        if over not in ("USB", "Network"):
            raise ControlError('"over" must be "USB" or "Network".')
        return {"device_id": self._usbmuxd.attach(phone, over)}

    def _replug(self, phone: SimulatedPhone, message: Mapping[str, Any]) -> Mapping[str, Any]:
        self._usbmuxd.detach(phone)
        return self._plug(phone, message)


class ControlClient:
    """A client of the control socket, for tests and scripts."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send one command and return the reply.

        Raises:
            ControlError: the command was refused, or the simulator is no longer running.
        """
        self._socket.sendall(json.dumps({"do": command, **arguments}).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise ControlError("The simulator is no longer running.")
        answer: dict[str, Any] = json.loads(line)
        if not answer["ok"]:
            raise ControlError(answer["error"])
        return answer


def faults_from(settings: object) -> Faults:
    """Read faults from JSON.

    Raises:
        ControlError: a field is unknown, or its value is not allowed.
    """
    if not isinstance(settings, dict):
        raise ControlError('"set" must be an object of faults.')
    values: dict[str, Any] = dict(settings)
    paths = values.pop("paths", [])
    if not isinstance(paths, list):
        raise ControlError('"paths" must be a list of objects.')
    kinds = {field.name: str(field.type) for field in fields(Faults)}
    for name, value in values.items():
        _check(name, value, kinds)
    return Faults(**values, paths=tuple(_path_fault(path) for path in paths))


def _path_fault(settings: object) -> PathFault:
    if not isinstance(settings, dict) or not isinstance(settings.get("path"), str):
        raise ControlError('Each item of "paths" must be an object with a "path".')
    values: dict[str, Any] = dict(settings)
    status = values.pop("status", AfcStatus.IO_ERROR.name)
    if status not in AfcStatus.__members__:
        raise ControlError(f'"status" must be one of {", ".join(AfcStatus.__members__)}.')
    if values.get("on", "read") not in PATH_OPERATIONS:
        raise ControlError(f'"on" must be one of {", ".join(PATH_OPERATIONS)}.')
    kinds = {"path": "str", "on": "str", "from_byte": "int", "times": "int | None"}
    for name, value in values.items():
        _check(name, value, kinds)
    return PathFault(**values, status=AfcStatus[status])


def _check(name: str, value: object, kinds: Mapping[str, str]) -> None:
    """Refuse an unknown field, or a value that does not fit the field's annotation."""
    if name not in kinds:
        raise ControlError(f"Unknown field {name!r}. Known fields: {', '.join(kinds)}.")
    kind = kinds[name]
    if value is None:
        fits = "None" in kind
    elif isinstance(value, bool):
        fits = kind == "bool"
    elif isinstance(value, int | float):
        fits = value >= 0 and ("float" in kind or ("int" in kind and isinstance(value, int)))
    else:
        fits = isinstance(value, str) and kind == "str"
    if not fits:
        raise ControlError(f"{name!r} must be {kind.replace('None', 'null')}, not negative; got {value!r}.")


def journal_of(phone: SimulatedPhone) -> dict[str, Any]:
    """Return what computers have requested from the phone so far, as JSON."""
    return {
        "requests": dict(phone.journal.requests),
        "services": dict(phone.journal.services),
        "refused_writes": list(phone.journal.refused_writes),
        "bytes_sent": phone.wire.sent,
        "open_files": phone.open_files,
        "power_assertions": list(phone.power_assertions),
    }


def _set_trust(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    try:
        phone.trust = Trust(str(message.get("behaviour")))
    except ValueError:
        raise ControlError(f'"behaviour" must be one of {", ".join(Trust)}.') from None


def _answer_trust(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    accepted = message.get("accepted")
    if not isinstance(accepted, bool):
        raise ControlError('"accepted" must be true or false.')
    phone.answer_trust(accepted)


def _set_faults(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    phone.faults = faults_from(message.get("set", {}))


def _set_link(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    name = message.get("name")
    if name is not None:
        if name not in LINKS:
            raise ControlError(f'"name" must be one of {", ".join(LINKS)}.')
        phone.link = LINKS[name]
        return
    round_trip, rate = message.get("round_trip", 0.0), message.get("bytes_per_second")
    kinds = {"round_trip": "float", "bytes_per_second": "float | None"}
    _check("round_trip", round_trip, kinds)
    _check("bytes_per_second", rate, kinds)
    if rate == 0:
        raise ControlError('"bytes_per_second" must be more than 0.')
    phone.link = Link(round_trip, rate)


def _set_facts(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    changes = message.get("set")
    if not isinstance(changes, dict):
        raise ControlError('"set" must be an object of facts.')
    kinds = {field.name: str(field.type) for field in fields(Facts) if field.name not in ("udid", "model")}
    for name, value in changes.items():
        _check(name, value, kinds)
    phone.facts = replace(phone.facts, **changes)


def _drop(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    service = message.get("service")
    if service is not None and not isinstance(service, str):
        raise ControlError('"service" must be the name of a service.')
    phone.close_connections(service)


def _notify(phone: SimulatedPhone, message: Mapping[str, Any]) -> None:
    name = message.get("name")
    if not isinstance(name, str):
        raise ControlError('"name" must be the name of a notification.')
    phone.post_notification(name)


def _refusal(sentence: str) -> dict[str, Any]:
    return {"ok": False, "error": sentence}
