"""The config file (config.toml, never written by AmberTime) and what the app remembers (state.toml).

theme = "amber-dark"

[defaults]                       # for `ambertime backup` and the setup screen
to = "/media/anna/Archive"
originals = "icloud"
patience = "2h"

[tasks.old-years]                # a saved task, with the settings of [defaults], each optional
range = "..2019"

[keys]                           # key bindings by id
"job.pause" = "f5"

[hooks]                          # commands to run when a backup has ended or needs a person
finished = ["~/bin/notify"]
"""

from __future__ import annotations

import os
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

from ambertime_tui.engine.api.spec import (
    FetchOrder,
    FetchWay,
    Hooks,
    JobSpec,
    OriginalsChoice,
    Selection,
    TrialMode,
)
from ambertime_tui.library.date_range import DateRange, DateRangeError, parse_date_range
from ambertime_tui.paths import PathsError, write_private

T = TypeVar("T")

CONFIG_NAME = "config.toml"
STATE_NAME = "state.toml"


class ConfigError(Exception):
    """The file cannot be used. The message names file and setting, and suggests one if it is misspelled."""


@dataclass(frozen=True, slots=True)
class Task:
    """The settings of a backup, as they are written. None: not set here."""

    device: str | None = None
    """UDID"""
    range: str | None = None
    """As text, because "last year" means a different year next January."""
    to: str | None = None
    originals: OriginalsChoice | None = None
    patience: str | None = None
    order: FetchOrder | None = None
    fetch: FetchWay | None = None
    """How to ask iOS for originals that are only in iCloud."""
    hidden: bool | None = None
    trashed: bool | None = None
    edits: bool | None = None
    trial: bool | None = None
    """Whether to try a way of asking on a few items first, if it is new for the phone."""
    every: str | None = None
    """For `watch`: time between two runs while phone and drive stay connected."""

    @property
    def every_seconds(self) -> float | None:
        """`every` in seconds; None: not set."""
        return None if self.every is None else parse_every(self.every)

    def over(self, other: Task) -> Task:
        """Return this task, with the settings it does not have taken from another one."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(other, **own)

    def selection(self, days: DateRange) -> Selection:
        """Return what to select from a library.

        Args:
            days: the range, parsed.
        """
        return Selection(
            days,
            hidden=self.hidden is not False,
            trashed=self.trashed is True,
            edits=self.edits is not False,
        )

    def job(
        self,
        target: str,
        days: DateRange,
        *,
        relative_range: bool = False,
        new_archive: bool = False,
        attended: bool = False,
    ) -> JobSpec:
        """Return the job for this task, the same for every front end.

        Args:
            target: absolute path of the folder `to`.
            days: the range, parsed.
            relative_range: whether the range moves with the day.
            new_archive: whether to start an archive, although another drive was used at this path.
            attended: whether a person can answer questions.

        Raises:
            ValueError: the patience is not a duration; the message is a sentence.
        """
        spec = JobSpec(
            target,
            self.device,
            self.selection(days),
            self.originals or OriginalsChoice.LOCAL,
            order=self.order or FetchOrder.OLDEST,
            way=self.fetch or FetchWay.KEEP_ORIGINALS,
            local_by_choice=self.originals is OriginalsChoice.LOCAL,
            relative_range=relative_range,
            new_archive=new_archive,
            trial=self._trial_mode(attended=attended),
        )
        return spec if self.patience is None else replace(spec, patience=parse_patience(self.patience))

    def _trial_mode(self, *, attended: bool) -> TrialMode:
        if self.originals is not OriginalsChoice.ICLOUD or self.trial is False:
            return TrialMode.SKIP
        return TrialMode.ASK if attended else TrialMode.UNATTENDED


@dataclass(frozen=True, slots=True)
class HookSettings:
    """The commands to run when a backup has ended or needs a person, as they are written."""

    finished: tuple[str, ...] = ()
    hand_needed: tuple[str, ...] = ()
    time_limit: str = "30s"

    def hooks(self) -> Hooks:
        """Return the hooks; a program may be written with ~."""
        seconds = parse_patience(self.time_limit)
        assert seconds is not None, "checked when it is loaded"
        return Hooks(_expanded(self.finished), _expanded(self.hand_needed), seconds)


def _expanded(command: tuple[str, ...]) -> tuple[str, ...]:
    return (os.path.expanduser(command[0]), *command[1:]) if command else ()  # noqa: PTH111 - not a path yet


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in config.toml."""

    theme: str | None = None
    ascii: bool = False
    preview: bool | None = None
    """Whether small pictures are available. None: not over SSH, where each one takes 20 kB."""
    defaults: Task = Task()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    hooks: HookSettings = HookSettings()


