"""Nothing that usbmuxd or a phone can say ends more than what was asked, hangs, or fills the memory."""

from __future__ import annotations

import asyncio
import math
import plistlib
import struct
import tracemalloc
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ambertime_tui.phone import discovery
from ambertime_tui.phone.afc_messages import parse_names, parse_space, parse_stat
from ambertime_tui.phone.discovery import attached_phones
from ambertime_tui.phone.errors import MediaUnreadable, PhoneError, UsbmuxUnavailable
from ambertime_tui.phone.facts import facts_from
from ambertime_tui.phone.pair_records import is_usable
from ambertime_tui.phone.session import PhoneTimeouts, open_session, peek
from ambertime_tui.phone.troubles import phone_error
from ambertime_tui.safe_text import UNSAFE
from ambertime_tui.simulator.identity import pair_record
from tests.conftest import PhoneFactory
from tests.phone.hostile_usbmuxd import (
    UDID,
    Hostile,
    afc_packet,
    attached,
    good_afc,
    hostile,
    lying_about,
)
from tests.phone.talking import raised, run, session_with

T = TypeVar("T")

IMPATIENT = PhoneTimeouts(step_within=1.0, stall_after=1.0, ask_again_every=0.05)
ENOUGH_MEMORY = 8 << 20
TORN_PLIST = b"<?xml version='1.0'?><plist version='1.0'><dict><key>BUID</key><str"
XML = b"<?xml version='1.0' encoding='UTF-8'?><plist version='1.0'>%b</plist>"

