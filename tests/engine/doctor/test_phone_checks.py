"""Checks of a phone: what they find out, and what they leave alone, above all while a backup runs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.engine.api.doctor import Area, DoctorRequest, Level
from ambertime_tui.engine.api.protocol import RunningJob
from ambertime_tui.engine.api.status import Condition, Phase
from ambertime_tui.engine.doctor.measuring import watch_stamps
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.session import open_session
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, Planted, make_library
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.doctor.conftest import CheckPhone, Found

LONG = DoctorRequest(long_seconds=1.5)


def job_on(phone: SimulatedPhone) -> RunningJob:
    return RunningJob(
        "/run/1.sock", "job-1", 0.0, "/media/drive", phone.udid, "", Phase.COPYING, Condition.RUNNING
    )


def test_a_quick_check_opens_no_more_files_than_a_backup(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media).faults = Faults(handle_limit=2)
    found = examine_phone()
    assert found.wrong == []
    assert not {"handles", "connections", "idle", "observation"} & set(found.by_check)


def test_a_long_check_tests_limits_and_observes(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone = phone_factory(doctor_library.media)
    phone.faults = Faults(handle_limit=20)
    found = examine_phone(LONG)
    assert found.of("handles").facts == {
        "opened": 20,
        "disconnected": False,
        "refused_with": AfcStatus.NO_RESOURCES,
    }
    assert found.of("handles").level is Level.NOTE
    assert found.of("connections").facts["failed"] is False
    assert found.of("idle").facts["closed"] is False
    assert found.of("observation").facts["removed"] == 0
    assert phone.open_files == 0


def test_a_phone_that_closes_idle_connections_is_timed(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media).faults = Faults(afc_idle_limit=0.05)
    assert examine_phone(LONG).of("idle").facts["closed"] is True


def test_limits_are_left_alone_while_a_backup_uses_the_phone(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone = phone_factory(doctor_library.media)
    found = examine_phone(LONG, jobs=(job_on(phone),))
    assert not {"handles", "connections", "idle", "observation", "stamps"} & set(found.by_check)
    assert "A backup is using the iPhone" in found.of("phone-speed").sentence


def test_flags_that_differ_from_the_files_are_counted(
    tmp_path: Path, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    planted = Planted(stale=3, fresh=2, missing=1)
    made = make_library(tmp_path / "odd", LibraryRecipe(assets=80, seed=5, planted=planted))
    phone_factory(made.media)
    found = examine_phone()
    facts = found.of("flags").facts
    assert found.of("flags").level is Level.NOTE
    assert (facts["flag_local_file_absent"], facts["flag_absent_file_there"]) >= (3, 2)
    assert found.of("missing").facts["missing"] == 1


def test_counts_are_by_owner_place_and_raw_value(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media)
    facts = examine_phone().of("counts").facts
    assert facts["owner_own"]
    assert facts["originals_icloud"]
    assert facts["resource_type_0"]
    assert facts["scope_0"]
    assert facts["local_1"]


@pytest.mark.parametrize(
    ("faults", "code"),
    [(Faults(), AfcStatus.OBJECT_NOT_FOUND), (Faults(absent_is_read_error=True), AfcStatus.READ_ERROR)],
    ids=["not found", "read error"],
)
def test_status_codes_are_noted_as_the_phone_sends_them(
    faults: Faults,
    code: AfcStatus,
    doctor_library: MadeLibrary,
    phone_factory: PhoneFactory,
    examine_phone: CheckPhone,
) -> None:
    phone_factory(doctor_library.media).faults = faults
    facts = examine_phone().of("status-codes").facts
    assert {facts["absent_stat"], facts["absent_open"], facts["absent_list"]} == {code}


def test_a_forbidden_folder_is_noted(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    fault = PathFault("/PhotoData/Mutations", on="list", status=AfcStatus.PERM_DENIED)
    phone_factory(doctor_library.media).faults = Faults(paths=(fault,))
    assert examine_phone().of("status-codes").facts["list_photodata_mutations"] == AfcStatus.PERM_DENIED


def test_folders_and_hidden_items_that_are_refused_are_noted(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    folder = next(path for path in sorted((doctor_library.media / "DCIM").iterdir()) if path.is_dir())
    fault = PathFault(f"/DCIM/{folder.name}", on="list", status=AfcStatus.PERM_DENIED)
    phone_factory(doctor_library.media).faults = Faults(paths=(fault,))
    found = examine_phone()
    assert found.of("folders").level is Level.NOTE
    assert (found.of("folders").facts["refused"], found.of("folders").facts["forbidden"]) == (1, 1)
    assert found.wrong == []


def test_a_phone_that_refuses_to_stay_awake_is_noted(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media).faults = Faults(refused_assertions=99)
    finding = examine_phone().of("awake")
    assert (finding.level, finding.facts) == (Level.NOTE, {"granted": False})
    assert "Auto-Lock" in finding.sentence


def test_a_library_too_large_for_the_time_is_named(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media, link=Link(0.0, 1_000_000))
    found = examine_phone(seconds=12.3)
    assert "not read to its end" in found.of("library").sentence
    assert "--long" in found.of("library").sentence
    assert found.of("library").facts["readable"] is True
    assert found.of("wifi").level is Level.NOTE
    assert found.wrong == []


def test_several_phones_are_named(phone_factory: PhoneFactory, examine_phone: CheckPhone) -> None:
    for name in ("one", "two"):
        phone_factory(facts=Facts(udid_for(name)))
    assert "Choose one by its UDID" in examine_phone().only_wrong.sentence


def test_a_low_battery_and_an_unknown_ios_are_worth_knowing(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, examine_phone: CheckPhone
) -> None:
    phone_factory(doctor_library.media, facts=Facts(udid_for("low"), battery_percent=9, on_power=False))
    finding = examine_phone().of("battery")
    assert finding.level is Level.NOTE
    assert "9%" in finding.sentence


@pytest.fixture
def write_to(tmp_path: Path) -> Callable[[Path], None]:
    """Commits to a library's database, as Photos does."""

    def write(media: Path) -> None:
        with closing(sqlite3.connect(media / "PhotoData/Photos.sqlite")) as database:
            database.execute("CREATE TABLE IF NOT EXISTS scribble (n)")
            database.execute("INSERT INTO scribble VALUES (1)")
            database.commit()

    return write


def test_a_write_to_the_library_is_noticed(
    tmp_path: Path,
    phone_factory: PhoneFactory,
    found: Found,
    write_to: Callable[[Path], None],
) -> None:
    media = make_library(tmp_path / "own", LibraryRecipe(assets=20, seed=5)).media
    phone = phone_factory(media)
    looks = 0

    async def pause(seconds: float) -> None:
        nonlocal looks
        looks += 1
        write_to(media)

    async def watch() -> None:
        async with open_session(
            phone.udid, pair_records=tmp_path / "records", on_waiting=lambda _: None, trust_patience=0.0
        ) as session:
            timing = Timing(steady=lambda: float(looks), pause=pause)
            await watch_stamps(found.reporter(Area.PHONE), await session.media(), 3.0, timing)

    asyncio.run(watch())
    assert found.of("stamps").facts == {"seconds": 3, "changes": 3, "without_new_time": 0}
