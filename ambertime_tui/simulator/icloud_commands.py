"""iCloud over the control socket.

{"do": "icloud"}                                    how things stand
{"do": "icloud", "set": {"online": false, "bytes_per_second": 2e6, "storage": 50000000}}
                                                    fields of `ICloudSettings`; others stay as they are
{"do": "keep_originals", "on": true}                Settings, Photos, Download and Keep Originals
{"do": "open_url", "url": "shortcuts://..."}        the camera reads a code, and the person taps it
{"do": "run_shortcut", "text": "2019-03-01..2019-05-31"}
{"do": "open_in_photos", "uuids": ["..."]}          the person opens items by hand
{"do": "offload", "uuids": ["..."]}                 iOS makes room
{"do": "icloud_fails", "uuids": ["..."], "times": 1}    their next downloads; without "times" always
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from functools import partial
from typing import Any

from ambertime_tui.simulator.control import Command, ControlError
from ambertime_tui.simulator.icloud import ICloud, ICloudSettings
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.phone import SimulatedPhone
from ambertime_tui.simulator.shortcut import ShortcutError

_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "int | None": (int, type(None)),
}


def icloud_commands(icloud_of: Callable[[SimulatedPhone], RunningICloud | None]) -> dict[str, Command]:
    """The commands, for a `ControlServer`.

    Args:
        icloud_of: the iCloud of a phone; None: its library was not made here, so there is none.
    """

    def with_icloud(work: Callable[[RunningICloud, Mapping[str, Any]], Mapping[str, Any] | None]) -> Command:
        def command(phone: SimulatedPhone, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
            icloud = icloud_of(phone)
            if icloud is None:
                raise ControlError("This phone's library was not made here, so it has no iCloud.")
            try:
                return work(icloud, message)
            except ShortcutError as error:
                raise ControlError(str(error)) from error
            except KeyError as error:
                raise ControlError(f"There is no item {error} in the library.") from error

        return command

    return {
        "icloud": with_icloud(_icloud),
        "keep_originals": with_icloud(_keep_originals),
        "open_url": with_icloud(lambda icloud, message: {"files": icloud.open_url(_text(message, "url"))}),
        "run_shortcut": with_icloud(
            lambda icloud, message: {"files": icloud.run_shortcut(_text(message, "text"))}
        ),
        "open_in_photos": with_icloud(
            lambda icloud, message: {"files": icloud.open_in_photos(_uuids(message))}
        ),
        "offload": with_icloud(_offload),
        "icloud_fails": with_icloud(_fail_downloads),
    }


def _icloud(icloud: RunningICloud, message: Mapping[str, Any]) -> Mapping[str, Any]:
    changes = message.get("set", {})
    if not isinstance(changes, dict):
        raise ControlError('"set" is an object of settings.')
    kinds = {field.name: str(field.type) for field in fields(ICloudSettings)}
    for name, value in changes.items():
        if name not in kinds:
            raise ControlError(f"There is no {name!r}; there is {', '.join(kinds)}.")
        if name == "offline":
            changes["offline"] = _windows(value)
        elif type(value) not in _KINDS[kinds[name]] or (value is not True and value and value < 0):
            raise ControlError(f"{name!r} has to be {kinds[name]}, not {value!r}.")

    def set_and_report(now: ICloud) -> Mapping[str, Any]:
        now.settings = replace(now.settings, **changes)
        return {
            "settings": asdict(now.settings),
            "keep_originals": now.keep_originals,
            "waiting": now.waiting,
            "arrivals": now.arrivals,
            "failed": now.failed,
            "offloaded": now.offloaded,
            "shortcut_runs": now.shortcut_runs,
        }

    return icloud.do(set_and_report)


def _windows(value: object) -> tuple[tuple[float, float], ...]:
    windows = []
    for window in value if isinstance(value, list) else [None]:
        match window:
            case [float() | int() as begins, float() | int() as ends]:
                windows.append((float(begins), float(ends)))
            case _:
                raise ControlError('"offline" is a list of pairs of seconds.')
    return tuple(windows)


def _keep_originals(icloud: RunningICloud, message: Mapping[str, Any]) -> None:
    on = message.get("on")
    if not isinstance(on, bool):
        raise ControlError('"on" is true or false.')
    icloud.set_keep_originals(on)


def _offload(icloud: RunningICloud, message: Mapping[str, Any]) -> None:
    for uuid in _uuids(message):
        icloud.do(partial(ICloud.offload, uuid=uuid))


def _fail_downloads(icloud: RunningICloud, message: Mapping[str, Any]) -> None:
    uuids, times = _uuids(message), message.get("times")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 0):
        raise ControlError('"times" is a number of downloads.')
    icloud.do(lambda now: now.fail(uuids, times))


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str):
        raise ControlError(f'"{key}" is a text.')
    return value


def _uuids(message: Mapping[str, Any]) -> list[str]:
    uuids = message.get("uuids")
    if not isinstance(uuids, list) or not all(isinstance(uuid, str) for uuid in uuids):
        raise ControlError('"uuids" is a list of uuids.')
    return uuids
