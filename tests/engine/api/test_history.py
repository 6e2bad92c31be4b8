"""The history: a line for each run, readable after power cuts, together with reports of older versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.engine.api.history import (
    FILE,
    LONG_AGO,
    LONGEST,
    OLDER,
    PastRun,
    TaskHistory,
    append_run,
    by_task,
    read_history,
    read_report,
    run_of,
)
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import (
    Census,
    CensusLine,
    JobStatus,
    Left,
    Outcome,
    PhoneSummary,
)
from ambertime_tui.engine.job.report import write_report

RUN = PastRun("aa00", 1000.0, 1060.0, Outcome.COMPLETE, "/media/usb", task="anna", copied=3, left=0)
STATUS = JobStatus(
    "bb11",
    9,
    JobSpec("/media/usb", "UDID", task="anna"),
    500.0,
    560.0,
    outcome=Outcome.LEFT,
    ended_at=560.0,
    phone=PhoneSummary("UDID", "Anna's iPhone"),
    census=Census(5, (CensusLine("copied", "", 3, 300), CensusLine("icloud", "icloud", 2, 900))),
    proof="3 originals on the drive",
)
LEFT = Left("u1", "IMG_1.HEIC", "2024-07-01", 450, "icloud", "Only in iCloud.")


def test_runs_are_read_back_in_order(tmp_path: Path) -> None:
    later = replace(RUN, job_id="cc22", started_at=2000.0, outcome=Outcome.FAILED)
    append_run(tmp_path, later)
    append_run(tmp_path, RUN)
    assert read_history(tmp_path) == (RUN, later)
    assert read_history(tmp_path / "empty") == ()


def test_a_line_that_a_power_cut_tore_costs_only_itself(tmp_path: Path) -> None:
    append_run(tmp_path, RUN)
    with (tmp_path / FILE).open("a") as file:
        file.write('{"job_id": "torn", "started')
    after = replace(RUN, job_id="dd33", started_at=3000.0)
    append_run(tmp_path, after)
    assert read_history(tmp_path) == (RUN, after)


def test_a_long_file_makes_room_and_keeps_what_it_had(tmp_path: Path) -> None:
    append_run(tmp_path, RUN)
    with (tmp_path / FILE).open("a") as file:
        file.write(" " * LONGEST + "\n")
    after = replace(RUN, job_id="dd33", started_at=3000.0)
    append_run(tmp_path, after)
    assert (tmp_path / OLDER).stat().st_size > LONGEST
    assert read_history(tmp_path) == (RUN, after)


def test_reports_of_versions_without_a_history_are_runs(tmp_path: Path) -> None:
    write_report(tmp_path / "reports", STATUS, [LEFT, LEFT])
    (run,) = read_history(tmp_path)
    assert run == run_of(STATUS, 2, "")
    assert (run.phone, run.task) == ("Anna's iPhone", "anna")
    assert (run.copied, run.copied_bytes, run.icloud) == (3, 300, 2)
    append_run(tmp_path, run_of(STATUS, 2, "My Drive"))
    assert [one.drive for one in read_history(tmp_path)] == ["My Drive"]


def test_the_report_of_a_run_is_read_while_it_is_kept(tmp_path: Path) -> None:
    file = write_report(tmp_path / "reports", STATUS, [LEFT])
    run = run_of(STATUS, 1, "")
    status, report = read_report(tmp_path, run)
    assert (status, report.left, report.census) == (STATUS, (LEFT,), STATUS.census)
    file.unlink()
    with pytest.raises(EngineError, match="no longer kept"):
        read_report(tmp_path, run)


def test_a_task_that_has_not_succeeded_for_long_is_known(tmp_path: Path) -> None:
    failed = replace(RUN, job_id="ee44", started_at=5000.0, ended_at=5060.0, outcome=Outcome.FAILED)
    known = by_task((RUN, failed))["anna"]
    assert known == TaskHistory(failed, RUN.ended_at)
    assert not known.is_long_ago(RUN.ended_at + LONG_AGO - 1)
    assert known.is_long_ago(RUN.ended_at + LONG_AGO)
    assert by_task((failed,))["anna"].is_long_ago(failed.ended_at), "it never succeeded"
    assert not TaskHistory().is_long_ago(1e9)
