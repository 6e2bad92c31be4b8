"""The copy queue and the limit on concurrent copies."""

from __future__ import annotations

import asyncio

from ambertime_tui.engine.job.concurrency_limit import ConcurrencyLimit
from ambertime_tui.engine.job.copy_queue import CopyQueue
from tests.engine.job.test_fetch_queue import waiting


async def turns_passed() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_an_asset_has_one_writer_at_a_time() -> None:
    async def story() -> None:
        queue = CopyQueue()
        still, other = waiting(1, 10, 1.0), waiting(2, 10, 2.0)
        queue.add([still, still, other])
        assert queue.take() == still
        assert queue.take() == other
        assert queue.take() is None
        assert not queue.is_empty
        queue.done(other)
        assert queue.take() is None
        queue.done(still)
        assert queue.take() == still

    asyncio.run(story())


def test_a_paused_or_closed_queue_gives_out_nothing() -> None:
    async def story() -> None:
        queue = CopyQueue()
        queue.add([waiting(1, 10, 1.0)])
        queue.pause()
        assert queue.take() is None
        queue.close()
        assert queue.take() is None
        assert not await queue.available()

    asyncio.run(story())


def test_idle_workers_do_not_use_up_the_limit() -> None:
    """Sixteen workers wait for work while the phone can serve one file at a time."""

    async def story() -> None:
        queue, limit = CopyQueue(), ConcurrencyLimit(16, at_first=16)
        alone: list[bool] = []

        async def work() -> None:
            while await queue.available():
                async with limit.slot():
                    planned = queue.take()
                    if planned is not None:
                        await turns_passed()
                        alone.append(limit.alone)
                        queue.done(planned)

        workers = [asyncio.create_task(work()) for _ in range(16)]
        await turns_passed()
        for cause in range(4):
            limit.reduce(cause)
        assert limit.limit == 1
        queue.add(waiting(number, 10, float(number)) for number in range(8))
        async with asyncio.timeout(10):
            while not queue.is_empty:
                await queue.changed()
        queue.close()
        await asyncio.gather(*workers)
        assert alone == [True] * 8

    asyncio.run(story())


def test_a_fault_is_blamed_on_nothing_while_earlier_copies_are_still_running() -> None:
    async def story() -> None:
        limit = ConcurrencyLimit(2)
        async with limit.slot():
            async with limit.slot():
                limit.reduce("the phone disconnected")
                assert limit.limit == 1
                assert not limit.alone
            assert limit.alone

    asyncio.run(story())