@dataclass(frozen=True, slots=True)
class State:
    """What the app remembers between runs. If it is lost, a few choices have to be made again."""

    theme: str | None = None
    last: Task = Task()
    """The last choices on the setup screen."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """Tasks saved on the setup screen."""
    finished: Mapping[str, str] = field(default_factory=dict)
    """ISO day on which the last finished backup started, by `backup_key`."""

    def last_backup(self, udid: str | None, target: str) -> date | None:
        """Return the day on which the last finished backup of a phone to a target started, if known."""
        day = self.finished.get(backup_key(udid, target)) if udid else None
        try:
            return date.fromisoformat(day) if day else None
        except ValueError:
            return None


def all_tasks(config: Mapping[str, Task], state: State) -> dict[str, Task]:
    """Return the saved tasks by name. If both have a name, the task in the config file wins."""
    return {**config, **{name: task for name, task in state.tasks.items() if name not in config}}


def backup_key(udid: str, target: str) -> str:
    """Return the key of a phone's backups to a target in `State.finished`."""
    return f"{udid} {target}"


SHORTEST_EVERY = 600.0
"""Seconds between two runs of `watch`, at least."""
_PATIENCE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_patience(text: str) -> float | None:
    """Return the seconds of ``90s``, ``30m`` or ``12h``; None for ``forever``.

    Raises:
        ValueError: the text is not a duration; the message is a sentence.
    """
    wanted = text.strip().lower()
    if wanted == "forever":
        return None
    match = _PATIENCE.fullmatch(wanted)
    if match is None:
        raise ValueError(f"'{text}' is not a duration. Write it like 90s, 30m, 12h or forever.")
    return float(match[1]) * _SECONDS[match[2]]


def parse_every(text: str) -> float:
    """Return the seconds of ``30m``, ``6h`` or ``1d``, as the time between two runs of `watch`.

    Raises:
        ValueError: the text is no duration, or a short one; the message is a sentence.
    """
    wanted = text.strip().lower()
    days = wanted.removesuffix("d")
    seconds = float(days) * 86_400 if wanted != days and days.isdigit() else parse_patience(wanted)
    if seconds is None or seconds < SHORTEST_EVERY:
        raise ValueError(f"'{text}' is not possible. Use 10m or more, such as 6h or 1d.")
    return seconds


def load_config(folder: Path, today: date) -> Config:
    """Return the settings of the config file; the defaults if there is no file.

    Args:
        folder: `Paths.config`.
        today: the day on which relative ranges are checked.

    Raises:
        ConfigError: the file cannot be read, or a setting is wrong.
    """
    return _load(Config, folder / CONFIG_NAME, today)


def load_usable_config(folder: Path, today: date) -> tuple[Config, tuple[str, ...]]:
    """Return the config without its wrong settings, and a sentence for each setting that is ignored.

    A task with a wrong setting is ignored as a whole, as are the defaults: part of it would be another task.
    """
    wrong: list[str] = []
    try:
        return _load(Config, folder / CONFIG_NAME, today, wrong), tuple(wrong)
    except ConfigError as error:
        return Config(), (str(error),)


