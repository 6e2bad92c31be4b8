"""The two printers: the same reports as text for people and as JSON Lines for programs."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field

import pytest

from ambertime_tui.engine.api.protocol import Report
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import DriveSummary, Event, JobStatus, Left, Outcome, PhoneSummary
from ambertime_tui.plain.histogram import ASCII
from ambertime_tui.plain.json_printer import JsonPrinter
from ambertime_tui.plain.printer import Printer
from ambertime_tui.plain.streams import Streams
from ambertime_tui.plain.text_printer import TextPrinter

PHONE = PhoneSummary("00008130", "Anna's iPhone", "iPhone 15 Pro", "18.1", ready=True)


@dataclass
class Printed:
    """What a printer wrote to the two streams."""

    data: io.StringIO = field(default_factory=io.StringIO)
    narration: io.StringIO = field(default_factory=io.StringIO)

    def text(self) -> Printer:
        return TextPrinter(Streams(self.data, self.narration, redraws=False), width=80, glyphs=ASCII)

    def json(self) -> Printer:
        return JsonPrinter(Streams(self.data, self.narration, redraws=False))

    @property
    def lines(self) -> list[str]:
        return self.data.getvalue().splitlines()

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def printed() -> Printed:
    return Printed()


def test_phones_as_text(printed: Printed) -> None:
    printed.text().phones([PHONE])
    assert printed.lines == ["00008130  Anna's iPhone (iPhone 15 Pro, iOS 18.1)  ready"]


def test_phones_as_json_start_with_their_type(printed: Printed) -> None:
    printed.json().phones([PHONE])
    assert printed.lines[0].startswith('{"type":"phone","udid":"00008130","name":"Anna\'s iPhone",')


def test_a_name_cannot_control_the_terminal_and_keeps_its_characters_in_json(printed: Printed) -> None:
    drive = DriveSummary("/mnt/\x1b[2J写真")
    printed.text().drives([drive])
    assert "\\x1b[2J写真" in printed.data.getvalue()
    other = Printed()
    other.json().drives([drive])
    assert other.records[0]["path"] == drive.path


def test_a_job_is_narrated_by_both_and_recorded_by_json_only(printed: Printed) -> None:
    status = JobStatus("4f1c", 1, JobSpec("/mnt/a"), 0.0, 0.0, events=(Event(1.0, "warning", "Locked."),))
    printed.text().job_status(status)
    other = Printed()
    other.json().job_status(status)
    assert "warning: Locked." in printed.narration.getvalue()
    assert printed.narration.getvalue() == other.narration.getvalue()
    assert printed.lines == []
    assert [record["type"] for record in other.records] == ["job", "event", "progress"]


def test_the_end_of_a_job_names_what_is_left(printed: Printed) -> None:
    status = JobStatus("4f1c", 1, JobSpec("/mnt/a"), 0.0, 9.0, outcome=Outcome.LEFT, ended_at=9.0)
    report = Report(None, (Left("U1", "写真.HEIC", "2024-07-01", 1_000, "icloud", "Only in iCloud."),))
    printed.text().job_ended(status, report)
    assert printed.lines == [
        "",
        "Not on the drive: 1 item. Only in iCloud.",
        "  写真.HEIC  2024-07-01  1.0 kB",
        "",
        "Finished, but not everything you selected is on the drive. (0:09)",
    ]
    other = Printed()
    other.json().job_ended(status, report)
    assert [record["type"] for record in other.records] == ["left", "census"]
    assert other.records[1]["exit_code"] == 3


def test_a_job_in_the_background_is_named_by_its_id(printed: Printed) -> None:
    printed.text().job_started("4f1c", "/mnt/a")
    other = Printed()
    other.json().job_started("4f1c", "/mnt/a")
    assert printed.lines == ["4f1c"]
    assert other.records == [{"type": "started", "job_id": "4f1c", "target": "/mnt/a"}]
