"""The config file a person writes (config.toml, only read) and what the app remembers by itself (state.toml).

theme = "amber-dark"

[defaults]                       # for `ambertime backup` and the setup screen
to = "/media/anna/Archive"
originals = "icloud"
patience = "2h"

[tasks.old-years]                # a saved task; keys as in [defaults], each optional
range = "..2019"

[keys]                           # key bindings by id
"job.pause" = "f5"
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import tomli_w

from ambertime_tui.engine.spec import FetchOrder, FetchWay, OriginalsChoice
from ambertime_tui.library.date_range import DateRangeError, parse_date_range
from ambertime_tui.paths import PathsError, private

T = TypeVar("T")

CONFIG_NAME = "config.toml"
STATE_NAME = "state.toml"


class ConfigError(Exception):
    """The file cannot be used; the message names file and key, and the key that was probably meant."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a backup is to do, as a person writes it down. None: not said here."""

    device: str | None = None
    """UDID"""
    range: str | None = None
    """The text, not the dates: "last year" means another year next January."""
    to: str | None = None
    originals: OriginalsChoice | None = None
    patience: str | None = None
    order: FetchOrder | None = None
    fetch: FetchWay | None = None
    """How iOS is asked for originals that are only in iCloud."""
    hidden: bool | None = None
    trashed: bool | None = None
    edits: bool | None = None

    def over(self, other: Task) -> Task:
        """This task, with what it does not say taken from another."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(other, **said)


@dataclass(frozen=True, slots=True)
class Config:
    """All of config.toml."""

    theme: str | None = None
    ascii: bool = False
    preview: bool | None = None
    """Whether a key may show small pictures; None: not over SSH, where one costs 20 kB of the line."""
    defaults: Task = Task()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What the app remembers between runs. Losing it costs nothing but a few choices."""

    theme: str | None = None
    last: Task = Task()
    """What was last chosen on the setup screen."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """Saved from the setup screen."""
    finished: Mapping[str, str] = field(default_factory=dict)
    """Day (ISO) on which the last backup began that came to its end, by `backup_key`."""

    def last_backup(self, udid: str | None, target: str) -> date | None:
        """The day on which the last finished backup of a phone to a target began, if that is known."""
        day = self.finished.get(backup_key(udid, target)) if udid else None
        try:
            return date.fromisoformat(day) if day else None
        except ValueError:
            return None


def backup_key(udid: str, target: str) -> str:
    """What a phone's backups to a target are remembered by."""
    return f"{udid} {target}"


_PATIENCE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_patience(text: str) -> float | None:
    """Seconds for ``90s``, ``30m``, ``12h``; None for ``forever``.

    Raises:
        ValueError: with a sentence.
    """
    wanted = text.strip().lower()
    if wanted == "forever":
        return None
    match = _PATIENCE.fullmatch(wanted)
    if match is None:
        raise ValueError(f"'{text}' is not a duration; write 90s, 30m, 12h or forever.")
    return float(match[1]) * _SECONDS[match[2]]


def load_config(folder: Path, today: date) -> Config:
    """The person's config; the defaults where there is none.

    Args:
        folder: `Paths.config`.
        today: what the ranges in it are checked against.

    Raises:
        ConfigError: it cannot be read, or something in it is not understood.
    """
    return _load(Config, folder / CONFIG_NAME, today)


def load_state(folder: Path, today: date) -> State:
    """What the app remembered; nothing where it remembers nothing, or its file was damaged."""
    try:
        return _load(State, folder / STATE_NAME, today)
    except ConfigError:
        return State()


def save_state(folder: Path, state: State) -> None:
    """Remembers, replacing the file in one step.

    Raises:
        ConfigError: it cannot be written.
    """
    file = folder / STATE_NAME
    try:
        private(folder)
        handle, part = tempfile.mkstemp(dir=folder, prefix=f".{STATE_NAME}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                tomli_w.dump(_without_none(asdict(state)), stream)
            Path(part).replace(file)
        except OSError:
            with suppress(FileNotFoundError):
                Path(part).unlink()
            raise
    except (OSError, PathsError) as error:
        raise ConfigError(f"{file} cannot be written: {error}.") from error


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return str(value) if isinstance(value, str) else value


def _load(kind: type[T], file: Path, today: date) -> T:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error
    return _Checker(file, today).table(kind, data, "")


class _Checker:
    """Turns tables into dataclasses, and says where and why one does not fit."""

    def __init__(self, file: Path, today: date) -> None:
        self._file = file
        self._today = today

    def table(self, kind: type[T], data: Mapping[str, Any], where: str) -> T:
        hints = get_type_hints(kind)
        values = {}
        for key, value in data.items():
            if key not in hints:
                raise self._wrong(where + key, "is not known" + _meant(key, hints))
            values[key] = self._value(hints[key], value, where + key)
        return kind(**values)

    def _value(self, hint: Any, value: Any, key: str) -> Any:
        if hint == Mapping[str, Task]:
            tasks = self._mapping(value, key, dict)
            return {name: self.table(Task, task, f"{key}.{name}.") for name, task in tasks.items()}
        if hint == Mapping[str, str]:
            return self._mapping(value, key, str)
        if hint is Task:
            return self.table(Task, self._of(dict, value, key), key + ".")
        if hint in (bool, bool | None):
            return self._of(bool, value, key)
        text: str = self._of(str, value, key)
        for choices in (OriginalsChoice, FetchOrder, FetchWay):
            if hint == choices | None:
                if text not in set(choices):
                    raise self._wrong(key, f"is '{text}'; it can be {' or '.join(choices)}")
                return choices(text)
        self._check_text(key.rpartition(".")[2], text, key)
        return text

    def _check_text(self, name: str, text: str, key: str) -> None:
        try:
            if name == "range":
                parse_date_range(text, self._today)
            elif name == "patience":
                parse_patience(text)
        except (DateRangeError, ValueError) as error:
            raise self._wrong(key, f"is wrong: {error}") from error

    def _mapping(self, value: Any, key: str, of: type[T]) -> dict[str, T]:
        return {
            name: self._of(of, item, f"{key}.{name}") for name, item in self._of(dict, value, key).items()
        }

    def _of(self, kind: type[T], value: Any, key: str) -> T:
        if not isinstance(value, kind):
            raise self._wrong(key, f"has to be {_KINDS[kind]}, not {value!r}")
        return value

    def _wrong(self, key: str, why: str) -> ConfigError:
        return ConfigError(f"{self._file}: {key} {why}" + ("" if why[-1] in ".?" else "."))


_KINDS: dict[type, str] = {str: "a text in quotes", bool: "true or false", dict: "a table"}


def _meant(key: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(key, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
