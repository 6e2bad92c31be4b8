"""Compare a report with docs/what-is-unconfirmed.md: which of its rows does it settle? Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.engine.api.doctor import Fact
from ambertime_tui.engine.api.doctor_report import DoctorReport
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.units import count, duration, plural, rate

USB_2 = (25_000_000, 45_000_000)
"""Bytes per second that phones were seen to send over USB 2."""
USB_2_MBIT = 480
HANDLES_BELIEVED = 16
AWAKE_FOR = 3600
"""Seconds of observation that count as hours."""
LAG_AT_MOST = 0.01
"""Share of originals whose flags may lag behind their files."""
NOT_FOUND = 8
LISTED_WITHIN = 1.0
"""Seconds in which a phone is believed to list a folder."""
IDLE_END, IDLE_MARGIN = 147, 20
"""Seconds after which phones were reported to close an idle connection, and how exactly that is meant."""
_TRIED_BEFORE = ("ext4", "xfs", "btrfs")
_NOT_BY_DOCTOR = "The checks cannot settle this."


class Settled(StrEnum):
    """What a report says about a row."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    MEASURED = "measured"
    """A value where nothing was known before."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """A row and what a report says about it."""

    row: str
    """Its id in the document."""
    settled: Settled
    sentence: str
    """What was seen or, for an open row, what would settle it."""


Judge = Callable[[DoctorReport], tuple[Settled, str]]


def compare_report(report: DoctorReport) -> tuple[RowVerdict, ...]:
    """Return a verdict for each row, in the order of the document."""
    return tuple(RowVerdict(row, *judge(report)) for row, judge in ROWS.items())


def _number(facts: Mapping[str, Fact], name: str) -> int:
    value = facts.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0


def _database(report: DoctorReport) -> tuple[Settled, str]:
    facts, ios = report.facts("library"), report.facts("ios").get("ios", "unknown")
    if facts.get("readable") is True:
        return Settled.CONFIRMED, f"iOS {ios} let the database be read."
    if facts.get("kind") == "MediaForbidden":
        return Settled.REFUTED, f"iOS {ios} refused access to the database."
    return Settled.OPEN, "The library was not read."


def _stamps(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("stamps")
    changes, unnoticed = _number(facts, "changes"), _number(facts, "without_new_time")
    if unnoticed:
        return Settled.REFUTED, f"{unnoticed} of {plural(changes, 'write')} left the time unchanged."
    if changes:
        return Settled.CONFIRMED, f"Each of {plural(changes, 'write')} gave the file a new size or time."
    return Settled.OPEN, "Photos wrote nothing meanwhile. Mark some items as favourites during --long."


def _flags(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("flags")
    total = sum(_number(facts, name) for name in facts)
    differ = _number(facts, "flag_local_file_absent") + _number(facts, "flag_absent_file_there")
    if not _number(facts, "flag_absent_file_absent"):
        return Settled.OPEN, "This needs a phone with Optimize iPhone Storage."
    sentence = f"Flags and files differ for {count(differ)} of {plural(total, 'original')}."
    return (Settled.CONFIRMED if differ <= LAG_AT_MOST * total else Settled.REFUTED), sentence


def _names(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("names-beside")
    same = _number(facts, "raw_same_stem") + _number(facts, "aae_same_stem")
    wrong = sum(
        _number(facts, f"{kind}_{where}") for kind in ("raw", "aae") for where in ("other_stem", "not_found")
    )
    if wrong:
        return Settled.REFUTED, f"{plural(wrong, 'RAW or AAE file')} not where expected, {count(same)} there."
    if same:
        return Settled.CONFIRMED, f"All {count(same)} RAW and AAE files are beside their photos."
    return Settled.OPEN, "This needs RAW files or edited photos on the phone."


def _speed(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("phone-speed")
    speed, link = _number(facts, "bytes_per_second"), _number(facts, "link_mbit")
    if not speed:
        return Settled.OPEN, "The speed was not measured."
    if not link:
        return Settled.OPEN, f"{rate(speed)} over a cable of unknown speed."
    if link > USB_2_MBIT:
        return Settled.MEASURED, f"{rate(speed)} over a link of {count(link)} Mbit/s."
    within = USB_2[0] <= speed <= USB_2[1]
    return (Settled.CONFIRMED if within else Settled.REFUTED), f"{rate(speed)} over USB 2."


def _handles(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("handles")
    if not facts:
        return Settled.OPEN, "This needs --long."
    opened = _number(facts, "opened")
    ended = " and then disconnected" if facts.get("disconnected") is True else ""
    settled = Settled.CONFIRMED if opened >= HANDLES_BELIEVED and not ended else Settled.REFUTED
    return settled, f"The phone opened {plural(opened, 'file')} at the same time{ended}."


def _statuses(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("status-codes")
    if not facts:
        return Settled.OPEN, "The phone was not reached."
    answers = {_number(facts, name) for name in ("absent_stat", "absent_open", "absent_list")}
    codes = ", ".join(map(str, sorted(answers)))
    settled = Settled.CONFIRMED if answers == {NOT_FOUND} else Settled.REFUTED
    return settled, f"For an absent file it answers {codes}. A locked phone was not tested."


def _awake(report: DoctorReport) -> tuple[Settled, str]:
    if report.facts("awake").get("granted") is False:
        return Settled.REFUTED, "The phone refuses to stay awake."
    seconds = _number(report.facts("observation"), "seconds")
    if seconds < AWAKE_FOR:
        return Settled.OPEN, "This needs --long 2h or more, with the phone locked."
    slept = bool(report.facts("awake-hours"))
    return (Settled.REFUTED if slept else Settled.CONFIRMED), f"It was observed for {duration(seconds)}."


def _offloading(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("observation")
    removed = _number(facts, "removed")
    if not removed:
        return Settled.OPEN, "No original was removed while the phone was observed. Use --long 12h."
    first = duration(_number(facts, "first_removed_after"))
    return Settled.MEASURED, f"iOS removed {plural(removed, 'original')}, the first after {first}."


def _shortcut(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("trial-shortcut")
    if not facts:
        return Settled.OPEN, "This needs --fetch shortcut."
    came = sorted(
        name.removeprefix("arrived_") for name in facts if name.startswith("arrived_") and facts[name]
    )
    missing = sorted(
        name.removeprefix("asked_")
        for name in facts
        if name.startswith("asked_") and not facts.get(f"arrived_{name.removeprefix('asked_')}")
    )
    sentence = f"Arrived: {', '.join(came) or 'nothing'}. Did not arrive: {', '.join(missing) or 'nothing'}."
    return (Settled.REFUTED if missing or not came else Settled.CONFIRMED), sentence


def _opening(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("trial-by-hand")
    if not facts:
        return Settled.OPEN, "This needs --fetch by-hand."
    arrived = _number(facts, "arrived")
    return (Settled.CONFIRMED if arrived else Settled.REFUTED), f"{plural(arrived, 'item')} arrived complete."


def _rename(report: DoctorReport) -> tuple[Settled, str]:
    trials = [report.facts(f"trial-{way.value}") for way in FetchWay]
    grew, whole = (sum(_number(facts, name) for facts in trials) for name in ("grew", "whole"))
    if grew:
        return Settled.REFUTED, f"{plural(grew, 'file')} grew at the final place, {count(whole)} did not."
    if whole:
        return Settled.CONFIRMED, f"{plural(whole, 'file')} appeared complete."
    return Settled.OPEN, "This needs --fetch, or a backup that waits for iCloud."


def _folders(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("folders")
    if not facts:
        return Settled.OPEN, "The library was not read."
    refused, total = _number(facts, "refused"), plural(_number(facts, "folders"), "folder")
    if refused:
        return Settled.REFUTED, f"{count(refused)} of {total} cannot be listed."
    return Settled.CONFIRMED, f"All {total} can be listed."


def _listing_speed(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("folders")
    if not facts:
        return Settled.OPEN, "The library was not read."
    slowest = facts.get("slowest_seconds", 0)
    seconds = float(slowest) if isinstance(slowest, int | float) else 0.0
    names = plural(_number(facts, "largest"), "name")
    settled = Settled.CONFIRMED if seconds < LISTED_WITHIN else Settled.REFUTED
    return settled, f"The slowest folder took {seconds:.1f} s; the largest has {names}."


def _hidden(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("hidden")
    if not facts:
        return Settled.OPEN, "This needs hidden items whose originals are on the phone."
    refused, tried = _number(facts, "refused"), plural(_number(facts, "tried"), "hidden original")
    if refused:
        return Settled.REFUTED, f"{count(refused)} of {tried} cannot be read."
    return Settled.CONFIRMED, f"{tried} can be read."


def _deferred(report: DoctorReport) -> tuple[Settled, str]:
    pending = _number(report.facts("counts"), "originals_pending")
    if not pending:
        return Settled.OPEN, "Take a photo, and check within seconds."
    return Settled.CONFIRMED, f"{plural(pending, 'original')} did not exist yet."


def _stems(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("names-beside")
    seen = {letter: _number(facts, f"stem_{letter.lower()}") for letter in "SDX"}
    if not any(seen.values()):
        return Settled.OPEN, "No other file has a stem that ends in S, D or X."
    found = ", ".join(f"{count(number)} with {letter}" for letter, number in seen.items() if number)
    return Settled.MEASURED, f"Files that no item lists: {found}."


def _idle(report: DoctorReport) -> tuple[Settled, str]:
    facts = report.facts("idle")
    seconds = _number(facts, "seconds")
    if facts.get("closed") is True:
        settled = Settled.CONFIRMED if abs(seconds - IDLE_END) <= IDLE_MARGIN else Settled.REFUTED
        return settled, f"The phone closed an idle connection after {duration(seconds)}."
    if seconds > IDLE_END + IDLE_MARGIN:
        return Settled.REFUTED, f"The phone kept an idle connection for {duration(seconds)}."
    return Settled.OPEN, "This needs --long."


def _file_system(report: DoctorReport) -> tuple[Settled, str]:
    name, names = report.facts("file-system").get("file_system"), report.facts("names")
    if not names:
        return Settled.OPEN, "No drive was tested. Name a folder on it with --to DIR."
    if name in _TRIED_BEFORE:
        return Settled.OPEN, f"{name} was tested before."
    good = (
        names.get("as_assumed") is True
        and report.facts("renames").get("safe") is True
        and report.facts("locks").get("locks") is True
    )
    settled = Settled.CONFIRMED if good else Settled.REFUTED
    return settled, f"Locks, renaming and names on {name} {'are' if good else 'are not'} as assumed."


def _on_mac(check: str, fact: str, *, expected: bool, yes: str, no: str) -> Judge:
    """Judge a row about macOS by one fact of one check."""

    def judge(report: DoctorReport) -> tuple[Settled, str]:
        value = report.facts(check).get(fact)
        if report.facts("system").get("system") != "Darwin" or not isinstance(value, bool):
            return Settled.OPEN, "This needs a report from a Mac."
        return (Settled.CONFIRMED if value is expected else Settled.REFUTED), yes if value else no

    return judge


def _mac_drives(report: DoctorReport) -> tuple[Settled, str]:
    if report.facts("system").get("system") != "Darwin" or not report.facts("file-system"):
        return Settled.OPEN, "This needs a report from a Mac, with --to DIR."
    return Settled.CONFIRMED, "The drive was found."


def _open(sentence: str) -> Judge:
    return lambda report: (Settled.OPEN, sentence)


ROWS: Mapping[str, Judge] = {
    "db-over-afc": _database,
    "stamp-while-writing": _stamps,
    "flags": _flags,
    "raw-aae-names": _names,
    "downloads-alone": _open(_NOT_BY_DOCTOR),
    "shortcut-downloads": _shortcut,
    "camera-opens-link": _open("Please report whether --fetch shortcut works with the camera."),
    "open-downloads": _opening,
    "arrives-by-rename": _rename,
    "offload-timing": _offloading,
    "usb-speed": _speed,
    "handles": _handles,
    "status-codes": _statuses,
    "size-and-time": _open(_NOT_BY_DOCTOR),
    "stays-awake": _awake,
    "tls-cancel": _open(_NOT_BY_DOCTOR),
    "naming-dates": _open(_NOT_BY_DOCTOR),
    "keep-no-offload": _open("This needs --long 12h while Download and Keep Originals is on."),
    "keep-1-gib": _open(_NOT_BY_DOCTOR),
    "media-folders": _folders,
    "hidden-items": _hidden,
    "listing-speed": _listing_speed,
    "remote-flag": _open(_NOT_BY_DOCTOR),
    "deferred-originals": _deferred,
    "file-stems": _stems,
    "answer-order": _open(_NOT_BY_DOCTOR),
    "idle-end": _idle,
    "flush-early": _open("No program can settle this."),
    "file-systems": _file_system,
    "drive-hangs": _open(_NOT_BY_DOCTOR),
    "drive-patience": _open(_NOT_BY_DOCTOR),
    "unplugged-errors": _open(_NOT_BY_DOCTOR),
    "udev-unmounted": _open(_NOT_BY_DOCTOR),
    "systemd-service": _open(_NOT_BY_DOCTOR),
    "mac-usbmuxd": _on_mac(
        "usbmuxd", "reached", expected=True, yes="usbmuxd was reached.", no="usbmuxd was not reached."
    ),
    "mac-drives": _mac_drives,
    "mac-hanging-drive": _open(_NOT_BY_DOCTOR),
    "mac-fullfsync": _on_mac(
        "fsync", "fsync", expected=True, yes="Files can be flushed.", no="Flushing was refused."
    ),
    "mac-rename": _on_mac(
        "renames", "safe", expected=True, yes="Renaming does not replace.", no="Renaming replaced a file."
    ),
    "mac-read-back": _on_mac(
        "read-back",
        "from_drive",
        expected=False,
        yes="Files were read back from the drive itself.",
        no="Files were read back through memory.",
    ),
    "mac-names": _on_mac(
        "names", "as_assumed", expected=True, yes="Names are kept as assumed.", no="Names differ."
    ),
    "mac-permission": _on_mac(
        "writable", "writable", expected=True, yes="The folder could be written.", no="Writing was refused."
    ),
    "mac-engine": _open(_NOT_BY_DOCTOR),
    "mac-agent": _open(_NOT_BY_DOCTOR),
}
"""What judges each row of the document."""
