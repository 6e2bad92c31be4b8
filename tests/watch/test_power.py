"""How this computer is powered, as Linux and macOS say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.watch.power import of_linux, of_pmset
from ambertime_tui.watch.schedule import Power


def supply(folder: Path, name: str, **facts: str) -> None:
    (folder / name).mkdir()
    for fact, value in facts.items():
        (folder / name / fact).write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("supplies", "power"),
    [
        ({}, Power()),
        ({"AC": {"type": "Mains", "online": "1"}}, Power()),
        ({"BAT0": {"type": "Battery", "status": "Discharging", "capacity": "17"}}, Power(True, 17)),
        (
            {
                "AC": {"type": "Mains", "online": "1"},
                "BAT0": {"type": "Battery", "status": "Charging", "capacity": "17"},
            },
            Power(False, 17),
        ),
        (
            {
                "hidpp": {"type": "Battery", "scope": "Device", "status": "Discharging", "capacity": "5"},
                "BAT0": {"type": "Battery", "status": "Full", "capacity": "100"},
            },
            Power(False, 100),
        ),
    ],
)
def test_linux(supplies: dict[str, dict[str, str]], power: Power, tmp_path: Path) -> None:
    for name, facts in supplies.items():
        supply(tmp_path, name, **facts)
    assert of_linux(tmp_path) == power
    assert of_linux(tmp_path / "missing") == Power()


def test_macos() -> None:
    text = (
        "Now drawing from '{}'\n -InternalBattery-0 (id=1)\t17%; discharging; 2:10 remaining present: true\n"
    )
    assert of_pmset(text.format("Battery Power")) == Power(True, 17)
    assert of_pmset(text.format("AC Power")) == Power(False, 17)
    assert of_pmset("Now drawing from 'AC Power'\n") == Power()
