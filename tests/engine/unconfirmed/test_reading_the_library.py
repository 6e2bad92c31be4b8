"""What AFC may refuse or report differently while the library is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ambertime_tui.library.fallback import NOTICE
from ambertime_tui.phone import photos_database
from ambertime_tui.simulator.behaviour import Switch
from ambertime_tui.simulator.library import LiveWriter, Planted
from tests.engine.small_library import holds
from tests.engine.unconfirmed.phones import (
    MIX,
    SHORT,
    DifferentPhone,
    DifferentPhones,
    keep_originals_when_asked,
    reasons,
    said,
)


def copied_by_folder(phone: DifferentPhone) -> bool:
    """True if the bytes of each original on the phone are on the drive, whatever item they belong to."""
    made = phone.made
    return all(
        holds(phone.target, made.content(asset, original).bytes())
        for asset in made.own()
        for original in asset.originals
        if original.present
    )


def test_without_access_to_the_database_the_folders_are_listed_and_the_job_says_so(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.NO_DATABASE)
    done = phone.back_up()
    assert copied_by_folder(phone)
    assert NOTICE in said(done)
    assert "refuses access to PhotoData/Photos.sqlite" in said(done)


def test_without_database_and_some_folders_the_others_are_copied_and_those_are_named(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.NO_DATABASE, Switch.FORBIDDEN_FOLDERS)
    forbidden = sorted(fault.path.strip("/") for fault in phone.phone.faults.paths if fault.on == "list")
    done = phone.back_up()
    for asset in phone.made.own():
        for original in asset.originals:
            if original.present and original.directory not in forbidden:
                assert holds(phone.target, phone.made.content(asset, original).bytes())
    for folder in forbidden:
        if folder != "PhotoData/private":
            assert f"The folder {folder} could not be listed" in said(done)


def test_in_a_folder_that_cannot_be_listed_the_flags_decide(phones: DifferentPhones) -> None:
    phone = phones(Switch.FORBIDDEN_FOLDERS)
    done = phone.back_up()
    assert phone.missing() == phone.away()
    assert set(reasons(done)) == phone.away()


def test_downloads_into_folders_that_cannot_be_listed_are_copied_at_the_latest_by_the_next_run(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.FORBIDDEN_FOLDERS, icloud_share=1.0)
    done = phone.back_up(icloud=True, patience=SHORT, look=keep_originals_when_asked(phone))
    assert phone.missing() == set(reasons(done))
    assert phone.back_up(icloud=True).report.left == ()
    assert phone.missing() == set()


def test_hidden_items_that_cannot_be_read_are_listed_and_the_others_copied(phones: DifferentPhones) -> None:
    phone = phones(Switch.HIDDEN_UNREADABLE, icloud_share=0.0, mix=replace(MIX, hidden=0.2))
    hidden = phone.uuids(lambda asset: asset.hidden)
    assert hidden
    done = phone.back_up()
    assert phone.missing() == hidden
    assert reasons(done) == dict.fromkeys(hidden, "forbidden")


def test_a_read_error_for_an_absent_file_counts_as_absent(phones: DifferentPhones) -> None:
    phone = phones(Switch.ABSENT_IS_READ_ERROR, planted=Planted(stale=3, missing=1))
    done = phone.back_up()
    assert phone.missing() == set(reasons(done))
    assert set(reasons(done).values()) == {"icloud", "missing"}
    assert phone.missing() == phone.away() | phone.uuids(lambda asset: asset.state == "missing")


def test_a_phone_that_lists_slowly_is_only_slower(phones: DifferentPhones) -> None:
    phone = phones(Switch.SLOW_LISTING)
    phone.icloud.set_keep_originals(True)
    done = phone.back_up(icloud=True)
    assert (phone.missing(), reasons(done)) == (set(), {})


@pytest.mark.parametrize("also", [(), (Switch.OUT_OF_ORDER,)], ids=["in order", "out of order"])
def test_a_phone_that_opens_one_file_gives_its_database_while_photos_writes_to_it(
    phones: DifferentPhones, monkeypatch: pytest.MonkeyPatch, also: tuple[Switch, ...]
) -> None:
    monkeypatch.setattr(photos_database, "LOOK_EVERY", 100_000)
    monkeypatch.setattr(photos_database, "LARGEST_READ", 50_000)
    phone = phones(Switch.ONE_HANDLE, *also)
    with LiveWriter(phone.made, per_second=20) as writer:
        writer.checkpoint()
        done = phone.back_up()
    assert NOTICE not in said(done)
    assert phone.missing() == phone.away() == set(reasons(done))


def test_a_database_that_is_written_with_unchanged_time_and_size_is_read_consistently(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.STATS_NEVER_CHANGE)
    with LiveWriter(phone.made, per_second=40) as writer:
        writer.checkpoint()
        done = phone.back_up()
    assert phone.missing() == phone.away()
    assert set(reasons(done).values()) <= {"icloud"}
