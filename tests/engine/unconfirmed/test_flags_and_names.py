"""What the library may say differently about where originals are, and under which names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from ambertime_tui.simulator.behaviour import Switch
from ambertime_tui.simulator.icloud import ICloud
from ambertime_tui.simulator.library import Mix, Planted
from tests.engine.small_library import holds
from tests.engine.unconfirmed.phones import (
    DifferentPhone,
    DifferentPhones,
    keep_originals_when_asked,
    reasons,
)


@pytest.mark.parametrize("fingerprints", [True, False], ids=["with fingerprints", "without"])
def test_where_all_flags_lie_the_files_decide(phones: DifferentPhones, fingerprints: bool) -> None:
    phone = phones(Switch.FLAGS_LIE, fingerprints=fingerprints)
    done = phone.back_up()
    assert phone.missing() == phone.away()
    assert reasons(done) == dict.fromkeys(phone.away(), "icloud")
    phone.icloud.change(bytes_per_second=20_000.0, latency=1.0)
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert (phone.missing(), reasons(done)) == (set(), {})


def test_flags_that_lag_behind_the_files_lose_nothing(phones: DifferentPhones) -> None:
    phone = phones(Switch.FLAGS_LAG)
    for uuid in sorted(phone.local())[:3]:
        phone.icloud.do(partial(ICloud.offload, uuid=uuid))
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert (phone.missing(), reasons(done)) == (set(), {})


def test_an_item_whose_failed_download_cleared_its_flag_still_waits_for_icloud(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.FAILURE_CLEARS_REMOTE)
    away = phone.away()
    phone.icloud.do(lambda now: now.fail(away, 1))
    phone.icloud.open_in_photos(sorted(away))
    first = phone.back_up()
    assert phone.icloud.do(lambda now: now.failed) == len(away)
    assert set(reasons(first).values()) == {"icloud"}
    assert set(reasons(first)) == phone.missing() == away
    phone.icloud.set_keep_originals(True)
    second = phone.back_up(icloud=True)
    assert (phone.missing(), reasons(second)) == (set(), {})


def test_a_photo_without_an_original_yet_is_listed_and_copied_once_it_has_one(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.DEFERRED_ORIGINALS, icloud_share=0.0)
    deferred = phone.uuids(lambda asset: asset.state == "deferred")
    assert len(deferred) == 3
    first = phone.back_up(icloud=True)
    assert reasons(first) == dict.fromkeys(deferred, "pending")
    assert phone.missing() == deferred
    assert phone.icloud.do(lambda now: now.finish_processing()) == 3
    second = phone.back_up(icloud=True)
    assert (phone.missing(), reasons(second)) == (set(), {})


@pytest.mark.parametrize(
    "switch, role",
    [(Switch.RAW_ELSEWHERE, "alternate_photo"), (Switch.AAE_ELSEWHERE, "adjustment_data")],
    ids=lambda value: str(value),
)
def test_a_file_under_another_name_is_missed_by_the_name_that_was_expected(
    phones: DifferentPhones, switch: Switch, role: str
) -> None:
    phone = phones(switch, icloud_share=0.0)
    concerned = phone.uuids(lambda asset: any(r.role == role for r in asset.originals))
    assert concerned
    done = phone.back_up()
    assert reasons(done) == dict.fromkeys(concerned, "in_part")
    for asset in phone.made.own():
        main = asset.originals[0]
        assert holds(phone.target, phone.made.content(asset, main).bytes())
    for left in done.report.left:
        stem = Path(phone.made.by_uuid[left.uuid].filename).stem
        assert stem in left.sentence, "the sentence names the file"
    assert phone.wrong() == []


def test_over_capture_is_copied_with_its_photo(phones: DifferentPhones) -> None:
    phone = phones(Switch.OVER_CAPTURE)
    assert phone.uuids(lambda asset: asset.variant == "over_capture")
    first = phone.back_up()
    assert phone.missing() == phone.away() == set(reasons(first))
    second = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert (phone.missing(), reasons(second)) == (set(), {})


def test_pictures_with_other_stems_are_not_taken_for_originals(phones: DifferentPhones) -> None:
    phone = phones(Switch.EXTRA_STEMS, planted=Planted(missing=2, partial_live=1, partial_raw=1))
    first = phone.back_up()
    nowhere = phone.uuids(lambda asset: asset.state == "missing")
    assert phone.missing() == phone.away() | nowhere == set(reasons(first))
    second = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert phone.missing() == nowhere == set(reasons(second))
    assert phone.wrong() == []


def test_without_the_database_pictures_with_other_stems_are_items_of_their_own(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.EXTRA_STEMS, Switch.NO_DATABASE)
    phone.back_up()
    beside = list((phone.made.media / "DCIM").rglob("*[SDX].JPG"))
    assert beside
    assert all(holds(phone.target, path.read_bytes()) for path in beside)
    for asset in phone.made.own():
        for original in asset.originals:
            if original.present:
                assert holds(phone.target, phone.made.content(asset, original).bytes())


def files_on_drive(phone: DifferentPhone) -> dict[str, bytes]:
    photos = phone.target / "Photos"
    return {str(path.relative_to(photos)): path.read_bytes() for path in photos.rglob("*") if path.is_file()}


def test_dates_that_move_change_no_name_on_the_drive(phones: DifferentPhones) -> None:
    phone = phones(
        Switch.DATES_MOVE, first=date(2024, 5, 3), last=date(2024, 5, 28), mix=Mix(), icloud_share=0.5
    )
    with closing(sqlite3.connect(phone.made.database)) as database, database:
        database.execute("UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILENAME = 'IMG_0001.HEIC'")
    phone.back_up()
    before = files_on_drive(phone)
    assert sum(name.startswith("2024-05/IMG_0001") for name in before) > 5
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert (phone.missing(), reasons(done)) == (set(), {})
    assert before.items() <= files_on_drive(phone).items()
