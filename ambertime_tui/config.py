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

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import tomli_w

from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice, Selection
from ambertime_tui.library.date_range import DateRange, DateRangeError, parse_date_range
from ambertime_tui.paths import PathsError, write_private

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

    def selection(self, days: DateRange) -> Selection:
        """What of a library is meant, for a range that was understood."""
        return Selection(
            days,
            hidden=self.hidden is not False,
            trashed=self.trashed is True,
            edits=self.edits is not False,
        )

    def job(self, target: str, days: DateRange, *, new_archive: bool = False) -> JobSpec:
        """The job that this asks for: the same for every front end.

        Args:
            target: the folder of `to`, written out.
            days: the range, understood.
            new_archive: whether a drive without an archive is right, although another had one.

        Raises:
            ValueError: the patience is none; with a sentence.
        """
        spec = JobSpec(
            target,
            self.device,
            self.selection(days),
            self.originals or OriginalsChoice.LOCAL,
            order=self.order or FetchOrder.OLDEST,
            way=self.fetch or FetchWay.KEEP_ORIGINALS,
            new_archive=new_archive,
        )
        return spec if self.patience is None else replace(spec, patience=parse_patience(self.patience))


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


def all_tasks(config: Mapping[str, Task], state: State) -> dict[str, Task]:
    """The saved tasks by name; what stands in the config file goes before what was saved on the screen."""
    return {**config, **{name: task for name, task in state.tasks.items() if name not in config}}


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


def load_what_is_right(folder: Path, today: date) -> tuple[Config, tuple[str, ...]]:
    """The person's config without what is wrong in it, and a sentence for each thing that was left out.

    A task or the defaults are left out whole: half of a task is another task.
    """
    wrong: list[str] = []
    try:
        return _load(Config, folder / CONFIG_NAME, today, wrong), tuple(wrong)
    except ConfigError as error:
        return Config(), (str(error),)


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
    try:
        write_private(folder / STATE_NAME, tomli_w.dumps(_without_none(asdict(state))))
    except PathsError as error:
        raise ConfigError(f"What AmberTime remembers cannot be saved. {error}") from error


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return str(value) if isinstance(value, str) else value


def _load(kind: type[T], file: Path, today: date, wrong: list[str] | None = None) -> T:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error
    return _Checker(file, today, wrong).table(kind, data, "")


class _Checker:
    """Turns tables into dataclasses, and says where and why one does not fit: by raising, or by leaving it
    out and noting why."""

    def __init__(self, file: Path, today: date, wrong: list[str] | None = None) -> None:
        self._file = file
        self._today = today
        self._wrong_ones = wrong

    def table(self, kind: type[T], data: Mapping[str, Any], where: str) -> T:
        hints = get_type_hints(kind)
        values = {}
        for key, value in data.items():
            with self._noting(whole=kind is Task):
                if key not in hints:
                    raise self._wrong(where + key, "is not known" + _meant(key, hints))
                values[key] = self._value(hints[key], value, where + key)
        return kind(**values)

    @contextmanager
    def _noting(self, *, whole: bool = False) -> Iterator[None]:
        """Notes what is wrong where that is wanted and the part can be left out by itself."""
        try:
            yield
        except ConfigError as error:
            if whole or self._wrong_ones is None:
                raise
            self._wrong_ones.append(f"{error} It is left out.")

    def _value(self, hint: Any, value: Any, key: str) -> Any:
        if hint == Mapping[str, Task]:
            return self._mapping(
                value, key, lambda task, at: self.table(Task, self._of(dict, task, at), at + ".")
            )
        if hint == Mapping[str, str]:
            return self._mapping(value, key, lambda text, at: self._of(str, text, at))
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

    def _mapping(self, value: Any, key: str, of: Callable[[Any, str], T]) -> dict[str, T]:
        found: dict[str, T] = {}
        for name, item in self._of(dict, value, key).items():
            with self._noting():
                found[name] = of(item, f"{key}.{name}")
        return found

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