def load_state(folder: Path, today: date) -> State:
    """Return what the app remembers; nothing if its file is missing or damaged."""
    try:
        return _load(State, folder / STATE_NAME, today)
    except ConfigError:
        return State()


def save_state(folder: Path, state: State) -> None:
    """Save what the app remembers, replacing the file in one step.

    Raises:
        ConfigError: the file cannot be written.
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
    """Turns tables into dataclasses. At a wrong setting it raises ConfigError, or skips it and notes why."""

    def __init__(self, file: Path, today: date, wrong: list[str] | None = None) -> None:
        self._file = file
        self._today = today
        self._wrong_ones = wrong

    def table(self, kind: type[T], data: Mapping[str, Any], where: str) -> T:
        hints = get_type_hints(kind)
        values = {}
        for key, value in data.items():
            with self._noting(where + key, whole=kind is Task):
                if key not in hints:
                    raise self._wrong(where + key, "is not a setting" + _suggestion(key, hints))
                values[key] = self._value(hints[key], value, where + key)
        return kind(**values)

    @contextmanager
    def _noting(self, part: str, *, whole: bool = False) -> Iterator[None]:
        """Note an error instead of raising it, if errors are collected and the setting can be skipped."""
        try:
            yield
        except ConfigError as error:
            if whole or self._wrong_ones is None:
                raise
            self._wrong_ones.append(f"{error} Ignored: {part}.")

    def _value(self, hint: Any, value: Any, key: str) -> Any:
        if hint == Mapping[str, Task]:
            return self._mapping(
                value, key, lambda task, at: self.table(Task, self._of(dict, task, at), at + ".")
            )
        if hint == Mapping[str, str]:
            return self._mapping(value, key, lambda text, at: self._of(str, text, at))
        if hint in (Task, HookSettings):
            return self.table(hint, self._of(dict, value, key), key + ".")
        if hint == tuple[str, ...]:
            return self._command(value, key)
        if hint in (bool, bool | None):
            return self._of(bool, value, key)
        text: str = self._of(str, value, key)
        for choices in (OriginalsChoice, FetchOrder, FetchWay):
            if hint == choices | None:
                if text not in set(choices):
                    raise self._wrong(key, f"is '{text}'; use {' or '.join(choices)}")
                return choices(text)
        self._check_text(key.rpartition(".")[2], text, key)
        return text

    def _command(self, value: Any, key: str) -> tuple[str, ...]:
        """A program and its arguments. It runs without a shell, so one text would not be split."""
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            raise self._wrong(key, 'must be a list of texts, such as ["~/bin/notify", "--quiet"]')
        if not value[0] or "\0" in "".join(value):
            raise self._wrong(key, "must begin with a program")
        return tuple(value)

    def _check_text(self, name: str, text: str, key: str) -> None:
        try:
            if name == "range":
                parse_date_range(text, self._today)
            elif name == "patience":
                parse_patience(text)
            elif name == "every":
                parse_every(text)
            elif name == "time_limit" and parse_patience(text) is None:
                raise self._wrong(key, "must have an end; write it like 30s or 5m")
        except (DateRangeError, ValueError) as error:
            raise self._wrong(key, f"is wrong: {error}") from error

    def _mapping(self, value: Any, key: str, of: Callable[[Any, str], T]) -> dict[str, T]:
        found: dict[str, T] = {}
        for name, item in self._of(dict, value, key).items():
            with self._noting(f"{key}.{name}"):
                found[name] = of(item, f"{key}.{name}")
        return found

    def _of(self, kind: type[T], value: Any, key: str) -> T:
        if not isinstance(value, kind):
            raise self._wrong(key, f"must be {_KINDS[kind]}, not {value!r}")
        return value

    def _wrong(self, key: str, why: str) -> ConfigError:
        return ConfigError(f"{self._file}: {key} {why}" + ("" if why[-1] in ".?" else "."))


_KINDS: dict[type, str] = {str: "text in quotes", bool: "true or false", dict: "a table"}


def _suggestion(key: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(key, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; use {', '.join(known)}"
