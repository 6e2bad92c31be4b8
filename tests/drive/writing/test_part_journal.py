"""The part journal with many threads: it is compacted regularly, without a deadlock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing import part_journal as parts
from ambertime_tui.drive.writing.part_journal import PartJournal

THREADS, EACH = 8, 60
LONG = 60.0
"""Time limit in seconds; it usually takes one or two."""


def test_many_threads_register_parts_while_the_journal_is_compacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_COMPACT_AFTER", 16)
    journal = PartJournal(tmp_path, tmp_path / "parts", SystemCalls())

    def work(thread: int) -> None:
        for number in range(EACH):
            part = f"Photos/{thread}-{number}.part"
            assert journal.reserve(part)
            journal.register([part])
            if number % 10:
                journal.forget([part])

    pool = ThreadPoolExecutor(THREADS)
    try:
        for done in [pool.submit(work, thread) for thread in range(THREADS)]:
            done.result(timeout=LONG)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    written = (tmp_path / "parts").read_text()
    remaining = [
        f"Photos/{thread}-{number}.part" for thread in range(THREADS) for number in range(0, EACH, 10)
    ]
    assert all(part in written for part in remaining)
    assert not any(journal.reserve(part) for part in remaining)
    assert journal.reserve("Photos/0-1.part"), "it was forgotten"
    journal.close()
