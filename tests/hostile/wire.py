"""A proxy between the product and a usbmuxd that lies: it changes answers of usbmuxd, lockdownd and AFC.

Each lie is a rule of its own, with a seed. Everything that the lies leave alone is the simulated phone's, so
that the product gets far enough to meet them.
"""

from __future__ import annotations

import plistlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MUX = struct.Struct("<IIII")
_AFC = struct.Struct("<8sQQQQ")
_LOCKDOWN_PORT = 62078
STATUS, DATA, OPENED = 1, 2, 0x0E
READ_DIR, FILE_INFO, DEVICE_INFO, OPEN, READ, SEEK = 0x03, 0x0A, 0x0B, 0x0D, 0x0F, 0x11
FLOOD = 512 << 20
"""Bytes; more than a run may take."""

HOSTILE_NAMES = (
    b"..", b".", b"../../../x.JPG", b"/etc/passwd", b"a/b.JPG", b"a\\..\\b.JPG", b"\xff\xfe.JPG",
    b"a\x1b[2J.JPG",
    b"\xc2\x9b31m.JPG", "\u202egpj.exe".encode(), b"x" * 300 + b".JPG", b"x" * 70_000, b"line\nend.JPG",
    b"CON.JPG",
    b" .JPG", b"IMG_0001.JPG/", b"img_0001.jpg", b".ambertime", b"Photos.sqlite", b"-rf.JPG", b"$(id).JPG",
    "e\u0301.JPG".encode(), "\u00e9.JPG".encode(), b"a\rb.JPG", b"%00.JPG", b"IMG_0001.JPG ", b"aux",
    b"\xed\xa0\x80.JPG",
)  # fmt: skip
HOSTILE_NUMBERS = (
    b"-1", b"0", b"1", b"9" * 5000, b"1" + b"0" * 400, b"9223372036854775807", b"18446744073709551616",
    b"nan",
    b"", b"0x10", b"1e400", b"\xd9\xa9", b"4294967296", b"5000000000000", b"-9223372036854775808", b" 7 ",
    b"\xff",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the phone, before it is sent."""

    layer: str
    """mux, lockdown or afc"""
    asked: str | int
    """MessageType or Request; for AFC, the operation."""
    head: bytes
    """The packet's header, for AFC with number and operation."""
    body: bytes


class Silence(Exception):
    """Send nothing, and keep the connection."""


class Hang(Exception):
    """Close the connection."""


Lie = Callable[[random.Random, Answer], Sequence[bytes] | None]
"""Returns the bytes to send, piece by piece; None: the answer as it is."""


def frame(answer: Answer, body: bytes, length: int | None = None) -> bytes:
    """A packet with another body, and perhaps a length that does not fit it."""
    if answer.layer == "mux":
        _, *rest = _MUX.unpack(answer.head)
        return _MUX.pack((_MUX.size + len(body) if length is None else length) % 2**32, *rest) + body
    if answer.layer == "lockdown":
        return struct.pack(">I", (len(body) if length is None else length) % 2**32) + body
    magic, _, _, number, operation = _AFC.unpack(answer.head)
    size = _AFC.size + len(body) if length is None else length % 2**64
    return _AFC.pack(magic, size, _AFC.size, number, operation) + body


def whole(answer: Answer) -> bytes:
    """The honest packet."""
    return answer.head + answer.body


def silence(chance: random.Random, answer: Answer) -> None:
    """Never answers."""
    raise Silence


def hang_up(chance: random.Random, answer: Answer) -> None:
    """Closes the connection instead."""
    raise Hang


def wrong_length(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Says another length than it sends."""
    real = len(answer.head) + len(answer.body)
    length = chance.choice(
        [0, 1, 3, 15, 39, real - 1, real + 1, real + 1000, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
    )
    return [frame(answer, answer.body, length)]


def cut(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Sends a part of it, then nothing more on this connection."""
    data = whole(answer)
    return [data[: chance.randrange(len(data))], b"hang" if chance.random() < 0.5 else b"silence"]


def garbage(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Speaks something else."""
    return [
        chance.choice(
            [chance.randbytes(200), b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 64, b"\xff" * 4096]
        )
    ]


def flood(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Says a huge length and sends that much."""
    length = chance.choice([FLOOD, 100 << 20, 2**32 - 1])
    piece = bytes(1 << 20)
    return [frame(answer, b"", length), *[piece] * (min(length, FLOOD) >> 20)]


def drip(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Sends byte after byte, slowly."""
    data = whole(answer)
    return [piece for byte in data[:60] for piece in (bytes((byte,)), b"wait")] + [data[60:]]


def twice(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Answers more often than asked."""
    return [whole(answer)] * chance.choice([2, 3, 500])


def other_body(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Another body, with a length that fits."""
    xml = b"<?xml version='1.0' encoding='UTF-8'?><plist version='1.0'>%b</plist>"
    bodies = [
        b"", b"garbage", b"bplist00" + b"\xff" * 40, xml % (b"<integer>1" + b"0" * 400 + b"</integer>"),
        xml % (b"<integer>" + b"9" * 5000 + b"</integer>"), xml % b"<date>soon</date>",
        xml % (b"<array>" * 5000),
        xml % (b"<array>" * 5000 + b"</array>" * 5000), xml % b"<string>\xff</string>", xml % b"<dict><key>a",
        b"<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;'>]>" + xml % b"<string>&c;</string>",
        plistlib.dumps([1] * 1000), plistlib.dumps(_value(chance, 3)), answer.body[: len(answer.body) // 2],
        answer.body[::-1], bytes(len(answer.body)), b"x\0" * 100_000,
    ]  # fmt: skip
    return [frame(answer, chance.choice(bodies))]


def flipped(chance: random.Random, answer: Answer) -> Sequence[bytes]:
    """Flips bits, also in the header."""
    data = bytearray(whole(answer))
    for _ in range(chance.choice([1, 1, 3, 20])):
        data[chance.randrange(min(len(data), 300))] ^= 1 << chance.randrange(8)
    return [bytes(data)]


def other_values(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Replaces values anywhere in a plist, or adds and removes keys."""
    if answer.layer == "afc":
        return None
    try:
        parsed = plistlib.loads(answer.body)
    except Exception:  # noqa: BLE001 - a plist of another lie
        return None
    for _ in range(chance.randrange(1, 4)):
        _change(chance, parsed)
    with suppress(TypeError, OverflowError, ValueError):
        return [
            frame(answer, plistlib.dumps(parsed, fmt=chance.choice([plistlib.FMT_XML, plistlib.FMT_BINARY])))
        ]
    return None


def _change(chance: random.Random, value: Any) -> None:
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        if isinstance(value[key], (dict, list)) and chance.random() < 0.7:
            _change(chance, value[key])
        elif chance.random() < 0.15:
            del value[key]
        else:
            value[key] = _value(chance, 2)
    elif isinstance(value, list):
        if value and chance.random() < 0.6:
            _change(chance, chance.choice(value))
        else:
            value.append(_value(chance, 2))


def _value(chance: random.Random, depth: int) -> Any:
    odd: list[Any] = [
        True, -1, 0, 2**63, 2**64 - 1, -(2**63), 1e308, float("nan"), float("inf"), "", "../../x", "a\x00b",
        "a\u202e\u009b", "\u2028" * 10, "y" * 200_000, b"", b"\xff" * 100, b"z" * 500_000,
        "00008110-000A111122223333",
        "Error", "/dev/zero", "%s%n", 62078, 22,
    ]  # fmt: skip
    if depth and chance.random() < 0.3:
        keys = ["Error", "Value", "Port", "DeviceList", "Properties", "a"]
        inner = [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
        return dict(zip(keys, inner, strict=False)) if chance.random() < 0.5 else inner
    return chance.choice([one for one in odd if not (isinstance(one, str) and "\0" in one)])


def other_names(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Lists names that lead elsewhere, cannot be names, or are far too many."""
    if answer.asked != READ_DIR or answer.layer != "afc":
        return None
    names = answer.body.split(b"\0")[:-1]
    kind = chance.randrange(4)
    if kind == 0:
        names = [name + chance.choice(HOSTILE_NAMES) for name in names]
    elif kind == 1:
        names = list(HOSTILE_NAMES)
    elif kind == 2:
        names += [b"IMG_%07d.JPG" % number for number in range(chance.choice([2000, 300_000]))]
    else:
        names += chance.sample(HOSTILE_NAMES, 8)
    chance.shuffle(names)
    return [frame(answer, b"\0".join(names) + b"\0")]


def folder_loop(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Every folder has the same folders in it."""
    if answer.layer != "afc":
        return None
    if answer.asked == READ_DIR:
        return [frame(answer, b"100APPLE\0101APPLE\0IMG_0001.JPG\0")]
    if answer.asked == FILE_INFO and chance.random() < 0.7:
        return [_data(answer, b"st_size\x0064\0st_ifmt\0S_IFDIR\0st_mtime\x001\0")]
    return None


def other_facts(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Says other sizes, times and kinds of files, and other sizes of its storage."""
    if answer.layer != "afc" or answer.asked not in (FILE_INFO, DEVICE_INFO):
        return None
    parts = answer.body.split(b"\0")[:-1]
    pairs = dict(zip(parts[::2], parts[1::2], strict=False))
    if not pairs:
        return None
    for key in chance.sample(list(pairs), chance.randrange(1, len(pairs) + 1)):
        pairs[key] = chance.choice(HOSTILE_NUMBERS)
    if chance.random() < 0.3:
        pairs[b"st_ifmt"] = chance.choice([b"S_IFDIR", b"S_IFLNK", b"S_IFIFO", b"S_IFBLK", b"", b"\xff"])
        pairs[b"LinkTarget"] = b"../../../../etc/passwd"
    if chance.random() < 0.2:
        pairs.pop(chance.choice(list(pairs)))
    return [_data(answer, b"".join(key + b"\0" + value + b"\0" for key, value in pairs.items()))]


def other_sizes(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Says a size somewhat larger or smaller than the file."""
    if answer.layer != "afc" or answer.asked != FILE_INFO:
        return None
    parts = answer.body.split(b"\0")[:-1]
    pairs = dict(zip(parts[::2], parts[1::2], strict=False))
    if not pairs.get(b"st_size", b"").isdigit():
        return None
    size = int(pairs[b"st_size"])
    pairs[b"st_size"] = b"%d" % max(
        0, chance.choice([size - 1, size + 1, size // 2, size * 3, size + 10**9, 0])
    )
    return [_data(answer, b"".join(key + b"\0" + value + b"\0" for key, value in pairs.items()))]


def other_contents(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Sends more, fewer or other bytes of a file than it has; a file may never end."""
    if answer.layer != "afc" or answer.asked != READ:
        return None
    kind = chance.randrange(5)
    if kind == 0:
        return [_data(answer, bytes(4 << 20))]
    if kind == 1:
        return [_data(answer, answer.body[: len(answer.body) // 2])]
    if kind == 2:
        return [_data(answer, b"")]
    if kind == 3:
        return [_data(answer, bytes(20 << 20))]
    return [_data(answer, chance.randbytes(max(1, len(answer.body))))]


def other_status(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Refuses, or agrees, with any status."""
    if answer.layer != "afc":
        return None
    number = _AFC.unpack(answer.head)[3]
    status = chance.choice([*range(24), 2**32, 2**64 - 1])
    body = chance.choice([struct.pack("<Q", status)] * 3 + [b"", b"ok"])
    return [_AFC.pack(b"CFA6LPAA", _AFC.size + len(body), _AFC.size, number, STATUS) + body]


def other_handles(chance: random.Random, answer: Answer) -> Sequence[bytes] | None:
    """Gives handles of no file, or of another one, and answers requests that were not made."""
    if answer.layer != "afc":
        return None
    _, _, _, number, operation = _AFC.unpack(answer.head)
    if answer.asked == OPEN and chance.random() < 0.7:
        handle = chance.choice([0, 1, 2**64 - 1, 7])
        body = chance.choice([struct.pack("<Q", handle)] * 3 + [b"", b"1", bytes(100)])
        return [_AFC.pack(b"CFA6LPAA", _AFC.size + len(body), _AFC.size, number, OPENED) + body]
    other = chance.choice([number + 1, number - 1, 0, 2**64 - 1]) % 2**64
    return [_AFC.pack(b"CFA6LPAA", _AFC.size + len(answer.body), _AFC.size, other, operation) + answer.body]


def _data(answer: Answer, body: bytes) -> bytes:
    number = _AFC.unpack(answer.head)[3]
    return _AFC.pack(b"CFA6LPAA", _AFC.size + len(body), _AFC.size, number, DATA) + body


EVERYWHERE: dict[str, Lie] = {
    "silence": silence,
    "closed connections": hang_up,
    "wrong lengths": wrong_length,
    "cut answers": cut,
    "garbage": garbage,
    "floods": flood,
    "byte after byte": drip,
    "answers several times": twice,
    "other bodies": other_body,
    "flipped bits": flipped,
}
IN_PLISTS: dict[str, Lie] = {"other values in plists": other_values}
IN_AFC: dict[str, Lie] = {
    "names": other_names,
    "folder loops": folder_loop,
    "facts of files": other_facts,
    "sizes": other_sizes,
    "contents": other_contents,
    "statuses": other_status,
    "handles and numbers": other_handles,
}
LIES = {**EVERYWHERE, **IN_PLISTS, **IN_AFC}


@dataclass(slots=True)
class Rule:
    """When to tell a lie."""

    name: str
    layer: str
    """mux, lockdown, afc, or any."""
    share: float
    """Probability per answer."""
    honest_first: int
    """Answers of that layer before the first lie."""
    told: int = 0

    def applies(self, chance: random.Random, layer: str, answered: int) -> bool:
        """Whether to lie now."""
        return self.layer in ("any", layer) and answered >= self.honest_first and chance.random() < self.share


def some_rules(chance: random.Random) -> list[Rule]:
    """One to three lies."""
    rules = []
    for name in chance.choices(list(LIES), k=chance.randrange(1, 4)):
        layer = "afc" if name in IN_AFC else chance.choice(["mux", "lockdown"])
        if name in EVERYWHERE:
            layer = chance.choice(["mux", "lockdown", "afc", "afc", "any"])
        share = chance.choice([1.0, 0.3, 0.1, 0.02])
        rules.append(Rule(name, layer, share, chance.choice([0, 0, 1, 5, 20, 60])))
    return rules


@dataclass(slots=True)
class _Connection:
    """One connection of the product."""

    client: socket.socket
    phone: socket.socket
    layer: str = "mux"
    asked: list[str | int] = field(default_factory=list)
    port: int = 0
    by_number: dict[int, int] = field(default_factory=dict)


class LyingProxy:
    """Serves a usbmuxd at another socket."""

    def __init__(self, address: str, rules: list[Rule], seed: int) -> None:
        self.rules = rules
        self._address = address
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._answered = {"mux": 0, "lockdown": 0, "afc": 0}
        self._services: dict[int, str] = {}
        self._open: list[socket.socket] = []
        self.closed = threading.Event()

    def serve(self, server: socket.socket) -> None:
        """Serve clients until the server socket is closed."""
        with suppress(OSError):
            while not self.closed.is_set():
                client, _ = server.accept()
                phone = socket.socket(socket.AF_UNIX)
                phone.connect(self._address)
                self._open += [client, phone]
                link = _Connection(client, phone)
                for work in (self._requests, self._answers):
                    threading.Thread(target=self._guarded, args=(work, link), daemon=True).start()

    def close(self) -> None:
        """Close all connections."""
        self.closed.set()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _guarded(self, work: Callable[[_Connection], None], link: _Connection) -> None:
        with suppress(OSError, EOFError, Hang, struct.error):
            work(link)
        for end in (link.client, link.phone):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _requests(self, link: _Connection) -> None:
        while link.client.recv(1, socket.MSG_PEEK):
            layer = link.layer
            if layer == "mux":
                head = _exactly(link.client, _MUX.size)
                body = _exactly(link.client, _MUX.unpack(head)[0] - _MUX.size)
                message = plistlib.loads(body)
                link.asked.append(message["MessageType"])
                if message["MessageType"] == "Connect":
                    link.port = socket.ntohs(message["PortNumber"] & 0xFFFF)
            elif layer == "lockdown":
                head = _exactly(link.client, 4)
                body = _exactly(link.client, struct.unpack(">I", head)[0])
                with suppress(Exception):
                    link.asked.append(str(plistlib.loads(body).get("Request", "")))
            else:
                head = _exactly(link.client, _AFC.size)
                _, length, _, number, operation = _AFC.unpack(head)
                body = _exactly(link.client, length - _AFC.size)
                link.by_number[number] = operation
            link.phone.sendall(head + body)

    def _answers(self, link: _Connection) -> None:
        while True:
            self._send(link, self._next(link))

    def _next(self, link: _Connection) -> Answer:
        if link.layer == "mux":
            head = _exactly(link.phone, _MUX.size)
            body = _exactly(link.phone, _MUX.unpack(head)[0] - _MUX.size)
            asked = link.asked[-1] if link.asked else ""
            if asked == "Connect" and plistlib.loads(body).get("Number") == 0:
                # Before the answer is sent: the product may speak the other protocol right after it.
                afc = self._services.get(link.port) == "com.apple.afc"
                answer = Answer("mux", asked, head, body)
                link.layer = "afc" if afc else "lockdown"
                return answer
            return Answer("mux", asked, head, body)
        if link.layer == "lockdown":
            head = _exactly(link.phone, 4)
            body = _exactly(link.phone, struct.unpack(">I", head)[0])
            with suppress(Exception):
                told = plistlib.loads(body)
                if isinstance(told.get("Port"), int):
                    self._services[told["Port"]] = told.get("Service", "")
            return Answer("lockdown", link.asked[-1] if link.asked else "", head, body)
        head = _exactly(link.phone, _AFC.size)
        _, length, _, number, _ = _AFC.unpack(head)
        return Answer("afc", link.by_number.pop(number, 0), head, _exactly(link.phone, length - _AFC.size))

    def _send(self, link: _Connection, answer: Answer) -> None:
        pieces: Sequence[bytes] = (whole(answer),)
        try:
            with self._lock:
                answered = self._answered[answer.layer]
                self._answered[answer.layer] += 1
                for rule in self.rules:
                    if rule.applies(self._chance, answer.layer, answered):
                        lie = LIES[rule.name](self._chance, answer)
                        if lie is not None:
                            rule.told += 1
                            pieces = lie
                            break
        except Silence:
            rule.told += 1
            return
        except Hang:
            rule.told += 1
            raise
        for piece in pieces:
            if piece == b"wait":
                time.sleep(0.02)
            elif piece == b"hang":
                raise Hang
            elif piece == b"silence":
                self.closed.wait(60)
            else:
                link.client.sendall(piece)


def _exactly(source: socket.socket, size: int) -> bytes:
    pieces, left = [], size
    while left > 0:
        piece = source.recv(min(left, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


@contextmanager
def lying_proxy(address: str, at: Path, rules: list[Rule], seed: int) -> Iterator[LyingProxy]:
    """Serve a usbmuxd again at another socket, with lies."""
    proxy = LyingProxy(address, rules, seed)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(at))
        server.listen(64)
        threading.Thread(target=proxy.serve, args=(server,), daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.close()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
    at.unlink(missing_ok=True)
