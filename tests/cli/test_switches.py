"""Switches that can be set both ways override a task and the config file in either direction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.job_spec import spec_of
from ambertime_tui.cli.parser import build_parser
from ambertime_tui.engine.api.spec import Selection


def selected(home: Path, arguments: Iterable[str]) -> Selection:
    """What `ambertime backup` selects."""
    parsed = build_parser(simulate_options=False).parse_args(["backup", "--to", "/mnt/a", *arguments])
    return spec_of(parsed, Context({"HOME": str(home)})).selection


@pytest.mark.parametrize("name", ["edits", "hidden", "trashed"])
@pytest.mark.parametrize("configured", [None, True, False])
@pytest.mark.parametrize("given", [None, True, False])
def test_the_command_line_wins_over_the_config_and_the_config_over_the_default(
    tmp_path: Path, name: str, configured: bool | None, given: bool | None
) -> None:
    if configured is not None:
        folder = tmp_path / ".config/ambertime"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f"[defaults]\n{name} = {str(configured).lower()}\n")
    options = {None: [], True: [f"--{name}"], False: [f"--no-{name}"]}[given]
    default: bool = getattr(Selection(), name)
    wanted = next(value for value in (given, configured, default) if value is not None)
    assert getattr(selected(tmp_path, options), name) is wanted
