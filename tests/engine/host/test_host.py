"""The engine's process: which clients it serves, what it survives, and when it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import EngineClient, EngineError, running_jobs
from ambertime_tui.engine.api.messages import ask_line
from ambertime_tui.engine.api.protocol import Ask
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Outcome, Phase, ScanStatus, ScanStep
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import (
    PATIENCE,
    alive,
    archived,
    backup,
    ended,
    engine,
    gone,
    in_part,
    incomplete,
    resume,
    selected,
    start_paused,
    strangers,
    until,
)


def descriptors(pid: int) -> list[str]:
    """The files that stdin, stdout and stderr of a process refer to."""
    return [str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)]


def test_a_host_has_no_terminal_and_a_session_of_its_own(home: Path) -> None:
    async def story() -> None:
        async with engine() as client:
            pid = client.hello.pid
            assert os.getsid(pid) == pid != os.getsid(0)
            assert not any(name.startswith("/dev/pts") for name in await asyncio.to_thread(descriptors, pid))
            assert client.socket.stat().st_mode & 0o777 == 0o600

    asyncio.run(story())


def test_a_host_without_a_job_ends_with_its_last_client(home: Path) -> None:
    async def story() -> None:
        first = await EngineClient.launch(paths_from(os.environ), os.environ)
        second = await EngineClient.attach(first.socket)
        await first.aclose()
        assert await second.drives() is not None
        assert alive(second.hello.pid)
        await second.aclose()
        await gone(second.hello.pid)
        assert not second.socket.exists()

    asyncio.run(story())


def test_a_job_outlives_every_client_and_leaves_its_report(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    paths = paths_from(os.environ)

    async def story() -> int:
        client = await EngineClient.launch(paths, os.environ)
        await start_paused(client, JobSpec(str(target)))
        await resume(client)
        await client.aclose()
        return client.hello.pid

    pid = asyncio.run(story())
    asyncio.run(gone(pid))
    assert incomplete(made, target) == []
    (report,) = (paths.state / "reports").glob("*.jsonl")
    first, *left = map(json.loads, report.read_text().splitlines())
    assert first["status"]["outcome"] == "left"
    assert first["status"]["census"] is not None
    assert len(left) == sum(a.availability != "local" for a in selected(made))
    assert report.stat().st_mode & 0o777 == 0o600
    assert running_jobs(paths) == ()


def test_a_running_job_is_found_and_attached_to_by_several_clients(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as first:
            await start_paused(first, JobSpec(str(target)))
            (job,) = await asyncio.to_thread(running_jobs, paths_from(os.environ))
            assert (job.target, job.udid) == (str(target), phone.udid)
            others = [await EngineClient.attach(Path(job.socket)) for _ in range(3)]
            await resume(others[0])
            ends = await asyncio.gather(*(ended(client) for client in (first, *others)))
            assert len({end.status.sequence for end in ends}) == 1
            assert len({end.report for end in ends}) == 1
            for client in others:
                await client.aclose()

    asyncio.run(story())


def test_a_client_that_stops_reading_stalls_nothing(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            deaf = socket.socket(socket.AF_UNIX)
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(str(client.socket))
            deaf.sendall(ask_line(1, Ask.WATCH_STATUS) + ask_line(2, Ask.DRIVES) * 500)
            await resume(client)
            done = await ended(client)
            assert done.status.outcome is Outcome.LEFT
            deaf.close()

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_a_client_that_talks_nonsense_is_let_go_and_the_others_stay(home: Path) -> None:
    async def story() -> None:
        async with engine() as client:
            for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b'{"ask": "phones"}\n', b"\xff" * 200 + b"\n"):
                reader, writer = await asyncio.open_unix_connection(str(client.socket))
                writer.write(nonsense)
                assert await reader.read() == b""
                writer.close()
            reader, writer = await asyncio.open_unix_connection(str(client.socket))
            writer.write(b'{"id": 5, "ask": "make coffee"}\n')
            answer = json.loads(await reader.readline())
            assert (answer["id"], answer["error"]["kind"]) == (5, "NotUnderstood")
            writer.close()
            assert await client.drives() is not None

    asyncio.run(story())


def test_statuses_come_at_most_ten_times_a_second(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.link = Link(0.0, 400_000)
            await resume(client)
            began = time.monotonic()
            seen: list[int] = []
            async with aclosing(client.statuses()) as statuses:
                seen += [status.sequence async for status in statuses]
            took = time.monotonic() - began
            assert len(seen) <= took * 10 + 3
            assert seen == sorted(seen)

    asyncio.run(story())


def test_a_job_in_which_nothing_changes_says_nothing(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            async with aclosing(client.statuses()) as statuses:
                await anext(statuses)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(1.5):
                        while True:
                            quiet_from = await anext(statuses)
                            assert quiet_from.condition is Condition.PAUSED
            await resume(client)
            await ended(client)

    asyncio.run(story())


def test_a_host_that_is_killed_loses_nothing_and_the_next_run_goes_on(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    paths = paths_from(os.environ)

    async def story() -> None:
        client = await EngineClient.launch(paths, os.environ)
        await start_paused(client, JobSpec(str(target)))
        phone.link = Link(0.002, 300_000)
        await resume(client)
        await until(client, lambda status: status.write.written.count > 3)
        os.kill(client.hello.pid, signal.SIGKILL)
        with pytest.raises(EngineError) as lost:
            await ended(client)
        assert lost.value.kind == "HostGone"
        await client.aclose()
        await gone(client.hello.pid)

    asyncio.run(story())
    assert running_jobs(paths) == ()
    assert list(paths.runtime.glob("*.sock")) == []
    promised = archived(target).keys() - in_part(made, target)
    assert promised
    phone.link = Link()
    done = asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
    assert strangers(target) == set()
    assert done.status.write.already.count == len(promised)
    assert not list((paths.state / "scratch").iterdir())


def test_sigterm_ends_a_job_after_the_files_being_copied(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        client = await EngineClient.launch(paths_from(os.environ), os.environ)
        async with asyncio.timeout(PATIENCE):
            await start_paused(client, JobSpec(str(target)))
            phone.link = Link(0.005, 200_000)
            await resume(client)
            await until(client, lambda status: status.write.written.count > 0)
            os.kill(client.hello.pid, signal.SIGTERM)
            status = await until(client, lambda status: status.outcome is not None)
            assert status.outcome is Outcome.INTERRUPTED
        await gone(client.hello.pid)
        await client.aclose()

    asyncio.run(story())
    assert strangers(target) == set()


def test_a_host_is_deaf_to_what_a_dying_terminal_sends(home: Path) -> None:
    async def story() -> None:
        async with engine() as client:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTSTP):
                os.kill(client.hello.pid, number)
            assert await client.drives() is not None

    asyncio.run(story())


def test_trouble_before_a_job_is_an_error_and_no_job(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path, usbmux: BackgroundUsbmuxd
) -> None:
    a_file = tmp_path / "file"
    a_file.write_text("")

    async def refused(client: EngineClient, spec: JobSpec) -> EngineError:
        with pytest.raises(EngineError) as error:
            await client.start(spec)
        assert len(error.value.sentence) > 20
        return error.value

    async def story() -> None:
        async with engine() as client:
            assert (await refused(client, JobSpec(str(tmp_path / "no")))).kind == "TargetMissing"
            assert (await refused(client, JobSpec(str(a_file)))).kind == "TargetNotAFolder"
            assert (await refused(client, JobSpec(str(target), udid="no-such"))).kind == "UnknownPhone"
            usbmux.unplug(phone)
            assert (await refused(client, JobSpec(str(target)))).kind == "NoPhoneAttached"
            usbmux.stop()
            assert (await refused(client, JobSpec(str(target)))).kind == "UsbmuxUnavailable"
            usbmux.start()
            usbmux.attach(phone)
            async with engine() as other:
                await start_paused(other, JobSpec(str(target)))
                in_use = await refused(client, JobSpec(str(target)))
                assert in_use.kind == "TargetInUse"
                await resume(other)
                await ended(other)
        assert running_jobs(paths_from(os.environ)) == ()

    asyncio.run(story())


def test_phones_and_drives_are_told_as_they_come_and_go(
    made: MadeLibrary, phone: SimulatedPhone, usbmux: BackgroundUsbmuxd
) -> None:
    async def story() -> None:
        async with engine() as client, aclosing(client.devices()) as changes:

            async def until_phones(ready: bool, count: int) -> None:
                async for change in changes:
                    if len(change.phones) == count and all(p.ready == ready for p in change.phones):
                        return

            await until_phones(True, 1)
            (listed,) = (await client.phones()).phones
            assert (listed.udid, listed.ready) == (phone.udid, True)
            usbmux.unplug(phone)
            await until_phones(True, 0)
            phone.locked = True
            usbmux.attach(phone)
            await until_phones(False, 1)
            usbmux.stop()
            async for change in changes:
                if change.sentence:
                    assert "usbmuxd" in change.sentence
                    break

    asyncio.run(story())


def test_the_scan_made_for_a_range_picker_is_the_one_the_job_uses(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    heard: list[ScanStatus] = []

    async def story() -> None:
        async with engine() as client:
            surveyed = await client.survey(None, heard.append)
            again = await client.survey(phone.udid)
            assert surveyed == again
            reads = phone.journal.requests["afc.READ_DIR"]
            await client.survey(phone.udid, refresh=True)
            assert phone.journal.requests["afc.READ_DIR"] > reads
            before = phone.journal.requests["afc.READ_DIR"]
            preview = await client.preview(JobSpec(str(target)))
            assert preview.problem == ""
            await client.start(JobSpec(str(target)))
            done = await ended(client)
            assert phone.journal.requests["afc.READ_DIR"] == before
            assert done.status.write.written.count == preview.local.count + preview.in_part
            assert done.status.scan.icloud.count >= preview.icloud.count > 0
            after = await client.preview(JobSpec(str(target)))
            assert after.already.count == preview.local.count
            assert after.local.count == 0

    asyncio.run(story())
    assert heard
    assert {scan.step for scan in heard} <= set(ScanStep)


def test_a_preview_says_what_is_wrong_with_a_target(
    made: MadeLibrary, phone: SimulatedPhone, tmp_path: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            preview = await client.preview(JobSpec(str(tmp_path / "nowhere")))
            assert "does not exist" in preview.problem
            assert preview.local.count > 0
            with pytest.raises(EngineError) as missing:
                await client.drive(str(tmp_path / "nowhere"))
            assert missing.value.kind == "TargetMissing"

    asyncio.run(story())


def test_a_job_that_waits_for_its_phone_can_be_stopped(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.faults = Faults(cable_pulled_after=100_000)
            await resume(client)
            await until(client, lambda status: status.condition is Condition.WAITING)
            os.kill(client.hello.pid, signal.SIGTERM)
            status = await until(client, lambda status: status.phase is Phase.ENDED)
            assert status.outcome is Outcome.INTERRUPTED

    asyncio.run(story())
    assert strangers(target) == set()
