"""The copy of the library database is a committed state, or there is no copy."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.phone.afc_messages import MediaStat
from ambertime_tui.phone.errors import (
    DatabaseNeverRests,
    DatabaseNotThere,
    MediaForbidden,
    NoRoomForDatabase,
    PhoneDisconnected,
)
from ambertime_tui.phone.photos_database import (
    DATABASE,
    LOOK_EVERY,
    Baseline,
    FetchedDatabase,
    FetchProgress,
    database_stamp,
    fetch_database,
)
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.phone.busy_database import judge, make_database
from tests.phone.talking import media_of, raised, run, until

HEADER_1, HEADER_2 = b"1" * 32, b"2" * 32
STAT_1 = MediaStat(4096, 1.0, False, 1_000_000_000)
STAT_2 = MediaStat(4096, 1.0, False, 1_000_000_001)


@pytest.fixture
def database(media_folder: Path) -> Path:
    """The phone's database, 2 MB, whose writer keeps its log."""
    file = media_folder / DATABASE
    make_database(file, 2)
    return file


@contextmanager
def writing(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection like photolibraryd's: the log stays when it closes, as on a phone."""
    kept = {}
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        try:
            yield connection
        finally:
            for suffix in ("", "-wal"):
                file = database.with_name(database.name + suffix)
                if file.exists():
                    kept[file] = (file.read_bytes(), file.stat())
    for file, (content, facts) in kept.items():
        file.write_bytes(content)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def commit(connection: sqlite3.Connection, times: int = 1) -> None:
    for _ in range(times):
        connection.execute("BEGIN IMMEDIATE")
        for table in ("asset", "attributes", "resource"):
            connection.execute(f"UPDATE {table} SET count = count + 1 WHERE id <= 3")
        connection.execute("INSERT INTO ledger (at) VALUES (0)")
        connection.execute("COMMIT")


async def at_once(seconds: float) -> None:
    """Yield to other tasks without sleeping."""
    await asyncio.sleep(0)


def fetched_from(phone: SimulatedPhone, records: Path, into: Path, **how: object) -> FetchedDatabase:
    async def work() -> FetchedDatabase:
        async with media_of(phone, records) as media:
            fetched = await fetch_database(media, into, **how)  # type: ignore[arg-type]
            await until(lambda: phone.open_files == 0, "the files to be closed")
            return fetched

    return run(work())


def test_a_database_at_rest_is_copied_with_its_log_at_the_first_try(
    any_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    with writing(database) as connection:
        commit(connection, 7)
    reported: list[FetchProgress] = []
    fetched = fetched_from(any_phone, records, tmp_path / "copy", on_progress=reported.append)
    assert fetched.attempts == 1
    assert fetched.database.read_bytes() == database.read_bytes()
    log = database.with_name("Photos.sqlite-wal").read_bytes()
    assert fetched.wal is not None
    assert fetched.wal.read_bytes() == log
    assert fetched.header == log[:32]
    assert (
        fetched.bytes
        == reported[-1].bytes_done
        == reported[-1].bytes_total
        == database.stat().st_size + len(log)
    )
    assert [p.bytes_done for p in reported] == sorted(p.bytes_done for p in reported)
    assert judge(fetched.database) == ("", 7)


def test_the_copy_is_for_this_user_only(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    with writing(database) as connection:
        commit(connection)
    old = os.umask(0)
    try:
        fetched = fetched_from(simulated_phone, records, tmp_path / "copy")
    finally:
        os.umask(old)
    assert fetched.wal is not None
    assert stat.S_IMODE(fetched.database.stat().st_mode) == stat.S_IMODE(fetched.wal.stat().st_mode) == 0o600
    assert stat.S_IMODE(fetched.database.parent.stat().st_mode) == 0o700


def test_a_database_without_a_log_is_read_twice(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    before = simulated_phone.wire.sent
    fetched = fetched_from(simulated_phone, records, tmp_path / "copy")
    assert (fetched.wal, fetched.header, fetched.attempts) == (None, b"", 1)
    assert simulated_phone.wire.sent - before > 2 * database.stat().st_size
    assert judge(fetched.database) == ("", 0)


@pytest.mark.parametrize(
    "tail", [b"", b"\0" * 24, os.urandom(4096 + 24 + 11)], ids=["whole", "empty frame", "noise"]
)
def test_sqlite_passes_over_a_torn_end_of_the_log(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path, tail: bytes
) -> None:
    with writing(database) as connection:
        commit(connection, 5)
    log = database.with_name("Photos.sqlite-wal")
    whole = log.read_bytes()
    log.write_bytes((whole if tail else whole[:-100]) + tail)
    fetched = fetched_from(simulated_phone, records, tmp_path / "copy")
    # With its last frame cut, the last transaction is not committed; with data after it, it is.
    assert judge(fetched.database) == ("", 5 if tail else 4)


def test_a_log_restarted_over_an_untouched_database_is_no_reason_to_try_again(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    with writing(database) as connection:
        commit(connection, 3)
        connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        restarted: list[int] = []

        def on_progress(progress: FetchProgress) -> None:
            if not restarted:
                before = database.with_name("Photos.sqlite-wal").read_bytes()[:32]
                commit(connection)
                restarted.append(before != database.with_name("Photos.sqlite-wal").read_bytes()[:32])

        fetched = fetched_from(simulated_phone, records, tmp_path / "copy", on_progress=on_progress)
        assert restarted == [True]
        assert fetched.attempts == 1
        assert judge(fetched.database) == ("", 4)


def test_a_checkpoint_under_the_copy_is_a_reason_to_try_again(
    phone_factory: PhoneFactory, media_folder: Path, records: Path, tmp_path: Path
) -> None:
    database = media_folder / DATABASE
    make_database(database, 12)
    phone = phone_factory()
    with writing(database) as connection:
        commit(connection, 3)

        def on_progress(progress: FetchProgress) -> None:
            if progress.attempt <= 2:
                # Checkpoint the complete log, so that the next commit restarts it.
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
                commit(connection)

        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)

        fetched = fetched_from(phone, records, tmp_path / "copy", on_progress=on_progress, sleep=sleep)
        assert fetched.attempts == 3
        assert [p for p in pauses if p > 0.1] == [0.25, 0.5]
        assert judge(fetched.database)[0] == ""


def test_a_database_that_never_rests_is_given_up_with_a_sentence(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    with writing(database) as connection:
        commit(connection)

        def on_progress(progress: FetchProgress) -> None:
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            commit(connection)

        async def work() -> None:
            async with media_of(simulated_phone, records) as media:
                error = await raised(
                    DatabaseNeverRests,
                    fetch_database(
                        media, tmp_path / "copy", attempts=4, on_progress=on_progress, sleep=at_once
                    ),
                )
                assert error.attempts == 4
                assert "Close the Photos" in str(error)

        run(work())


def test_a_copy_that_has_become_worthless_is_not_read_to_its_end(
    phone_factory: PhoneFactory, media_folder: Path, records: Path, tmp_path: Path
) -> None:
    database = media_folder / DATABASE
    make_database(database, 40)
    phone = phone_factory(link=Link(bytes_per_second=100e6))
    with writing(database) as connection:
        commit(connection)
        changed: list[bool] = []

        def on_progress(progress: FetchProgress) -> None:
            if not changed:
                changed.append(True)
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
                commit(connection)

        before = phone.wire.sent
        fetched = fetched_from(phone, records, tmp_path / "copy", on_progress=on_progress)
        assert fetched.attempts == 2
        in_vain = phone.wire.sent - before - fetched.bytes
        # The two requests of a check are each answered after an earlier read.
        assert LOOK_EVERY <= in_vain < database.stat().st_size * 0.75


def test_a_phone_without_the_database_says_so(
    simulated_phone: SimulatedPhone, records: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            error = await raised(DatabaseNotThere, fetch_database(media, tmp_path / "copy"))
            assert DATABASE in str(error)
            await raised(DatabaseNotThere, database_stamp(media))

    run(work())


def test_a_phone_that_refuses_the_database_is_told_apart_from_one_without(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    simulated_phone.faults = Faults(paths=(PathFault(f"/{DATABASE}", "open", AfcStatus.PERM_DENIED),))

    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            await raised(MediaForbidden, fetch_database(media, tmp_path / "copy"))

    run(work())


def test_a_cable_pulled_in_the_middle_ends_the_copy(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            simulated_phone.faults = Faults(cable_pulled_after=1_000_000)
            await raised(PhoneDisconnected, fetch_database(media, tmp_path / "copy"))

    run(work())


def test_a_cancelled_copy_leaves_nothing_open(
    phone_factory: PhoneFactory, database: Path, records: Path, tmp_path: Path
) -> None:
    phone = phone_factory(link=Link(bytes_per_second=4e6))

    async def work() -> None:
        async with media_of(phone, records) as media:
            begun = asyncio.Event()
            copy = asyncio.create_task(
                fetch_database(media, tmp_path / "copy", on_progress=lambda progress: begun.set())
            )
            await begun.wait()
            copy.cancel()
            await asyncio.wait({copy})
            assert copy.cancelled()
            await until(lambda: phone.open_files == 0, "the files to be closed")
            phone.link = Link()
            assert judge((await fetch_database(media, tmp_path / "copy")).database) == ("", 0)

    run(work())


def test_a_computer_without_room_says_where_room_is_needed(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
            try:
                error = await raised(NoRoomForDatabase, fetch_database(media, tmp_path / "copy"))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert str(tmp_path / "copy") in str(error)
            (tmp_path / "file").touch()
            await raised(NoRoomForDatabase, fetch_database(media, tmp_path / "file"))

    run(work())


def test_a_link_laid_in_the_way_is_not_followed(
    simulated_phone: SimulatedPhone, database: Path, records: Path, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/Photos.sqlite").symlink_to(tmp_path / "precious")

    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            await raised(NoRoomForDatabase, fetch_database(media, tmp_path / "copy"))

    run(work())
    assert (tmp_path / "precious").read_text() == "precious"


def test_the_sign_of_a_database_is_the_same_until_something_is_written(
    simulated_phone: SimulatedPhone, database: Path, records: Path
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            with writing(database) as connection:
                signs = [await database_stamp(media), await database_stamp(media)]
                assert signs[0] == signs[1]
                for _ in range(3):
                    commit(connection)
                    signs.append(await database_stamp(media))
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
                signs.append(await database_stamp(media))
            assert len(set(signs)) == len(signs) - 1

    run(work())


@given(
    header=st.sampled_from([b"", HEADER_1]),
    stat_before=st.sampled_from([None, STAT_1]),
    log_as_read=st.sampled_from([b"", HEADER_1, HEADER_2]),
    header_after=st.sampled_from([b"", HEADER_1, HEADER_2]),
    stat_after=st.sampled_from([None, STAT_1, STAT_2]),
)
def test_a_copy_is_taken_by_rule_a_or_rule_b_and_no_other(
    header: bytes,
    stat_before: MediaStat | None,
    log_as_read: bytes,
    header_after: bytes,
    stat_after: MediaStat | None,
) -> None:
    same_generation = bool(header) and header == log_as_read == header_after
    untouched = stat_before is not None and stat_before == stat_after and log_as_read == header_after
    assert Baseline(header, stat_before).accepts(log_as_read, header_after, stat_after) == (
        same_generation or untouched
    )


def test_a_phone_that_tells_no_times_cannot_vouch_for_an_untouched_database() -> None:
    timeless = MediaStat(4096, None, False, None)
    assert not Baseline(HEADER_1, timeless).accepts(HEADER_2, HEADER_2, timeless)
    assert Baseline(HEADER_1, timeless).accepts(HEADER_1, HEADER_1, timeless)
