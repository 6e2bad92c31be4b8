"""What iOS may do differently when it downloads originals, and removes them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.job.job import Job
from ambertime_tui.simulator.behaviour import Switch
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.shortcut import ShortcutError
from tests.engine.unconfirmed.phones import (
    MIX,
    SHORT,
    DifferentPhone,
    DifferentPhones,
    keep_originals_when_asked,
    reasons,
    said,
)

SLOW = ICloudSettings(bytes_per_second=15_000.0, latency=0.5, halves_apart=2.0)
"""A file takes about half a second of the job's clock."""
BOTH = pytest.mark.parametrize("fingerprints", [True, False], ids=["with fingerprints", "without"])


@BOTH
@pytest.mark.parametrize("switch", [Switch.GROWS_IN_PLACE, Switch.SMALLER_FIRST])
def test_only_complete_originals_are_taken(
    phones: DifferentPhones, switch: Switch, fingerprints: bool
) -> None:
    phone = phones(switch, settings=SLOW, fingerprints=fingerprints)
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert (phone.missing(), reasons(done), phone.wrong()) == (set(), {}, [])


def opened_by_hand(phone: DifferentPhone) -> Callable[[Job, JobStatus], None]:
    """A user who opens every item of the list once."""
    opened: list[bool] = []

    def look(_: Job, status: JobStatus) -> None:
        if "one by one" in status.fetch.sentence and not opened:
            opened.append(True)
            phone.icloud.open_in_photos(phone.away())

    return look


@BOTH
def test_a_smaller_version_is_not_taken_for_the_original(phones: DifferentPhones, fingerprints: bool) -> None:
    phone = phones(Switch.SMALLER_BY_HAND, fingerprints=fingerprints)
    away = phone.away()
    done = phone.back_up(icloud=True, way=FetchWay.BY_HAND, patience=SHORT, look=opened_by_hand(phone))
    assert phone.icloud.do(lambda now: now.arrivals) >= len(away)
    assert phone.missing() == away
    assert set(reasons(done)) == away, "each is listed, also those of which the smaller version is kept"
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert phone.missing() == set()
    assert reasons(done) == {}


def test_what_icloud_does_not_deliver_within_the_patience_is_listed(phones: DifferentPhones) -> None:
    phone = phones(Switch.ICLOUD_LATE)
    away = phone.away()
    done = phone.back_up(icloud=True, patience=SHORT, look=keep_originals_when_asked(phone))
    assert reasons(done) == dict.fromkeys(away, "gave_up")
    assert phone.missing() == away


def test_what_is_removed_before_it_is_copied_is_waited_for_again(phones: DifferentPhones) -> None:
    phone = phones(Switch.REMOVED_AT_ONCE, settings=replace(SLOW, tried_again_after=30.0))
    phone.icloud.change(removed_after=5.0)
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert phone.icloud.do(lambda now: now.offloaded) > 0
    assert phone.missing() == set(reasons(done))
    assert phone.missing() == set(), said(done)


def test_what_is_never_there_long_enough_is_listed(phones: DifferentPhones) -> None:
    phone = phones(Switch.REMOVED_AT_ONCE)
    phone.icloud.change(removed_after=0.0)
    away = phone.away()
    done = phone.back_up(icloud=True, way=FetchWay.BY_HAND, patience=SHORT, look=opened_by_hand(phone))
    assert phone.missing() == set(reasons(done))
    assert phone.missing() <= away


def test_what_does_not_fit_with_room_to_spare_is_listed(phones: DifferentPhones) -> None:
    phone = phones(Switch.KEEP_ORIGINALS_STOPS)
    total = sum(r.size for a in phone.made.own() for r in a.originals if r.availability == "icloud")
    phone.icloud.change(storage=(1 << 30) + total // 2)
    done = phone.back_up(icloud=True, patience=SHORT, look=keep_originals_when_asked(phone))
    assert set(reasons(done).values()) <= {"gave_up", "in_part"}
    assert set() < phone.missing() < phone.away()
    assert phone.missing() == set(reasons(done))
    assert phone.icloud.do(lambda now: now.offloaded) == 0


ONLY_PLAIN = replace(MIX, raw_pair=0.0, portrait=0.0)
"""Items that the Shortcut can bring completely."""


def user_of_the_shortcut(
    phone: DifferentPhone, run: Callable[[str], object]
) -> Callable[[Job, JobStatus], None]:
    """A user who passes each new address on to the phone."""
    seen: list[str] = []

    def look(_: Job, status: JobStatus) -> None:
        code = status.fetch.code
        if code and code not in seen[-1:]:
            seen.append(code)
            run(code)

    return look


def test_an_address_that_the_camera_does_not_open_can_be_typed(phones: DifferentPhones) -> None:
    phone = phones(Switch.NO_CODES, mix=ONLY_PLAIN)
    hidden = phone.uuids(lambda asset: asset.uuid in phone.away() and (asset.hidden or asset.undated))

    def type_it(code: str) -> None:
        with pytest.raises(ShortcutError):
            phone.icloud.open_url(code)
        phone.icloud.run_shortcut(code.rpartition("text=")[2])

    look = user_of_the_shortcut(phone, type_it)
    done = phone.back_up(icloud=True, way=FetchWay.SHORTCUT, patience=SHORT, look=look)
    assert phone.missing() == hidden == set(reasons(done))


def test_what_the_shortcut_does_not_bring_is_listed_and_another_way_brings_it(
    phones: DifferentPhones,
) -> None:
    phone = phones(Switch.SHORTCUT_SOME_KINDS)
    away = phone.away()
    videos = phone.uuids(lambda a: a.uuid in away and a.kind == "video" and not (a.hidden or a.undated))
    look = user_of_the_shortcut(phone, phone.icloud.open_url)
    done = phone.back_up(icloud=True, way=FetchWay.SHORTCUT, patience=SHORT, look=look)
    assert phone.missing() == away - videos == set(reasons(done))
    done = phone.back_up(icloud=True, look=keep_originals_when_asked(phone))
    assert (phone.missing(), reasons(done), phone.wrong()) == (set(), {}, [])
