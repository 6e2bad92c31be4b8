"""The engine's socket: whom either end believes, and what a hostile or broken peer can cost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket as sockets
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from ambertime_tui.cli import main
from ambertime_tui.engine.api.client import EngineClient, EngineError, running_jobs
from ambertime_tui.engine.api.lines import LONGEST_REQUEST, read_line, receive_line
from ambertime_tui.engine.api.messages import ask_line
from ambertime_tui.engine.api.protocol import PROTOCOL, Ask
from ambertime_tui.engine.host import server as server_module
from ambertime_tui.engine.host.connection import Connection
from ambertime_tui.engine.host.server import HostServer
from ambertime_tui.paths import Paths, paths_from
from tests.engine.backups import engine

NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of another user")


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def hello(**changes: object) -> bytes:
    answer = {"protocol": PROTOCOL, "version": "0", "pid": 1, "job": None, **changes}
    return json.dumps({"id": 0, "answer": answer}).encode() + b"\n"


@pytest.fixture
def paths(home: Path) -> Paths:
    found = paths_from(os.environ)
    found.runtime.mkdir(mode=0o700)
    return found


def test_clients_that_never_end_a_line_cost_a_bounded_buffer(home: Path) -> None:
    async def flood(path: Path) -> None:
        _, writer = await asyncio.open_unix_connection(str(path))
        with contextlib.suppress(OSError):
            for _ in range(40):
                writer.write(b"x" * (1 << 20))
                await writer.drain()
        writer.close()

    async def story() -> None:
        async with engine() as client:
            before = memory_of(client.hello.pid)
            await asyncio.gather(*(flood(client.socket) for _ in range(20)))
            assert await client.drives() is not None
            assert memory_of(client.hello.pid) - before < 50 << 20

    asyncio.run(story())


def test_a_client_that_asks_a_lot_and_never_reads_is_bounded(home: Path) -> None:
    async def story() -> None:
        async with engine() as client:
            before = memory_of(client.hello.pid)
            deaf = []
            for _ in range(20):
                one = sockets.socket(sockets.AF_UNIX)
                one.setblocking(False)
                one.connect(str(client.socket))
                with contextlib.suppress(BlockingIOError):
                    for number in range(10_000):
                        one.send(ask_line(number, Ask.HELLO))
                deaf.append(one)
            assert await client.drives() is not None
            assert memory_of(client.hello.pid) - before < 50 << 20
            for one in deaf:
                one.close()

    asyncio.run(story())


class Idle:
    working = True


@asynccontextmanager
async def in_process(path: Path) -> AsyncIterator[None]:
    """A host's socket in this process, that answers every request with null."""

    async def answer(*_: object) -> None:
        return None

    ready = asyncio.Event()
    server = HostServer(path, answer, Idle())
    serving = asyncio.create_task(server.run(ready.set))

    await ready.wait()
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize("sent", [b"", b"{", b'{"id": 1, "ask": "hel'], ids=repr)
def test_a_client_that_does_not_introduce_itself_is_dropped(
    sent: bytes, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "Connection", partial(Connection, first_ask_within=0.1))

    async def story() -> None:
        async with in_process(short_tmp / "s"), asyncio.timeout(5):
            reader, writer = await asyncio.open_unix_connection(str(short_tmp / "s"))
            writer.write(sent)
            assert await reader.read() == b""
            writer.close()

    asyncio.run(story())


