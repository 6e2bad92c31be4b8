"""The documentation: every link leads somewhere, every option is documented, and the examples work."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest
from textual.binding import Binding

from ambertime_tui.cli import main
from ambertime_tui.config import Task, load_config
from ambertime_tui.library.date_range import parse_date_range
from ambertime_tui.tui.application import KEY_SCOPES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ambertime_tui"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TODAY = date(2026, 11, 28)

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INLINE_LINK = re.compile(r"\]\(([^)\s]+)\)")
_REFERENCE = re.compile(r"^\[[^]]+\]: (\S+)$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(next(a for a in (words, *(f"{words}-{n}" for n in range(1, 99))) if a not in found))
    return found


def links(page: Path) -> Iterator[str]:
    text = prose(page)
    yield from _INLINE_LINK.findall(text)
    yield from _REFERENCE.findall(text)


def wrong_links(page: Path) -> list[str]:
    """A sentence for each relative link that leads nowhere."""
    wrong = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)) if path else page
        if not target.exists():
            wrong.append(f"{page.name}: {link} does not exist")
        elif anchor and anchor not in anchors(target):
            wrong.append(f"{page.name}: {target.name} has no heading #{anchor}")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_relative_link_leads_to_a_page_and_heading(page: Path) -> None:
    wrong = wrong_links(page)
    assert not wrong, "\n".join(wrong)


def test_a_broken_link_and_a_broken_anchor_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title, with `code`\n[a](gone.md) [b](#title-with-code) [c](#gone) [d](https://x)\n")
    assert wrong_links(page) == ["page.md: gone.md does not exist", "page.md: page.md has no heading #gone"]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_every_page_can_be_reached_from_the_readme(page: Path) -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        here = waiting.pop().resolve()
        if here in reached or here.suffix != ".md":
            continue
        reached.add(here)
        paths = (unquote(link.partition("#")[0]) for link in links(here) if ":" not in link)
        waiting += [here.parent / path for path in paths if path]
    assert page.resolve() in reached


def test_every_range_on_the_page_is_understood() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "date-ranges.md").read_text(), re.MULTILINE)
    assert len(rows) > 10
    for text in rows:
        parse_date_range(text.strip('"'), TODAY)


def test_the_sample_configuration_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    sample = page.split("```toml\n")[1].split("```")[0]
    (tmp_path / "config.toml").write_text(sample)
    assert set(tomllib.loads(sample)) == {"theme", "ascii", "preview", "defaults", "tasks", "keys", "hooks"}
    assert load_config(tmp_path, TODAY).tasks


def test_every_file_that_the_architecture_and_the_map_name_exists() -> None:
    for page in (ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"):
        named = re.findall(r"`((?:[\w.]+/)*[\w.]+(?:\.py|/))`", prose(page))
        assert named
        missing = [name for name in named if not any((base / name).exists() for base in (ROOT, PACKAGE))]
        assert not missing, f"{page.name}: {missing}"


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_the_map_shows_every_room(page: str) -> None:
    named = set(re.findall(r"`(?:ambertime_tui/)?([\w/]+)/`", prose(ROOT / page)))
    split = {"engine", "drive"}  # the rooms are the folders in these
    inits = [
        *PACKAGE.glob("*/__init__.py"),
        *(init for top in split for init in PACKAGE.glob(f"{top}/*/*.py")),
    ]
    rooms = {init.parent.relative_to(PACKAGE).as_posix() for init in inits} - split
    assert not rooms - named, f"{page} lacks {', '.join(sorted(rooms - named))}"


def test_the_architecture_names_every_file_outside_the_rooms() -> None:
    text = prose(ROOT / "docs" / "architecture.md")
    files = [*PACKAGE.glob("[!_]*.py"), *PACKAGE.glob("engine/[!_]*.py"), *PACKAGE.glob("drive/[!_]*.py")]
    missing = [name for file in files if (name := file.relative_to(PACKAGE).as_posix()) not in text]
    assert not missing


def test_every_task_setting_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = page.split("## Tasks and defaults")[1].split("## ")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert named == {field.name for field in fields(Task)}


def test_every_key_id_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = page.split("## Keys")[1].split("## ")[0]
    named = set(re.findall(r"`([a-z]+\.[a-z_-]+[a-z](?:-\d)?)`", table))
    for stem, last in re.findall(r"`([a-z.-]+-)1` to `[a-z.-]+-(\d)`", table):
        named |= {f"{stem}{number}" for number in range(1, int(last) + 1)}
    parts = {part for scope in KEY_SCOPES for part in scope}
    bindings = [binding for part in parts for binding in part.BINDINGS if isinstance(binding, Binding)]
    assert named == {binding.id for binding in bindings} - {None}


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return capsys.readouterr().out


def options_in(text: str) -> set[str]:
    """The long options that a text names, but for --help."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--help"}


@pytest.fixture
def options(capsys: pytest.CaptureFixture[str]) -> dict[str, set[str]]:
    """The options of each command by its name, as its help lists them; those of the app under `ambertime`."""
    of_app = help_of(capsys)
    names = re.findall(r"^    (\w+)(?:  |$)", of_app, re.MULTILINE)
    usage = {name: help_of(capsys, name) for name in names} | {"ambertime": of_app}
    listed = {name: re.findall(r"^  (-.*?)(?:   |$)", text, re.MULTILINE) for name, text in usage.items()}
    return {name: options_in("\n".join(lines)) for name, lines in listed.items()}


def test_the_command_line_page_documents_every_option_and_no_others(options: dict[str, set[str]]) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    documented: dict[str, set[str]] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        if match := re.fullmatch(r"`ambertime(?: (\w+))?`", heading):
            documented[match[1] or "ambertime"] = options_in(text)
    assert documented == options


def test_every_option_that_a_page_names_exists(options: dict[str, set[str]]) -> None:
    known = set().union(*options.values())
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        lines = [line for line in page.read_text(encoding="utf-8").splitlines() if "ambertime " in line]
        unknown = {line: options_in(line) - known for line in lines if options_in(line) - known}
        assert not unknown, f"{page.name}: {unknown}"
