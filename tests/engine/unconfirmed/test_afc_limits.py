"""What AFC may refuse or answer differently while files are copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ambertime_tui.phone.session import PhoneTimeouts
from ambertime_tui.simulator.behaviour import Switch
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
