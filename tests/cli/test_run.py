"""`ambertime run`: saved tasks from a shell, one or all, wherever their drives are mounted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from ambertime_tui.config import State, Task, save_state
from ambertime_tui.exit_codes import ExitCode, worst
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory
from tests.drive.real_drives import mount, run


@pytest.fixture
def local(tmp_path: Path) -> MadeLibrary:
    """A library in which everything is on the phone."""
    return make_library(tmp_path / "library", LibraryRecipe(assets=12, seed=3, icloud_share=0.0))


def write_config(home: Path, text: str) -> None:
    folder = home / ".config/ambertime"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)


def test_all_tasks_run_and_the_worst_exit_code_is_returned(
    home: Path, tmp_path: Path, local: MadeLibrary, phone_factory: PhoneFactory, ambertime: Ambertime
) -> None:
    phone = phone_factory(local.media)
    (tmp_path / "drive").mkdir()
    write_config(
        home,
        f"""
[defaults]
device = "{phone.udid}"
to = "{tmp_path}/drive"

[tasks.everything]

[tasks.lost]
to = "{tmp_path}/not there"

[tasks.old]
range = "older than 2 years"
""",
    )
    alone = ambertime("run", "everything", "--json")
    assert alone.code == 0, alone.err
    run_of_all = alone.records[-1]
    assert run_of_all["copied"] > 0

    every = ambertime("run", "--all", "--json")

    assert every.code == 1, every.err
    assert [task["name"] for task in every.of("task")] == ["everything", "lost", "old"]
    assert [job["task"] for job in every.of("job")] == ["everything", "old"]
    assert every.of("job")[1]["range"].startswith("..20")
    (failed,) = every.of("task_failed")
    assert (failed["name"], failed["kind"]) == ("lost", "TargetMissing")
    assert every.records[-1] == {
        "type": "summary",
        "tasks": [
            {"name": "everything", "exit_code": 0},
            {"name": "lost", "exit_code": 1},
            {"name": "old", "exit_code": 0},
        ],
        "exit_code": 1,
    }
    people = ambertime("run", "--all")
    assert people.code == 1
    assert "lost: The folder" in people.err
    assert people.out.splitlines()[-3:] == [
        "everything  complete",
        "lost        failed",
        "old         complete",
    ]

    history = ambertime("history", "--json")
    assert history.code == 0
    tasks = [(run["task"], run["outcome"], run["copied"]) for run in history.of("run")]
    assert tasks == [
        ("everything", "complete", run_of_all["copied"]),
        *[("everything", "complete", 0), ("old", "complete", 0)] * 2,
    ]
    (everything, old) = history.of("task")
    assert (everything["name"], everything["last_outcome"], everything["long_ago"]) == (
        *("everything", "complete"),
        False,
    )
    assert old["succeeded_at"] == history.of("run")[-1]["ended_at"]
    lines = ambertime("history", "--task", "old").out.splitlines()
    assert len([line for line in lines if "complete" in line and phone.facts.name in line]) == 2
    assert lines[-1] == "old: The last run was under a minute ago: complete."


def test_a_wrong_name_is_corrected_and_nothing_runs(home: Path, ambertime: Ambertime) -> None:
    assert ambertime("run", "weekly").sentence == ("run: there is no task weekly, and no other saved task.")
    assert ambertime("run", "--all").code == 2
    write_config(home, '[tasks.weekly]\nrange = "last 7 days"\n')
    assert ambertime("run", "wekly").sentence == "run: there is no task wekly; did you mean weekly?"
    assert ambertime("run", "weekly").sentence.startswith("The task weekly has no target folder.")
    for wrong in (("run",), ("run", "weekly", "--all")):
        assert ambertime(*wrong).sentence == "Name one task, or use --all. See `ambertime run --help`."


def test_a_task_follows_its_drive_to_another_mount_point(
    home: Path, tmp_path: Path, local: MadeLibrary, phone_factory: PhoneFactory, ambertime: Ambertime
) -> None:
    phone_factory(local.media)
    with ExitStack() as stack:
        drive = mount("ext4", tmp_path, stack, megabytes=200)
        target = drive.path / "iPhone"
        target.mkdir()
        save_state(home / ".local/state/ambertime", State(tasks={"mine": Task(to=str(target))}))
        assert ambertime("run", "mine").code == 0
        run("umount", str(drive.path))
        gone = ambertime("run", "mine", "--json")
        assert gone.records[-1]["kind"] == "DriveNotConnected"
        assert gone.code == 1

        elsewhere = tmp_path / "mounted by hand"
        elsewhere.mkdir()
        run("mount", drive.device, str(elsewhere))
        stack.callback(run, "umount", str(elsewhere))
        again = ambertime("run", "mine", "--json")

        assert again.code == 0, again.err
        assert again.of("job")[0]["target"] == str(elsewhere / "iPhone")
        assert again.records[-1]["already"] > 0
        assert again.records[-1]["copied"] == 0
        assert f"using {elsewhere / 'iPhone'}" in again.err


def test_the_worst_code_wins() -> None:
    assert worst([]) is ExitCode.COMPLETE
    assert worst([ExitCode.LEFT, ExitCode.COMPLETE]) is ExitCode.LEFT
    assert worst([ExitCode.LEFT, ExitCode.FAILED]) is ExitCode.FAILED
    assert worst([ExitCode.INTERRUPTED, ExitCode.FAILED]) is ExitCode.INTERRUPTED