KEYS = (
    *("MessageType", "DeviceList", "DeviceID", "Properties", "SerialNumber", "ConnectionType", "Number"),
    *("BUID", "Request", "Type", "Value", "Error", "Port", "SessionID", "EnableSessionSSL", "PairRecordData"),
)
plist_values = st.recursive(
    st.none().map(lambda _: True)
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
    | st.binary(max_size=20)
    | st.just(datetime(2020, 1, 1)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ODD_BODIES = [
    b"",
    b"garbage",
    b"bplist00" + b"\xff" * 40,
    TORN_PLIST,
    XML % b"<integer>" + b"9" * 5000 + b"</integer>",
    XML % (b"<integer>" + b"9" * 5000 + b"</integer>"),
    XML % b"<date>soon</date>",
    XML % b"<string>text</string>",
    XML % b"<array/>",
    XML % b"<dict/>",
    XML % (b"<array>" * 5000),
]


@pytest.fixture(autouse=True)
def quick(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "ANSWER_WITHIN", 0.5)


def survive(work: Coroutine[Any, Any, T], deadline: float = 120.0) -> T:
    """Run something to its end; anything it raises on the way, and taking too long, fails."""

    async def limited() -> T:
        async with asyncio.timeout(deadline):
            return await work

    return asyncio.run(limited())


async def listed(how: Hostile) -> tuple[discovery.AttachedPhone, ...] | None:
    """The phones listed; None if that failed in the way that is allowed."""
    async with hostile(how):
        try:
            return await attached_phones()
        except UsbmuxUnavailable as error:
            assert str(error)
            return None


@pytest.mark.parametrize("request_", ["ReadBUID", "ListDevices"])
@pytest.mark.parametrize(
    "lie",
    [
        *ODD_BODIES,
        (struct.pack("<I", 0xFFFFFFFF) + b"\0" * 12,),
        (struct.pack("<I", 3),),
        (b"\x10\0",),
        (),
        None,
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
    ],
    ids=lambda lie: repr(lie)[:40],
)
def test_a_usbmuxd_that_answers_nonsense_is_named(request_: str, lie: object) -> None:
    survive(listed(lying_about("mux", request_, lie)))


def test_an_odd_answer_is_not_blamed_on_the_address() -> None:
    async def work() -> str:
        async with hostile(lying_about("mux", "ListDevices", XML % b"<date>soon</date>")):
            return str(await raised(UsbmuxUnavailable, attached_phones()))

    assert "sent an answer that AmberTime does not understand" in run(work())


def test_the_text_of_an_odd_answer_stays_short_and_on_one_line() -> None:
    error = phone_error(ValueError(f"{'x' * 5000}\nPlease report it at"), "The iPhone", UDID)
    assert error is not None
    assert "\n" not in str(error)
    assert len(str(error)) < 400


def test_a_frame_of_4_gib_costs_no_memory() -> None:
    flood = (struct.pack("<IIII", 0xFFFFFFFF, 1, 8, 1), *[b"\0" * (1 << 20)] * 64)

    async def work() -> None:
        tracemalloc.start()
        try:
            assert await listed(lying_about("mux", "ReadBUID", flood)) is None
            assert tracemalloc.get_traced_memory()[1] < ENOUGH_MEMORY
        finally:
            tracemalloc.stop()

    run(work())


@settings(max_examples=60)
@given(plist_values)
def test_a_list_of_another_shape_is_no_list(value: object) -> None:
    for answer in (value, {"DeviceList": value}, {"DeviceList": [value, attached()]}):
        survive(listed(lying_about("mux", "ListDevices", answer)))


@pytest.mark.parametrize(
    "odd",
    [
        {"SerialNumber": "../../etc/passwd"},
        {"SerialNumber": ""},
        {"SerialNumber": "a" * 5000},
        {"SerialNumber": "a\x07b"},
        {"SerialNumber": 5},
        {"DeviceID": "three"},
        {"DeviceID": -1},
        {"DeviceID": 2**60},
        {"ConnectionType": 7},
    ],
    ids=str,
)
def test_one_impossible_phone_does_not_hide_the_others(odd: dict[str, object]) -> None:
    both = {"DeviceList": [attached(**odd), attached(), attached(), attached(DeviceID=9)]}
    phones = survive(listed(lying_about("mux", "ListDevices", both)))
    assert phones is not None
    assert [(phone.udid, phone.device_id) for phone in phones if phone.over_usb] == [(UDID, 3), (UDID, 9)]


async def looked_at(how: Hostile, records: Path) -> None:
    async with hostile(how):
        seen = await peek(UDID, records, timeouts=IMPATIENT)
        assert isinstance(seen.facts.name, str)
        with suppress(PhoneError):
            async with open_session(
                UDID, pair_records=records, on_waiting=lambda _: None, trust_patience=0.0, timeouts=IMPATIENT
            ) as session:
                await (await session.media()).listdir("DCIM")


REQUESTS = ["QueryType", "GetValue", "StartSession", "StartService"]


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize(
    "lie", [*ODD_BODIES, (struct.pack(">I", 0xFFFFFFFF),), None], ids=lambda lie: repr(lie)[:40]
)
def test_a_lockdownd_that_answers_nonsense_is_an_error_with_a_sentence(
    request_: str, lie: object, records: Path
) -> None:
    survive(looked_at(lying_about("lockdown", request_, lie), records))


@settings(max_examples=40)
@given(st.sampled_from(REQUESTS), plist_values)
def test_a_lockdownd_answer_of_another_shape_is_an_error_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, request_: str, value: object
) -> None:
    records = tmp_path_factory.mktemp("records")
    survive(looked_at(lying_about("lockdown", request_, value), records))
    if request_ == "GetValue":
        survive(looked_at(lying_about("lockdown", request_, {"Request": request_, "Value": value}), records))


@given(st.dictionaries(st.sampled_from(["DeviceName", "ProductType", "TimeZone"]), plist_values))
def test_facts_of_another_shape_are_not_facts(values: dict[str, Any]) -> None:
    facts = facts_from(UDID, values, None, values, {"TotalDiskCapacity": values})
    assert len(facts.label) < 300


def test_a_name_with_control_characters_cannot_move_the_cursor() -> None:
    facts = facts_from(UDID, {"DeviceName": "a\x1b[2J\x9b\u202e\n" + "x" * 9999}, None, {}, {})
    assert not UNSAFE.search(facts.label)
    assert len(facts.name) == 200


NUMBERS = ["9" * 5000, "1" + "0" * 400, "-1", "nan", "inf", "1e9", "", "0x10", "९९", "-" + "9" * 19, "9" * 20]


@pytest.mark.parametrize("size", ["1000", *NUMBERS])
@pytest.mark.parametrize("modified", NUMBERS)
def test_impossible_numbers_of_a_file_are_unknown(size: str, modified: str) -> None:
    data = f"st_size\0{size}\0st_mtime\0{modified}\0st_ifmt\0S_IFREG\0".encode()
    try:
        stat = parse_stat("DCIM/a.JPG", data)
    except MediaUnreadable:
        assert size != "1000"
        return
    assert 0 <= stat.size < 2**63
    assert stat.modified_at is None or datetime.fromtimestamp(stat.modified_at, UTC)


@pytest.mark.parametrize("data", [bytes(30 << 20), b"a\0" * (15 << 20), b"ab\0" * (8 << 20)], ids=len)
def test_millions_of_names_take_a_bounded_amount_of_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        with suppress(MediaUnreadable):
            parse_names("DCIM", data)
        with pytest.raises(MediaUnreadable):
            parse_stat("DCIM/a.JPG", data)
        assert parse_space(data) is None
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


@given(st.binary())
def test_any_bytes_are_names_pairs_or_unreadable(data: bytes) -> None:
    assert all(("\0" not in name and "/" not in name) or name for name in parse_names("a", data))
    with suppress(MediaUnreadable):
        assert math.isfinite(parse_stat("a", data).modified_at or 0.0)
    space = parse_space(data)
    assert space is None or space.total >= 0


def huge(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number, 2, b"x", length=(127 << 20))


def endless(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number, 2, b"x" * (5 << 20))


def impossible(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number, 2, b"", length=2**63)


def too_short(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number, 1, b"ok")


def another_number(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number + 7, 2, b"x")


def another_operation(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number, 0xFFFF, b"\xff" * 100)


def silent(number: int, operation: int, payload: bytes) -> bytes:
    return b""


def other_words(number: int, operation: int, payload: bytes) -> bytes:
    return b"220 ftp ready\r\n" * 10


@pytest.mark.parametrize(
    "afc",
    [huge, endless, impossible, too_short, another_number, another_operation, silent, other_words, good_afc],
    ids=lambda afc: afc.__name__,
)
def test_a_file_service_that_answers_nonsense_ends_each_question_in_time(afc: Any, records: Path) -> None:
    async def work() -> None:
        async with (
            hostile(Hostile(afc=afc)),
            open_session(
                UDID, pair_records=records, on_waiting=lambda _: None, trust_patience=0.0, timeouts=IMPATIENT
            ) as session,
        ):
            media = await session.media()
            for question in (media.listdir("DCIM"), media.stat("DCIM/a"), media.space()):
                with suppress(PhoneError):
                    await question
            error = await raised(PhoneError, media.read_head("DCIM/a", 100))
            assert str(error)

    survive(work(), deadline=60.0)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("left", [0, 1, 1000, None], ids=["empty", "one byte", "cut", "garbage"])
def test_a_damaged_pair_record_of_ours_is_moved_aside(
    left: int | None, tls: bool, phone_factory: PhoneFactory, records: Path
) -> None:
    phone = phone_factory(tls=tls, paired=False)
    records.mkdir()
    file = records / f"{phone.udid}.plist"
    whole = plistlib.dumps(pair_record("00:00:00:00:00:00", tls=True))
    damaged = b"\0" * 500 if left is None else whole[:left]
    file.write_bytes(damaged)

    async def work() -> None:
        async with session_with(phone, records, patience=10.0) as session:
            assert "DCIM" in await (await session.media()).listdir("/")

    run(work())
    assert is_usable(plistlib.loads(file.read_bytes()))
    assert file.with_name(f"{file.name}.damaged").read_bytes() == damaged


@pytest.mark.parametrize(
    "damaged",
    [b"", b"garbage", TORN_PLIST, plistlib.dumps([]), plistlib.dumps({"HostID": 5}), plistlib.dumps({})],
    ids=repr,
)
def test_a_damaged_pair_record_of_usbmuxd_counts_as_none(
    damaged: bytes, phone_factory: PhoneFactory, usbmux: Any, records: Path
) -> None:
    phone = phone_factory(tls=True, paired=False)
    usbmux.usbmuxd.pair_records[phone.udid] = damaged

    async def work() -> None:
        async with session_with(phone, records, patience=10.0) as session:
            assert "DCIM" in await (await session.media()).listdir("/")

    run(work())


def test_a_key_that_does_not_fit_its_certificate_is_not_usable() -> None:
    record = pair_record("00:00:00:00:00:00", tls=True)
    assert is_usable(record)
    key = record["HostPrivateKey"]
    assert isinstance(key, bytes)
    assert not is_usable({**record, "HostPrivateKey": key[: len(key) // 2]})
    assert not is_usable({**record, "HostPrivateKey": "text"})
    assert not is_usable({name: record[name] for name in record if name != "HostPrivateKey"})
    assert not is_usable(asyncio.Event())
