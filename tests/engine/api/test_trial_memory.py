"""What trials have shown is kept for each phone, version of iOS and way."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.trial import KindResult, TrialResult
from ambertime_tui.engine.api.trial_memory import FOLDER, TrialMemory

UDID = "00008110-000A1B2C3D4E5F60"
RESULT = TrialResult(
    "18.1", FetchWay.SHORTCUT, 1.5e9, (KindResult("photo", 3, 2),), items=2, bytes=7, proved=2
)


def test_a_result_is_found_for_its_phone_version_and_way_alone(tmp_path: Path) -> None:
    memory = TrialMemory(tmp_path)
    assert memory.result(UDID, "18.1", FetchWay.SHORTCUT) is None
    memory.remember(UDID, RESULT)
    assert TrialMemory(tmp_path).result(UDID, "18.1", FetchWay.SHORTCUT) == RESULT
    assert memory.result(UDID, "18.2", FetchWay.SHORTCUT) is None
    assert memory.result(UDID, "18.1", FetchWay.BY_HAND) is None
    assert memory.results("another") == ()


def test_a_newer_result_replaces_the_older_one(tmp_path: Path) -> None:
    memory = TrialMemory(tmp_path)
    memory.remember(UDID, RESULT)
    memory.remember(UDID, replace(RESULT, way=FetchWay.BY_HAND))
    memory.remember(UDID, replace(RESULT, items=9))
    assert [(one.way, one.items) for one in memory.results(UDID)] == [
        (FetchWay.BY_HAND, 2),
        (FetchWay.SHORTCUT, 9),
    ]


def test_the_file_is_private_and_does_not_name_the_phone(tmp_path: Path) -> None:
    TrialMemory(tmp_path).remember(UDID, RESULT)
    [file] = (tmp_path / FOLDER).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert UDID not in file.name
    assert UDID not in file.read_text()


def test_a_damaged_file_counts_as_nothing(tmp_path: Path) -> None:
    memory = TrialMemory(tmp_path)
    memory.remember(UDID, RESULT)
    [file] = (tmp_path / FOLDER).iterdir()
    for text in ("", "{", "[]", '{"results": 3}', '{"results": [{"way": "by-magic"}]}', "\udcff"):
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        assert memory.results(UDID) == ()
    memory.remember(UDID, RESULT)
    assert memory.results(UDID) == (RESULT,)
