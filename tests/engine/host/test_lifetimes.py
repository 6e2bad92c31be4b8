"""Whatever fails: one host runs one job, never waits without a limit, and ends when it is unused."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui import __version__
from ambertime_tui.drive.errors import DriveSilent
from ambertime_tui.drive.target import open_target
from ambertime_tui.engine.api.client import EngineClient, EngineError, running_jobs
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.messages import ask_line
from ambertime_tui.engine.api.protocol import PROTOCOL, Ask, StartArgs
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.engine.host.connection import Connection
from ambertime_tui.engine.host.handlers import Handlers
from ambertime_tui.engine.host.server import HostServer
from ambertime_tui.engine.job.drive_threads import while_active
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import PATIENCE, ended, engine, gone, incomplete


def start_line(number: int, spec: JobSpec) -> bytes:
    return ask_line(number, Ask.START, StartArgs(spec))


async def answers(socket: Path, data: bytes, count: int) -> list[dict[str, Any]]:
    """Send requests in one write; return the answers in the order of the requests."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(data)
    got = [json.loads(await reader.readline()) for _ in range(count)]
    writer.close()
    return sorted(got, key=lambda answer: int(answer["id"]))


# One job per host and per target


def test_two_equal_starts_at_once_start_one_job_and_both_get_its_id(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            spec = JobSpec(str(target))
            first, second = await answers(client.socket, start_line(1, spec) + start_line(2, spec), 2)
            assert first["answer"] == second["answer"]
            (job,) = await asyncio.to_thread(running_jobs, paths_from(os.environ))
            assert job.job_id == first["answer"]
            await ended(client)

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_two_different_starts_at_once_start_one_job_and_the_other_is_refused(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()

    async def story() -> None:
        async with engine() as client:
            lines = start_line(1, JobSpec(str(target))) + start_line(2, JobSpec(str(other)))
            first, second = await answers(client.socket, lines, 2)
            assert "answer" in first
            assert second["error"]["kind"] == "JobRunning"
            await ended(client)

    asyncio.run(story())
    assert list(other.iterdir()) == []


# Hosts without clients and jobs end


def test_a_start_that_fails_after_its_client_has_left_ends_the_host(
    phone: SimulatedPhone, tmp_path: Path
) -> None:
    async def story() -> None:
        client = await EngineClient.launch(paths_from(os.environ), os.environ)
        _, writer = await asyncio.open_unix_connection(str(client.socket))
        writer.write(start_line(1, JobSpec(str(tmp_path / "missing"))))
        await writer.drain()
        writer.close()
        await client.aclose()
        await gone(client.hello.pid)

    asyncio.run(story())


@asynccontextmanager
async def host_in_this_process(tmp_path: Path, socket: Path) -> AsyncIterator[asyncio.Task[None]]:
    """A host whose parts a test can break. Yields its task, which ends when the host does."""
    handlers = Handlers(
        version=__version__,
        pid=os.getpid(),
        socket=socket,
        pair_records=tmp_path / "pair-records",
        scratch=tmp_path / "scratch",
        reports=tmp_path / "state" / "reports",
        timing=Timing(),
    )
    server = HostServer(socket, handlers.answer, handlers)
    handlers.watchers, handlers.on_idle = server.watchers, server.end_if_idle
    ready = asyncio.Event()
    serving = asyncio.create_task(server.run(ready.set))
    await ready.wait()
    try:
        yield serving
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await handlers.aclose()


@pytest.mark.parametrize(
    ("part", "outcome"),
    [("drive_threads.Threads.close", Outcome.LEFT), ("job.Job._watch_drive", Outcome.FAILED)],
)
def test_a_job_that_ends_by_an_unforeseen_error_says_so_and_its_host_ends(
    made: MadeLibrary,
    phone: SimulatedPhone,
    target: Path,
    tmp_path: Path,
    short_tmp: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    outcome: Outcome,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(f"ambertime_tui.engine.job.{part}", broken)

    async def story() -> None:
        async with asyncio.timeout(PATIENCE), host_in_this_process(tmp_path, short_tmp / "s") as serving:
            client = await EngineClient.attach(short_tmp / "s")
            await client.start(JobSpec(str(target)))
            done = await ended(client)
            assert done.status.outcome is outcome
            assert ("Internal error" in done.status.sentence) is (outcome is Outcome.FAILED)
            with open_target(target):
                pass  # its lock is free
            await client.aclose()
            await serving

    asyncio.run(story())


def test_a_client_that_never_says_anything_is_let_go(short_tmp: Path) -> None:
    async def story() -> None:
        served = asyncio.Event()

        async def answer(*_: object) -> object:
            raise AssertionError("nothing was asked")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await Connection(reader, writer, answer, first_ask_within=0.05).serve()
            served.set()

        server = await asyncio.start_unix_server(serve, str(short_tmp / "s"))
        reader, writer = await asyncio.open_unix_connection(str(short_tmp / "s"))
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
            await served.wait()
        writer.close()
        server.close()

    asyncio.run(story())


# Hosts of other versions, and sockets that are no host


async def refusal(short_tmp: Path, reply: bytes) -> EngineError:
    """What attaching to a socket fails with that answers HELLO like this; b"" closes the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(reply)
        if reply != SILENCE:
            writer.close()
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(serve, str(short_tmp / "s"))
    try:
        with pytest.raises(EngineError) as error:
            async with asyncio.timeout(PATIENCE):
                await EngineClient.attach(short_tmp / "s", hello_within=0.2)
    finally:
        server.close()
    return error.value


SILENCE = b"{"
"""The beginning of an answer that never ends."""


def hello(**fields: object) -> bytes:
    answer = {"protocol": PROTOCOL, "version": "1.2.3", "pid": 4321, "job": None, **fields}
    return json.dumps({"id": 0, "answer": to_json(answer)}).encode() + b"\n"


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        (PROTOCOL + 1, f"AmberTime 1.2.3, newer than this one ({__version__}). Update this AmberTime"),
        (PROTOCOL - 1, f"AmberTime 1.2.3, older than this one ({__version__}). Wait until its backup has"),
    ],
)
def test_a_host_of_another_version_is_refused_with_what_to_do(
    short_tmp: Path, protocol: int, says: str
) -> None:
    error = asyncio.run(refusal(short_tmp, hello(protocol=protocol, job={"another": "shape"})))
    assert error.kind == "OtherVersion"
    assert says in error.sentence
    assert "kill 4321" in error.sentence


def test_a_host_that_does_not_answer_is_given_up(short_tmp: Path) -> None:
    error = asyncio.run(refusal(short_tmp, SILENCE))
    assert error.kind == "HostSilent"
    assert "has not responded" in error.sentence


@pytest.mark.parametrize("reply", [b"", b"\n", b"[]\n", b"HTTP/1.1 400\r\n", b'{"answer": 3}\n', b"\xff\n"])
def test_a_socket_that_is_no_host_is_refused(short_tmp: Path, reply: bytes) -> None:
    assert asyncio.run(refusal(short_tmp, reply)).kind == "HostGone"


# The opening of a target


def test_opening_a_target_on_a_drive_that_hangs_is_abandoned_and_undone_later() -> None:
    async def story() -> None:
        responds, undone = threading.Event(), threading.Event()
        with pytest.raises(DriveSilent):
            await while_active(0.2, Path("/drive"), responds.wait, too_late=undone.set)
        assert not undone.is_set()
        responds.set()
        assert await asyncio.to_thread(undone.wait, PATIENCE), "a lock taken too late is released"

    asyncio.run(story())


def test_an_opening_that_fails_after_it_was_abandoned_undoes_nothing() -> None:
    async def story() -> None:
        responds, failed, undone = threading.Event(), threading.Event(), threading.Event()

        def fails() -> None:
            responds.wait()
            failed.set()
            raise OSError(5, "gone")

        with pytest.raises(DriveSilent):
            await while_active(0.2, Path("/drive"), fails, too_late=undone.set)
        responds.set()
        await asyncio.to_thread(failed.wait, PATIENCE)
        assert not undone.is_set()

    asyncio.run(story())


def test_opening_takes_as_long_as_it_needs_while_it_makes_progress() -> None:
    def works() -> str:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            sum(range(10_000))
        return "rebuilt"

    async def story() -> None:
        opened = await while_active(0.6, Path("/drive"), works, too_late=_never)
        assert opened == "rebuilt"

    asyncio.run(story())


def test_an_error_of_the_opening_is_raised_to_its_caller() -> None:
    def fails() -> Callable[[], None]:
        raise OSError(5, "input/output error")

    async def story() -> None:
        with pytest.raises(OSError, match="input/output"):
            await while_active(5.0, Path("/drive"), fails, too_late=_never)

    asyncio.run(story())


def _never() -> None:
    raise AssertionError("called although the opening was in time")
