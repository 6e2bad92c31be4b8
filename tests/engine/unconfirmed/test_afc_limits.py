"""What AFC may refuse or answer differently while files are copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.status import Condition, JobStatus, Phase
from ambertime_tui.engine.job.job import Job
from ambertime_tui.phone.session import PhoneTimeouts
from ambertime_tui.simulator.behaviour import Switch
from ambertime_tui.simulator.library import Mix, Sizes
from ambertime_tui.simulator.link import Link
from tests.engine.unconfirmed.phones import IMPATIENT, USUAL, DifferentPhone, DifferentPhones, reasons


def all_that_is_local_is_copied(phone: DifferentPhone, timeouts: PhoneTimeouts = IMPATIENT) -> None:
    done = phone.back_up(timeouts=timeouts)
    assert set(reasons(done)) == phone.missing() == phone.away()
    assert done.status.write.failed == 0


@pytest.mark.parametrize("switch", [Switch.ONE_HANDLE, Switch.EIGHT_HANDLES, Switch.OUT_OF_ORDER])
def test_few_handles_and_answers_out_of_order_cost_no_item(phones: DifferentPhones, switch: Switch) -> None:
    all_that_is_local_is_copied(phones(switch, assets=30))


@pytest.mark.parametrize("at", [3, 2], ids=["at the third reader", "at the second reader"])
def test_a_phone_that_freezes_with_several_readers_is_read_by_fewer(phones: DifferentPhones, at: int) -> None:
    phone = phones(Switch.AFC_FREEZES, assets=30)
    phone.change_faults(afc_freezes_at=at)
    all_that_is_local_is_copied(phone)
    assert phone.phone.journal.services["com.apple.afc"] < 8, (
        "it freezes a few times, and not again and again"
    )


def test_a_connection_that_idles_is_kept_open_or_opened_again(phones: DifferentPhones) -> None:
    phone = phones(Switch.IDLE_END)
    phone.change_faults(afc_idle_limit=0.3)
    all_that_is_local_is_copied(phone)


def test_a_broken_handshake_that_spoils_the_next_connection_costs_one_try(phones: DifferentPhones) -> None:
    phone = phones(Switch.HANDSHAKE_SPOILS, tls=True)
    phone.phone.note_broken_handshake()
    done = phone.back_up(timeouts=replace(IMPATIENT, step_within=10.0))
    assert set(reasons(done)) == phone.missing() == phone.away()


def test_a_slow_cable_only_takes_longer(phones: DifferentPhones) -> None:
    phone = phones()
    phone.phone.link = Link(round_trip=0.02, bytes_per_second=2e6)
    all_that_is_local_is_copied(phone, USUAL)


def test_a_file_that_changes_in_place_between_two_halves_of_its_copy_is_not_a_mix(
    phones: DifferentPhones,
) -> None:
    phone = phones(
        Switch.STATS_NEVER_CHANGE,
        assets=1,
        icloud_share=0.0,
        sizes=Sizes.REAL,
        mix=Mix(live=0.0, trashed=0.0),
    )
    (asset,) = phone.made.own()
    path = phone.made.media / asset.originals[0].path
    changed = path.read_bytes()[::-1]
    steps: list[str] = []

    def look(job: Job, status: JobStatus) -> None:
        if not steps:
            job.command(Command(CommandName.PAUSE))
            steps.append("paused")
        elif steps == ["paused"] and status.phase is Phase.COPYING:
            phone.change_faults(cable_pulled_after=200_000, replugged_after=0.3)
            job.command(Command(CommandName.RESUME))
            steps.append("resumed")
        elif steps == ["paused", "resumed"] and status.condition is Condition.WAITING:
            path.write_bytes(changed)
            steps.append("changed")

    done = phone.back_up(look=look)
    assert steps == ["paused", "resumed", "changed"]
    assert reasons(done) == {asset.uuid: "differs"}
    (copied,) = [file for file in (phone.target / "Photos").rglob("*") if file.is_file()]
    assert copied.read_bytes() == changed
