"""A session: every answer of the user, and every state of the phone."""

from __future__ import annotations

import asyncio
import plistlib
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.phone.errors import (
    PhoneDisconnected,
    PhoneError,
    PhoneLocked,
    PhoneStalled,
    TrustPending,
    TrustRefused,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.session import peek
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from tests.conftest import PhoneFactory
from tests.phone.talking import QUICK, raised, run, session_with, until

BOTH = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


class Waiting(list[PhoneError]):
    """Collects what the user has to do."""

    def kinds(self) -> list[type[PhoneError]]:
        return [type(error) for error in self]


async def enter(phone: SimulatedPhone, records: Path, **how: object) -> None:
    """Open a session and close it."""
    async with session_with(phone, records, **how) as session:  # type: ignore[arg-type]
        media = await session.media()
        assert "DCIM" in await media.listdir("/")


def test_a_trusting_phone_tells_its_facts(any_phone: SimulatedPhone, records: Path) -> None:
    async def work() -> None:
        async with session_with(any_phone, records) as session:
            facts = session.facts
            assert facts.udid == any_phone.udid
            assert (facts.name, facts.model) == ("Simulated iPhone", "iPhone 15 Pro")
            assert (facts.ios_version, facts.time_zone) == ("18.6.2", "Europe/Berlin")
            assert (facts.battery_percent, facts.on_power) == (84, True)
            assert (facts.total_bytes, facts.free_bytes) == (128_000_000_000, 42_000_000_000)
            any_phone.facts = replace(any_phone.facts, battery_percent=12, on_power=False)
            assert session.facts.battery_percent == 84
            fresh = await session.refreshed_facts()
            assert (fresh.battery_percent, fresh.on_power) == (12, False)
            assert session.facts == fresh

    run(work())


def test_the_phone_is_kept_awake_during_the_session(any_phone: SimulatedPhone, records: Path) -> None:
    async def work() -> None:
        async with session_with(any_phone, records):
            await until(lambda: any_phone.power_assertions == ["AmberTime"], "the power assertion")
        await until(lambda: not any_phone.power_assertions, "its end")

    run(work())


@BOTH
def test_a_new_phone_is_paired_when_its_owner_taps_trust(
    phone_factory: PhoneFactory, records: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls, paired=False, trust=Trust.ASKS)
    reported = Waiting()

    async def work() -> None:
        opening = asyncio.create_task(enter(phone, records, patience=30.0, on_waiting=reported.append))
        await until(lambda: reported.kinds() == [TrustPending], "the dialog to be reported")
        assert "tap Trust" in str(reported[0])
        phone.answer_trust(True)
        await opening
        # Now it is known:
        phone.trust = Trust.REFUSES
        await enter(phone, records)
        assert reported.kinds() == [TrustPending]

    run(work())
    (record,) = records.glob("*.plist")
    assert plistlib.loads(record.read_bytes())["HostID"]
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(records.stat().st_mode) == 0o700


def test_dont_trust_is_an_answer(phone_factory: PhoneFactory, records: Path) -> None:
    phone = phone_factory(paired=False, trust=Trust.ASKS)
    reported = Waiting()

    async def work() -> None:
        opening = asyncio.create_task(
            raised(TrustRefused, enter(phone, records, patience=30.0, on_waiting=reported.append))
        )
        await until(lambda: reported.kinds() == [TrustPending], "the dialog to be reported")
        phone.answer_trust(False)
        assert "Don't Trust" in str(await opening)

    run(work())


def test_patience_with_the_dialog_ends(phone_factory: PhoneFactory, records: Path) -> None:
    phone = phone_factory(paired=False, trust=Trust.ASKS)

    async def work() -> None:
        await raised(TrustPending, enter(phone, records, patience=0.0))
        await raised(TrustPending, enter(phone, records, patience=0.3))

    run(work())


@BOTH
def test_a_new_phone_that_is_locked_is_waited_for_first_unlocked_then_trusted(
    phone_factory: PhoneFactory, records: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls, paired=False, trust=Trust.ASKS)
    phone.locked = True
    reported = Waiting()

    async def work() -> None:
        opening = asyncio.create_task(enter(phone, records, patience=30.0, on_waiting=reported.append))
        await until(lambda: reported.kinds() == [PhoneLocked], "the lock to be reported")
        phone.locked = False
        await until(lambda: reported.kinds() == [PhoneLocked, TrustPending], "the dialog to be reported")
        phone.answer_trust(True)
        await opening

    run(work())


def test_a_trusted_phone_that_is_locked_is_waited_for(any_phone: SimulatedPhone, records: Path) -> None:
    any_phone.locked = True
    reported = Waiting()

    async def work() -> None:
        await raised(PhoneLocked, enter(any_phone, records, patience=0.0))
        opening = asyncio.create_task(enter(any_phone, records, patience=30.0, on_waiting=reported.append))
        await until(lambda: reported.kinds() == [PhoneLocked], "the lock to be reported")
        assert "Unlock it" in str(reported[0])
        any_phone.locked = False
        await opening

    run(work())


def test_a_phone_locked_in_the_middle_says_so_when_a_new_connection_is_needed(
    any_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd, records: Path
) -> None:
    async def work() -> None:
        async with session_with(any_phone, records) as session:
            media = await session.media()
            await media.listdir("/")
            any_phone.locked = True
            await media.listdir("/")
            await asyncio.to_thread(usbmux.drop_connections, any_phone, None)
            await raised(PhoneLocked, media.listdir("/"))
            any_phone.locked = False
            assert "DCIM" in await media.listdir("/")

    run(work())


@BOTH
def test_a_phone_that_forgot_this_computer_is_paired_again(
    phone_factory: PhoneFactory, records: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls)
    phone.forget_hosts()

    async def work() -> None:
        looked = await peek(phone.udid, records, timeouts=QUICK)
        assert isinstance(looked.trouble, TrustPending)
        await enter(phone, records)
        assert (await peek(phone.udid, records, timeouts=QUICK)).trouble is None

    run(work())


def test_a_phone_that_goes_while_its_owner_is_waited_for(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, records: Path
) -> None:
    phone = phone_factory(paired=False, trust=Trust.ASKS)
    reported = Waiting()

    async def work() -> None:
        opening = asyncio.create_task(
            raised(PhoneDisconnected, enter(phone, records, patience=30.0, on_waiting=reported.append))
        )
        await until(lambda: bool(reported), "the dialog to be reported")
        await asyncio.to_thread(usbmux.unplug, phone)
        await opening

    run(work())


def test_waiting_for_trust_can_be_cancelled(phone_factory: PhoneFactory, records: Path) -> None:
    phone = phone_factory(paired=False, trust=Trust.ASKS)
    reported = Waiting()

    async def work() -> None:
        opening = asyncio.create_task(enter(phone, records, patience=1000.0, on_waiting=reported.append))
        await until(lambda: bool(reported), "the dialog to be reported")
        opening.cancel()
        await asyncio.wait({opening}, timeout=5.0)
        assert opening.cancelled()

    run(work())


def without_socket(transport: Any) -> bool:
    """Whether the event loop still has a connection whose socket is closed."""
    return not transport.is_closing() and transport._sock is not None and transport._sock.fileno() < 0


def test_an_opening_cancelled_as_its_handshake_ends_leaves_no_connection_that_reads_on(
    phone_factory: PhoneFactory, records: Path
) -> None:
    """pymobiledevice3 closes the socket of a connection that asyncio is still shutting down. Then both the
    old and the new owner read from the file descriptor."""
    phone = phone_factory(tls=True)

    async def work() -> None:
        loop: Any = asyncio.get_running_loop()
        make = loop._make_ssl_transport
        opening: asyncio.Task[None]
        robbed: list[Any] = []

        async def watch() -> None:
            while not opening.done():
                await asyncio.sleep(0)
                robbed.extend(raw for raw in loop._transports.values() if without_socket(raw))

        def cancelled_when_set_up(*args: Any, **how: Any) -> Any:
            transport = make(*args, **how)
            protocol = transport._ssl_protocol
            completed = protocol._on_handshake_complete

            def complete_and_cancel(error: Exception | None) -> None:
                completed(error)
                opening.cancel()

            protocol._on_handshake_complete = complete_and_cancel
            return transport

        loop._make_ssl_transport = cancelled_when_set_up
        opening = asyncio.create_task(enter(phone, records))
        await asyncio.gather(opening, watch(), return_exceptions=True)
        assert opening.cancelled()
        assert robbed == []
        loop._make_ssl_transport = make
        await enter(phone, records)

    run(work())


def test_a_peek_shows_a_phone_without_raising_the_dialog(phone_factory: PhoneFactory, records: Path) -> None:
    phone = phone_factory(paired=False, trust=Trust.ASKS)

    async def work() -> None:
        looked = await peek(phone.udid, records, timeouts=QUICK)
        assert isinstance(looked.trouble, TrustPending)
        assert (looked.facts.name, looked.facts.model) == ("Simulated iPhone", "iPhone 15 Pro")
        assert looked.facts.battery_percent is None
        assert phone.journal.requests["lockdown.Pair"] == 0

    run(work())


def test_a_peek_tells_ready_from_locked_from_gone(any_phone: SimulatedPhone, records: Path) -> None:
    async def work() -> None:
        ready = await peek(any_phone.udid, records, timeouts=QUICK)
        assert ready.trouble is None
        assert ready.facts.battery_percent == 84
        any_phone.locked = True
        locked = await peek(any_phone.udid, records, timeouts=QUICK)
        assert isinstance(locked.trouble, PhoneLocked)
        assert locked.facts.name == "Simulated iPhone"
        gone = await peek("f" * 40, records, timeouts=QUICK)
        assert isinstance(gone.trouble, UnknownPhone)
        assert gone.facts.udid == "f" * 40

    run(work())


def test_a_phone_that_usbmuxd_cannot_connect_to_yet_is_tried_again(
    simulated_phone: SimulatedPhone, records: Path
) -> None:
    async def work() -> None:
        simulated_phone.faults = Faults(refused_connects=3)
        await enter(simulated_phone, records)
        simulated_phone.faults = Faults(refused_connects=1000)
        error = await raised(PhoneDisconnected, enter(simulated_phone, records))
        assert "cannot be reached through usbmuxd" in str(error)

    run(work())


def test_a_lockdownd_that_drops_idle_connections_is_asked_again(
    any_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd, records: Path
) -> None:
    async def work() -> None:
        async with session_with(any_phone, records) as session:
            for _ in range(3):
                await asyncio.to_thread(usbmux.drop_connections, any_phone)
                assert (await session.refreshed_facts()).battery_percent == 84

    run(work())


def test_a_lockdownd_that_says_nothing_is_given_up(phone_factory: PhoneFactory, records: Path) -> None:
    phone = phone_factory()
    phone.link = replace(phone.link, round_trip=60.0)

    async def work() -> None:
        timeouts = replace(QUICK, step_within=0.5)
        await raised(PhoneStalled, enter(phone, records, timeouts=timeouts))
        assert isinstance((await peek(phone.udid, records, timeouts=timeouts)).trouble, PhoneStalled)

    run(work())


def test_a_usbmuxd_that_dies_ends_the_session(
    any_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd, records: Path
) -> None:
    async def work() -> None:
        async with session_with(any_phone, records) as session:
            media = await session.media()
            await asyncio.to_thread(usbmux.stop)
            await session.disconnected()
            await raised(PhoneDisconnected, media.listdir("/"))
            await raised(PhoneDisconnected, session.refreshed_facts())
        await raised(UsbmuxUnavailable, enter(any_phone, records))
        await asyncio.to_thread(usbmux.start)
        await enter(any_phone, records)

    run(work())


def test_a_phone_is_called_by_its_name_once_it_has_told_it(
    phone_factory: PhoneFactory, records: Path
) -> None:
    phone = phone_factory(facts=Facts(udid_for("named"), name="Zoë’s phone"))
    phone.locked = True

    async def work() -> None:
        assert "“Zoë’s phone”" in str(await raised(PhoneLocked, enter(phone, records)))

    run(work())