def test_there_are_never_more_than_so_many_clients(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CLIENTS", 3)

    async def story() -> None:
        async with in_process(short_tmp / "s"), asyncio.timeout(10):
            clients = [await asyncio.open_unix_connection(str(short_tmp / "s")) for _ in range(3)]
            for reader, writer in clients:
                writer.write(ask_line(1, Ask.HELLO))
                assert await reader.readline()
            reader, writer = await asyncio.open_unix_connection(str(short_tmp / "s"))
            writer.write(ask_line(1, Ask.HELLO))
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            for _, one in [*clients, (reader, writer)]:
                one.close()

    asyncio.run(story())


def test_a_line_has_to_end_in_time() -> None:
    async def story() -> None:
        reader = asyncio.StreamReader(limit=LONGEST_REQUEST)
        reader.feed_data(b'{"id"')
        with pytest.raises(TimeoutError):
            await read_line(reader, 0.05)
        longer = asyncio.StreamReader(limit=LONGEST_REQUEST)
        longer.feed_data(b"\n" + b"x" * (LONGEST_REQUEST + 2) + b"\n")
        assert await read_line(longer) == b"\n"
        with pytest.raises(ValueError):
            await read_line(longer)

    asyncio.run(story())


def test_a_line_that_trickles_in_has_to_end_in_time() -> None:
    ours, theirs = sockets.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        with pytest.raises(TimeoutError):
            receive_line(ours, 100, 0.05)
        theirs.send(b"x" * 200)
        with pytest.raises(ValueError):
            receive_line(ours, 100, 1.0)


@contextlib.contextmanager
def host_that(
    path: Path, behave: Callable[[sockets.socket], None], user: int | None = None
) -> Iterator[None]:
    """A process that listens at a path, and does something with each client."""
    listening = sockets.socket(sockets.AF_UNIX)
    listening.bind(str(path))
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            if user is not None:
                os.setuid(user)
            listening.listen(8)
            while True:
                client, _ = listening.accept()
                with client, contextlib.suppress(OSError):
                    behave(client)
        os._exit(0)
    listening.close()
    try:
        for _ in range(500):
            with sockets.socket(sockets.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
                probe.connect(str(path))
                break
            time.sleep(0.01)
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def floods(client: sockets.socket) -> None:
    while True:
        client.sendall(b"x" * (1 << 20))


def floods_after_hello(client: sockets.socket) -> None:
    client.sendall(hello())
    floods(client)


def is_silent(client: sockets.socket) -> None:
    while client.recv(1000):
        pass


def trickles(client: sockets.socket) -> None:
    while True:
        client.sendall(b"x")
        time.sleep(0.05)


def talks_nonsense(client: sockets.socket) -> None:
    client.sendall(b"220 ftp ready\r\n")
    is_silent(client)


def nests(client: sockets.socket) -> None:
    client.sendall(b"[" * 50_000 + b"\n")
    is_silent(client)


@pytest.mark.parametrize(
    "behave", [floods, is_silent, trickles, talks_nonsense, nests], ids=lambda behave: behave.__name__
)
def test_a_host_that_misbehaves_is_no_job(behave: Callable[[sockets.socket], None], paths: Paths) -> None:
    socket = paths.runtime / "x.sock"
    with host_that(socket, behave):
        tracemalloc.start()
        began = time.monotonic()
        assert running_jobs(paths) == ()
        with pytest.raises(EngineError) as refused:
            asyncio.run(EngineClient.attach(socket, 0.5))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert refused.value.kind in ("HostGone", "HostSilent")
    assert time.monotonic() - began < 30
    assert peak < 80 << 20


def test_a_host_that_floods_later_ends_the_connection(paths: Paths) -> None:
    async def story() -> None:
        client = await EngineClient.attach(paths.runtime / "x.sock")
        with pytest.raises(EngineError) as error:
            await client.drives()
        assert error.value.kind == "HostGone"
        await client.aclose()

    with host_that(paths.runtime / "x.sock", floods_after_hello):
        tracemalloc.start()
        asyncio.run(story())
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
        tracemalloc.stop()


ODD_MESSAGES = [
    b"null",
    b"7",
    b'{"push": []}',
    b'{"push": "status", "value": 7}',
    b'{"push": "scan", "value": {"step": {}}}',
    b'{"id": {}, "answer": 1}',
    b'{"id": 1, "error": 5}',
    b'{"id": 1, "error": {}}',
    b'{"id": 1, "answer": {"a": [1]}}',
    b'{"id": 1, "answer": ' + b"9" * 5000 + b"}",
    b'{"id": 1, "answer": NaN}',
    b"\xff\xfe",
]


@pytest.mark.parametrize("odd", ODD_MESSAGES, ids=lambda odd: repr(odd)[:40])
def test_an_answer_of_another_shape_is_an_error_with_a_sentence(odd: bytes, paths: Paths) -> None:
    def behave(client: sockets.socket) -> None:
        client.sendall(hello() + odd + b"\n")
        asked = b""
        while asked.count(b"\n") < 2:  # HELLO and the request may come together
            asked += client.recv(1000)
        client.sendall(odd + b"\n")

    async def story() -> None:
        client = await EngineClient.attach(paths.runtime / "x.sock")
        with pytest.raises(EngineError) as error:
            async with asyncio.timeout(5):
                await client.drives()
        assert error.value.sentence
        await client.aclose()

    with host_that(paths.runtime / "x.sock", behave):
        asyncio.run(story())


def test_another_version_of_the_protocol_is_named(paths: Paths) -> None:
    def behave(client: sockets.socket) -> None:
        client.sendall(hello(protocol=PROTOCOL + 1, version="9.9", job={"new": "shape"}))
        is_silent(client)

    with host_that(paths.runtime / "x.sock", behave):
        with pytest.raises(EngineError) as refused:
            asyncio.run(EngineClient.attach(paths.runtime / "x.sock"))
        assert refused.value.kind == "OtherVersion"
        assert "9.9" in refused.value.sentence


COMMANDS = [("jobs", "--json"), ("attach", "--plain"), ("attach", "--json"), ("stop",), ("stop", "--now")]


def older(client: sockets.socket) -> None:
    client.sendall(hello(protocol=PROTOCOL - 1, version="0.1", job={"id": 1}))
    is_silent(client)


def of_another_shape(client: sockets.socket) -> None:
    client.sendall(hello(version="0.9.dev3", job={"new": "shape"}))
    is_silent(client)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (older, "The running engine is AmberTime 0.1, older than this one"),
        (of_another_shape, "The running engine is AmberTime 0.9.dev3, not compatible with this one"),
        (talks_nonsense, "does not answer like AmberTime. If you did not start it, delete that file."),
        (is_silent, "has not responded for 2 s. Try again."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_host_that_cannot_be_asked_is_named_by_every_command(
    behave: Callable[[sockets.socket], None],
    words: str,
    command: tuple[str, ...],
    paths: Paths,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with host_that(paths.runtime / "x.sock", behave):
        code = main(command)
    said = capsys.readouterr()
    assert code == 1
    assert words in said.err
    if "--json" in command:
        record = json.loads(said.out.splitlines()[-1])
        assert (record["type"], record["exit_code"]) == ("error", 1)
        assert words in record["sentence"]


def test_a_host_without_a_job_is_not_mentioned_whatever_its_version(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    def has_none(client: sockets.socket) -> None:
        client.sendall(hello(protocol=PROTOCOL + 1, job=None))
        is_silent(client)

    with host_that(paths.runtime / "x.sock", has_none):
        assert main(["jobs"]) == 0
    assert "No backup is running." in capsys.readouterr().err


def has_a_job(client: sockets.socket) -> None:
    job = {
        "socket": "/somewhere/else",
        "job_id": "1",
        "started_at": 1.0,
        "target": "/",
        "udid": "",
        "phone": "",
        "phase": "copying",
        "condition": "running",
    }
    client.sendall(hello(job=job))
    is_silent(client)


def test_a_job_is_where_its_socket_is_whatever_it_says(paths: Paths) -> None:
    with host_that(paths.runtime / "x.sock", has_a_job):
        (job,) = running_jobs(paths)
    assert job.socket == str(paths.runtime / "x.sock")


@as_root
def test_a_host_of_another_user_is_not_believed(paths: Paths) -> None:
    with host_that(paths.runtime / "x.sock", has_a_job, user=NOBODY):
        assert running_jobs(paths) == ()
        with pytest.raises(EngineError) as refused:
            asyncio.run(EngineClient.attach(paths.runtime / "x.sock"))
    assert refused.value.kind == "OtherUser"


@as_root
def test_a_socket_file_of_another_user_is_not_believed(paths: Paths) -> None:
    with host_that(paths.runtime / "x.sock", has_a_job):
        os.chown(paths.runtime / "x.sock", NOBODY, NOBODY)
        assert running_jobs(paths) == ()
        assert (paths.runtime / "x.sock").exists()


@pytest.mark.parametrize("trap", ["link", "open", "file", pytest.param("owner", marks=as_root)])
def test_a_runtime_folder_that_is_not_ours_is_refused(trap: str, paths: Paths, short_tmp: Path) -> None:
    paths.runtime.rmdir()
    elsewhere = short_tmp / "theirs"
    elsewhere.mkdir(mode=0o700)
    if trap == "link":
        paths.runtime.symlink_to(elsewhere)
    elif trap == "file":
        paths.runtime.write_text("")
    else:
        paths.runtime.mkdir(mode=0o700)
    if trap == "open":
        paths.runtime.chmod(0o777)
    if trap == "owner":
        os.chown(paths.runtime, NOBODY, NOBODY)
    with pytest.raises(EngineError) as refused:
        running_jobs(paths)
    assert refused.value.kind == "OtherUser"
    assert str(paths.runtime) in refused.value.sentence


def test_what_is_no_socket_is_passed_over(paths: Paths) -> None:
    os.mkfifo(paths.runtime / "a.sock")
    (paths.runtime / "b.sock").symlink_to("/nowhere")
    (paths.runtime / "c.sock").write_text("")
    (paths.runtime / "d.sock").mkdir()
    assert running_jobs(paths) == ()
    assert len(list(paths.runtime.iterdir())) == 4
