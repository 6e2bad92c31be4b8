"""The report of the checks: no personal data, whatever is found, and which open rows it settles."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.doctor import Area, Finding, Level
from ambertime_tui.engine.api.doctor_report import (
    DoctorReport,
    impersonal,
    read_report,
    report_text,
    write_report,
)
from ambertime_tui.engine.api.doctor_rows import ROWS, Settled, compare_report
from ambertime_tui.engine.api.protocol import EngineError

DOCUMENT = Path(__file__).parents[3] / "docs/what-is-unconfirmed.md"


def report_of(tmp_path: Path, *findings: Finding) -> DoctorReport:
    file = tmp_path / "report.json"
    write_report(file, findings)
    return read_report(file)


def fine(check: str, area: Area = Area.PHONE, **facts: int | float | bool | str) -> Finding:
    return Finding(area, check, Level.FINE, "A sentence about Anna.", facts)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(["ios", "version", "kind", "product", "system"]), st.text(max_size=20)),
        st.one_of(st.text(max_size=40), st.integers(), st.booleans()),
    )
)
def test_no_text_gets_into_a_report_but_versions_and_words_of_ours(facts: dict[str, int | str]) -> None:
    allowed = re.compile(
        r"[\d.abrc]+|Linux|Darwin|(iPhone|iPad|iPod)\d+,\d+|[A-Z][A-Za-z]+|by-file|by-device|no"
    )
    for name, value in impersonal(facts).items():
        assert set(name) <= set(string.ascii_lowercase + string.digits + "_-")
        assert not isinstance(value, str) or allowed.fullmatch(value)


def test_sentences_and_unknown_texts_are_left_out(tmp_path: Path) -> None:
    finding = Finding(
        Area.DRIVE,
        "file-system",
        Level.FINE,
        "The drive of Anna in /media/anna/ARCHIVE.",
        {"file_system": "fuse.annas-drive", "label": "ANNA", "serial": "F2LXK1", "free_bytes": 5},
    )
    text = report_text([finding])
    assert "anna" not in text.lower()
    assert "F2LXK1" not in text
    assert report_of(tmp_path, finding).facts("file-system") == {"free_bytes": 5}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "ambertime-doctor"}', "[" * 100_000, '{"format": 1}', "\x00"],
    ids=repr,
)
def test_a_file_that_is_no_report_is_refused_or_empty(text: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    try:
        assert read_report(file).findings == ()
    except EngineError as error:
        assert "is not a report" in error.sentence


def test_a_report_from_elsewhere_cannot_bring_in_texts(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    strange = {"area": "phone", "check": "ios", "level": "fine", "facts": {"ios": "\x1b[2J", "x": [1]}}
    odd = {**strange, "check": "\x1b[2J"}
    file.write_text(json.dumps({"format": "ambertime-doctor", "findings": [strange, odd, 7, None]}))
    report = read_report(file)
    assert [(one.check, dict(one.facts)) for one in report.findings] == [("ios", {})]


def test_the_rows_are_those_of_the_document_in_its_order() -> None:
    assert list(ROWS) == re.findall(
        r'^\| <a id="([a-z0-9-]+)"></a>`\1` \|', DOCUMENT.read_text(), re.MULTILINE
    )


def test_an_empty_report_settles_nothing(tmp_path: Path) -> None:
    assert {one.settled for one in compare_report(report_of(tmp_path))} == {Settled.OPEN}


@pytest.mark.parametrize(
    ("row", "settled", "findings"),
    [
        ("db-over-afc", Settled.CONFIRMED, [fine("library", readable=True), fine("ios", ios="26.1")]),
        ("db-over-afc", Settled.REFUTED, [fine("library", readable=False, kind="MediaForbidden")]),
        ("db-over-afc", Settled.OPEN, [fine("library", readable=False, kind="LibraryUnreadable")]),
        ("stamp-while-writing", Settled.CONFIRMED, [fine("stamps", changes=4, without_new_time=0)]),
        ("stamp-while-writing", Settled.REFUTED, [fine("stamps", changes=4, without_new_time=1)]),
        ("flags", Settled.OPEN, [fine("flags", flag_local_file_there=90)]),
        (
            "flags",
            Settled.CONFIRMED,
            [fine("flags", flag_local_file_there=900, flag_absent_file_absent=99, flag_local_file_absent=1)],
        ),
        (
            "flags",
            Settled.REFUTED,
            [fine("flags", flag_local_file_there=90, flag_absent_file_absent=9, flag_absent_file_there=20)],
        ),
        ("raw-aae-names", Settled.CONFIRMED, [fine("names-beside", aae_same_stem=3)]),
        ("raw-aae-names", Settled.REFUTED, [fine("names-beside", aae_same_stem=3, raw_not_found=1)]),
        ("usb-speed", Settled.CONFIRMED, [fine("phone-speed", bytes_per_second=34_000_000, link_mbit=480)]),
        ("usb-speed", Settled.REFUTED, [fine("phone-speed", bytes_per_second=9_000_000, link_mbit=480)]),
        (
            "usb-speed",
            Settled.MEASURED,
            [fine("phone-speed", bytes_per_second=120_000_000, link_mbit=10_000)],
        ),
        ("usb-speed", Settled.OPEN, [fine("phone-speed", bytes_per_second=34_000_000)]),
        ("handles", Settled.CONFIRMED, [fine("handles", opened=64, disconnected=False)]),
        ("handles", Settled.REFUTED, [fine("handles", opened=8, disconnected=False)]),
        ("handles", Settled.REFUTED, [fine("handles", opened=20, disconnected=True)]),
        (
            "status-codes",
            Settled.CONFIRMED,
            [fine("status-codes", absent_stat=8, absent_open=8, absent_list=8)],
        ),
        (
            "status-codes",
            Settled.REFUTED,
            [fine("status-codes", absent_stat=4, absent_open=8, absent_list=8)],
        ),
        ("stays-awake", Settled.REFUTED, [fine("awake", granted=False)]),
        ("stays-awake", Settled.OPEN, [fine("awake", granted=True), fine("observation", seconds=600)]),
        ("stays-awake", Settled.CONFIRMED, [fine("awake", granted=True), fine("observation", seconds=8000)]),
        ("offload-timing", Settled.MEASURED, [fine("observation", removed=3, first_removed_after=1200)]),
        (
            "shortcut-downloads",
            Settled.CONFIRMED,
            [fine("trial-shortcut", arrived=2, asked_photo=1, arrived_photo=1)],
        ),
        (
            "shortcut-downloads",
            Settled.REFUTED,
            [fine("trial-shortcut", arrived=1, asked_photo=1, arrived_photo=1, asked_raw=1, arrived_raw=0)],
        ),
        ("open-downloads", Settled.CONFIRMED, [fine("trial-by-hand", arrived=2)]),
        ("arrives-by-rename", Settled.CONFIRMED, [fine("trial-shortcut", grew=0, whole=3)]),
        ("arrives-by-rename", Settled.REFUTED, [fine("trial-keep-originals", grew=2, whole=1)]),
        ("media-folders", Settled.CONFIRMED, [fine("folders", folders=9, refused=0)]),
        ("media-folders", Settled.REFUTED, [fine("folders", folders=9, refused=1)]),
        ("listing-speed", Settled.CONFIRMED, [fine("folders", folders=9, slowest_seconds=0.4)]),
        ("listing-speed", Settled.REFUTED, [fine("folders", folders=9, slowest_seconds=4)]),
        ("hidden-items", Settled.CONFIRMED, [fine("hidden", tried=2, refused=0)]),
        ("hidden-items", Settled.REFUTED, [fine("hidden", tried=2, refused=2)]),
        ("deferred-originals", Settled.CONFIRMED, [fine("counts", originals_pending=1)]),
        ("file-stems", Settled.MEASURED, [fine("names-beside", stem_d=4)]),
        ("idle-end", Settled.CONFIRMED, [fine("idle", closed=True, seconds=150)]),
        ("idle-end", Settled.REFUTED, [fine("idle", closed=True, seconds=30)]),
        ("idle-end", Settled.REFUTED, [fine("idle", closed=False, seconds=200)]),
        ("idle-end", Settled.OPEN, [fine("idle", closed=False, seconds=60)]),
        (
            "file-systems",
            Settled.CONFIRMED,
            [
                fine("file-system", file_system="vfat"),
                fine("names", as_assumed=True),
                fine("renames", safe=True),
                fine("locks", locks=True),
            ],
        ),
        (
            "file-systems",
            Settled.REFUTED,
            [fine("file-system", file_system="vfat"), fine("names", as_assumed=False)],
        ),
        (
            "file-systems",
            Settled.OPEN,
            [fine("file-system", file_system="ext4"), fine("names", as_assumed=True)],
        ),
        ("mac-fullfsync", Settled.CONFIRMED, [fine("system", system="Darwin"), fine("fsync", fsync=True)]),
        ("mac-fullfsync", Settled.OPEN, [fine("system", system="Linux"), fine("fsync", fsync=True)]),
        (
            "mac-read-back",
            Settled.REFUTED,
            [fine("system", system="Darwin"), fine("read-back", from_drive=True)],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_row_is_settled_by_facts(
    row: str, settled: Settled, findings: list[Finding], tmp_path: Path
) -> None:
    (verdict,) = [one for one in compare_report(report_of(tmp_path, *findings)) if one.row == row]
    assert (verdict.settled, verdict.sentence[-1]) == (settled, ".")
