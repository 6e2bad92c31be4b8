"""Completion scripts and the manual page: printed by commands, and generated from the parser as it is now."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from ambertime_tui.cli.generated import COMPLETIONS, MAN_PAGE, generated_text
from tests.cli.conftest import Ambertime


@pytest.mark.skipif(
    find_spec("shtab") is None or find_spec("argparse_manpage") is None, reason="needs the test extra"
)
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse formats differently in each version")
@pytest.mark.parametrize("name", [*COMPLETIONS.values(), MAN_PAGE])
def test_a_generated_file_is_current(name: str) -> None:
    from ambertime_tui.cli.generated.generate import generate

    assert generated_text(name) == generate()[name], "run: python -m ambertime_tui.cli.generated"


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_the_command_prints_the_script_of_a_shell(shell: str, ambertime: Ambertime) -> None:
    ran = ambertime("completion", shell)
    assert (ran.code, ran.out) == (0, generated_text(COMPLETIONS[shell]))


def test_another_shell_is_refused(ambertime: Ambertime) -> None:
    ran = ambertime("completion", "cmd.exe")
    assert ran.code == 2
    assert "'bash', 'zsh', 'fish'" in ran.sentence


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["ver"], ["verify"]),
        (["backup", "--no-e"], ["--no-edits"]),
        (["backup", "--originals", ""], ["local", "icloud"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes_commands_options_and_choices(words: list[str], completed: list[str]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    script = generated_text("ambertime.bash") + (
        'COMP_WORDS=(ambertime "$@"); COMP_CWORD=$#; _shtab_ambertime; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    ran = subprocess.run(
        [bash, "--norc", "-c", script, "bash", *words], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == completed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_another_shell_can_parse_its_script(shell: str) -> None:
    command = shutil.which(shell)
    if command is None:
        pytest.skip(f"{shell} is not installed")
    script = generated_text(COMPLETIONS[shell])
    ran = subprocess.run([command, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_command_prints_a_manual_page_that_groff_formats_without_a_warning(ambertime: Ambertime) -> None:
    ran = ambertime("man")
    assert (ran.code, ran.out) == (0, generated_text(MAN_PAGE))
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    formatted = subprocess.run(
        [groff, "-man", "-ww", "-Tascii"], input=ran.out, capture_output=True, text=True, check=False
    )
    assert formatted.stderr == ""
    assert "ambertime backup" in formatted.stdout
