"""The config file: its settings, and the errors for wrong ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ambertime_tui.config import (
    Config,
    ConfigError,
    State,
    Task,
    load_config,
    load_state,
    parse_every,
    parse_patience,
    save_state,
)
from ambertime_tui.engine.api.spec import FetchOrder, OriginalsChoice

TODAY = date(2026, 11, 22)


def config(folder: Path, text: str) -> Config:
    (folder / "config.toml").write_text(text)
    return load_config(folder, TODAY)


def test_without_a_file_all_settings_have_their_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path, TODAY) == Config()


def test_every_setting_is_read(tmp_path: Path) -> None:
    read = config(
        tmp_path,
        """
        theme = "amber-light"
        ascii = true
        [defaults]
        to = "/media/anna/Archive"
        originals = "icloud"
        patience = "2h"
        [tasks.old-years]
        range = "..2019"
        trashed = true
        order = "smallest"
        [keys]
        "job.pause" = "f5"
        """,
    )
    assert read == Config(
        theme="amber-light",
        ascii=True,
        defaults=Task(to="/media/anna/Archive", originals=OriginalsChoice.ICLOUD, patience="2h"),
        tasks={"old-years": Task(range="..2019", trashed=True, order=FetchOrder.SMALLEST)},
        keys={"job.pause": "f5"},
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("them = 'dark'", "them is not a setting; did you mean theme?"),
        ("[defaults]\norginals = 'local'", "defaults.orginals is not a setting; did you mean originals?"),
        ("[tasks.x]\nzzz = 1", "tasks.x.zzz is not a setting; use device, range"),
        ("ascii = 'yes'", "ascii must be true or false, not 'yes'"),
        ("theme = 3", "theme must be text in quotes, not 3"),
        ("tasks = 3", "tasks must be a table, not 3"),
        ("[tasks]\nx = 3", "tasks.x must be a table, not 3"),
        ("[defaults]\noriginals = 'all'", "defaults.originals is 'all'; use local or icloud"),
        ("[defaults]\npatience = '30'", "defaults.patience is wrong: '30' is not a duration"),
        ("[tasks.x]\nrange = '2024..2023'", "tasks.x.range is wrong:"),
        ("theme = ", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(tmp_path, text)
    assert said in str(error.value)
    assert str(tmp_path / "config.toml") in str(error.value)
    assert str(error.value)[-1] in ".?"


def test_what_the_app_saves_is_loaded_again(tmp_path: Path) -> None:
    state = State(
        theme="amber-dark",
        last=Task(to="/mnt/ä b", range="last year", originals=OriginalsChoice.ICLOUD, hidden=False),
        tasks={"Old years": Task(range="..2019")},
    )
    save_state(tmp_path / "state", state)
    assert load_state(tmp_path / "state", TODAY) == state


def test_a_damaged_state_file_is_like_none(tmp_path: Path) -> None:
    (tmp_path / "state.toml").write_bytes(b"\xff\xfe not toml")
    assert load_state(tmp_path, TODAY) == State()


def test_a_state_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be saved\. Cannot create the folder .*/file:"):
        save_state(tmp_path / "file", State())


def test_what_a_task_does_not_set_comes_from_the_defaults() -> None:
    said, defaults = Task(range="2024", hidden=False), Task(range="2023", to="/mnt/a", hidden=True)
    assert said.over(defaults) == Task(range="2024", to="/mnt/a", hidden=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("30m", 1800.0), ("1.5h", 5400.0), (" 12H ", 43200.0), ("forever", None)],
)
def test_patience_is_a_number_with_a_unit(text: str, seconds: float | None) -> None:
    assert parse_patience(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "-3m", "1d", "30 minutes", "nan"])
def test_anything_else_is_not_patience(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_patience(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("6h", 21_600), ("1d", 86_400), (" 14D ", 1_209_600)]
)
def test_the_time_between_two_runs(text: str, seconds: float) -> None:
    assert parse_every(text) == seconds


@pytest.mark.parametrize("text", ["", "9m", "forever", "d", "-1d", "1 week", "30s"])
def test_anything_else_is_no_time_between_two_runs(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_every(text)


def test_a_task_has_its_own_time_between_two_runs(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[tasks.anna]\nevery = "2d"\n')
    assert load_config(tmp_path, TODAY).tasks["anna"].every_seconds == 2 * 86_400
    (tmp_path / "config.toml").write_text('[tasks.anna]\nevery = "5m"\n')
    with pytest.raises(ConfigError, match="every is wrong: '5m' is not possible"):
        load_config(tmp_path, TODAY)
