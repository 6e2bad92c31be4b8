"""What came in earlier runs is kept privately for each iPhone and archive; a damaged file costs nothing."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.job.night_log import FOLDER, Logged, NightCount, NightLog

NIGHT = 86_400.0
START = datetime(2026, 11, 20, 22, 0).timestamp()


def run(log: NightLog, night: int, *sizes: int, hands: int = 0) -> NightCount:
    """One run in a night, in which items of these sizes come."""
    count = NightCount(log.read(), "shortcut", lambda: START + night * NIGHT)
    count.begin()
    for size in sizes:
        count.came(Tally(1, size))
    count.hand(hands)
    log.write(count.logged)
    return count


def test_the_next_run_continues_to_count(tmp_path: Path) -> None:
    log = NightLog(tmp_path, "udid", "target")
    run(log, 0, 10, 20, hands=1)
    run(log, 0, 30)
    last = run(log, 1, 40, hands=2)
    status = last.status(Tally(4, 100))
    assert (status.came, status.came_bytes, status.of, status.nights) == (4, 100, 8, 2)
    assert status.nights_left == 2
    assert (last.hands(5).in_this_run, last.hands(5).in_all, last.hands(5).left) == (2, 3, 5)


def test_other_phones_and_archives_have_their_own_count(tmp_path: Path) -> None:
    run(NightLog(tmp_path, "udid", "target"), 0, 10)
    for log in (NightLog(tmp_path, "udid", "other"), NightLog(tmp_path, "other", "target")):
        assert log.read() == Logged()


def test_only_this_user_can_read_it_and_it_names_neither_phone_nor_folder(tmp_path: Path) -> None:
    run(NightLog(tmp_path, "00008130-SECRET", "target"), 0, 10)
    (file,) = (tmp_path / FOLDER).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "SECRET" not in file.name + file.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"nights": [], "hands": [], "earlier": 0, "came": {"items": 0, "bytes": 0}}',
        '{"nights": [], "hands": {}, "earlier": -1, "came": {"items": 0, "bytes": 0}}',
        '{"nights": [], "hands": {}, "earlier": 0, "came": {"items": 1e400, "bytes": 0}}',
        json.dumps(
            {
                "nights": [{"night": n, "items": 0, "bytes": 0} for n in ("2026-02-02", "2026-01-01")],
                "hands": {},
                "earlier": 0,
                "came": {"items": 0, "bytes": 0},
            }
        ),
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    log = NightLog(tmp_path, "udid", "target")
    run(log, 0, 10)
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_text(text)
    assert log.read() == Logged()


def test_a_full_disk_ends_no_job(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("not a folder")
    log = NightLog(tmp_path, "udid", "target")
    run(log, 0, 10)
    assert log.read() == Logged()
