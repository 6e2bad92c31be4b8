"""The lines of the protocol: encodes and decodes the messages of `protocol`."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.protocol import PROTOCOL, Ask, EngineError, Hello, Push
from ambertime_tui.safe_text import escaped, json_line

T = TypeVar("T")


def line(message: dict[str, Any]) -> bytes:
    """Encode a message for the socket."""
    return json_line(message).encode() + b"\n"


def ask_line(number: int, ask: Ask, args: object = None) -> bytes:
    """Encode a request. `args` is one of the dataclasses of `protocol`, a Command, or None."""
    return line({"id": number, "ask": ask.value, "args": to_json(args)})


def answer_line(number: int, value: object) -> bytes:
    """Encode the answer to a request."""
    return line({"id": number, "answer": to_json(value)})


def error_line(number: int, error: EngineError) -> bytes:
    """Encode the error answer to a request."""
    return line({"id": number, "error": {"kind": error.kind, "sentence": error.sentence}})


def push_line(push: Push, value: object) -> bytes:
    """Encode an update."""
    return line({"push": push.value, "value": to_json(value)})


def parse_line(data: bytes) -> dict[str, Any]:
    """Decode a message.

    Raises:
        EngineError: `NotUnderstood`: not a JSON object.
    """
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EngineError("NotUnderstood", f"A message was not valid JSON: {error}") from error
    if not isinstance(message, dict):
        raise EngineError("NotUnderstood", "A message was not a JSON object.")
    return message


def hello_from(data: bytes, own_version: str) -> Hello:
    """Decode a host's answer to HELLO, and check that this client can talk to it.

    Args:
        data: the line that the host sent.
        own_version: of this AmberTime, for the error message.

    Raises:
        EngineError: `OtherVersion`: it is another version; the message says what to do. `NotUnderstood`: it
            is not a host.
    """
    answer = parse_line(data).get("answer")
    if not isinstance(answer, dict) or not isinstance(answer.get("protocol"), int):
        return decoded(Hello, answer)
    other = EngineError("OtherVersion", _other_version(answer, own_version))
    if answer["protocol"] != PROTOCOL:
        raise other
    try:
        return decoded(Hello, answer)
    except EngineError as error:
        raise other from error


def has_a_job(data: bytes) -> bool:
    """Whether a host's answer to HELLO, also that of another version, names a job."""
    try:
        answer = parse_line(data).get("answer")
    except EngineError:
        return False
    return isinstance(answer, dict) and bool(answer.get("job"))


def _other_version(answer: dict[str, Any], own_version: str) -> str:
    version = escaped(str(answer.get("version", ""))[:40]) or "of an unknown version"
    if answer["protocol"] > PROTOCOL:
        what, remedy = "newer than", "Update this AmberTime"
    elif answer["protocol"] < PROTOCOL:
        what, remedy = "older than", "Wait until its backup has ended"
    else:
        what, remedy = "not compatible with", "Wait until its backup has ended"
    pid = answer.get("pid")
    stop = f" To stop it after its current files, run: kill {pid}." if isinstance(pid, int) else ""
    return (
        f"The running engine is AmberTime {version}, {what} this one ({own_version}). {remedy}, then try "
        f"again.{stop}"
    )


def decoded(kind: type[T], value: Any) -> T:
    """Decode an answer of a host to the expected type.

    Raises:
        EngineError: `NotUnderstood`: the answer has another type.
    """
    try:
        return from_json(kind, value)
    except WireError as error:
        sentence = "The running engine is another version of AmberTime. Stop its job, then start again."
        raise EngineError("NotUnderstood", sentence) from error
