"""`ambertime scan --database`: a library file read without a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.simulator.library import MadeLibrary
from tests.cli.conftest import Ambertime

REAL = Path(__file__).parents[3] / "shared" / "photos-libraries"
real_libraries = sorted(REAL.glob("*/expected.json"))
STATES = {"icloud_only": "icloud"}


@pytest.mark.skipif(not real_libraries, reason="no real libraries beside the repository")
@pytest.mark.parametrize("expected", real_libraries, ids=lambda p: p.parent.name)
def test_a_real_library_is_listed_as_two_independent_readers_agreed(
    expected: Path, ambertime: Ambertime
) -> None:
    truth = json.loads(expected.read_text())
    own = {a["uuid"]: a for a in truth["assets"] if a["own"]}
    ran = ambertime("scan", "--json", "--database", expected.parent / "Photos.sqlite")
    assert ran.code == 0, ran.err
    (library,) = ran.of("library")
    assert library["ios_model_version"] == truth["model_version"]
    assert (library["assets"], library["own"]) == (truth["count"], len(own))
    listed = {a["uuid"]: a for a in ran.of("asset")}
    assert listed.keys() == own.keys()
    for uuid, asset in listed.items():
        found, wanted = facts_of(asset), expected_facts(own[uuid])
        if own[uuid]["tz_offset"] is None and own[uuid]["tz_name"] is None:
            # The two readers know no inferred zone: the instant is theirs, the zone is the library's.
            found["created"], wanted["created"] = instant(found["created"]), instant(wanted["created"])
        assert found == wanted, uuid


def instant(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def facts_of(asset: dict[str, Any]) -> dict[str, Any]:
    """The facts of a record that the expectation has as well."""
    names = (
        "directory",
        "filename",
        "original_filename",
        "kind",
        "live_photo",
        "hidden",
        "trashed",
        "edited",
    )
    states = sorted(o["availability"] for o in asset["originals"])
    created = asset["created"]
    return {
        **{name: asset[name] for name in (*names, "raw_pair", "favourite", "burst")},
        "created": created and datetime.fromisoformat(created).replace(microsecond=0).isoformat(),
        "states": states,
        "availability": asset["availability"],
    }


def expected_facts(asset: dict[str, Any]) -> dict[str, Any]:
    """The same facts of the expectation, which names an asset by its main original."""
    names = (
        "directory",
        "filename",
        "original_filename",
        "kind",
        "live_photo",
        "hidden",
        "trashed",
        "edited",
    )
    parts = [
        o for o in asset["originals"] if o["role"] != "media_metadata"
    ]  # a note of Photos' own, no original
    states = sorted(STATES.get(o["state"], o["state"]) for o in parts)
    local = asset["date_local"]
    believable = local is not None and 1826 <= datetime.fromisoformat(local).year <= 2030
    kinds = set(states) or {"missing"}
    return {
        **{name: asset[name] for name in (*names, "raw_pair", "favourite")},
        "burst": asset["burst_uuid"] is not None,
        "created": datetime.fromisoformat(local).replace(microsecond=0).isoformat() if believable else None,
        "states": states,
        "availability": kinds.pop() if len(kinds) == 1 else "partial",
    }


def test_without_media_the_flags_of_the_database_decide(
    made_library: MadeLibrary, ambertime: Ambertime
) -> None:
    ran = ambertime("scan", "--json", "--database", made_library.media / "PhotoData/Photos.sqlite")
    assert ran.code == 0, ran.err
    assert_listed_as_planted(ran.records, made_library, by_flag=True)


def test_with_media_the_files_decide(made_library: MadeLibrary, ambertime: Ambertime) -> None:
    ran = ambertime(
        *("scan", "--json", "--database", made_library.media / "PhotoData/Photos.sqlite"),
        *("--media", made_library.media),
    )
    assert ran.code == 0, ran.err
    assert_listed_as_planted(ran.records, made_library, by_flag=False)


def assert_listed_as_planted(records: list[dict[str, Any]], library: MadeLibrary, *, by_flag: bool) -> None:
    planted = {a.uuid: a for a in library.assets if a.ownership in ("own", "shared_library")}
    assert records[0]["type"] == "library"
    assert records[0]["own"] == len(planted)
    assert records[0]["assets"] == len(library.assets)
    listed = {r["uuid"]: r for r in records if r["type"] == "asset"}
    assert listed.keys() == planted.keys()
    for uuid, record in listed.items():
        truth = {
            r.role: r.flag if by_flag else r.availability for r in planted[uuid].resources if r.is_original
        }
        assert {o["role"]: o["availability"] for o in record["originals"]} == truth, uuid
    summary = records[-1]
    assert summary["type"] == "summary"
    assert sum(summary["assets"].values()) == summary["listed"] == len(planted)
    chosen = sum(summary["selected"][where]["count"] for where in ("local", "icloud", "missing"))
    assert chosen + sum(left["count"] for left in summary["left_out"]) == len(library.assets)


def test_a_range_lists_only_its_days(made_library: MadeLibrary, ambertime: Ambertime) -> None:
    database = made_library.media / "PhotoData/Photos.sqlite"
    all_of_it = ambertime("scan", "--json", "--database", database).of("asset")
    years = sorted({a["created"][:4] for a in all_of_it if a["created"]})
    year = years[len(years) // 2]
    some = ambertime("scan", "--json", "--database", database, "--range", year).of("asset")
    assert some == [a for a in all_of_it if a["created"] and a["created"][:4] == year]
    assert some


def test_as_text_there_is_a_histogram_with_totals_that_add_up(
    made_library: MadeLibrary, ambertime: Ambertime
) -> None:
    ran = ambertime("scan", "--database", made_library.media / "PhotoData/Photos.sqlite")
    assert ran.code == 0
    assert "█ on the phone   ▒ only in iCloud   × missing" in ran.out
    assert "Left out:" in ran.out
    rows = re.findall(r"^(\d{4}|undated|all) +(\d+)", ran.out, re.MULTILINE)
    counts = {name: int(count) for name, count in rows}
    assert counts.pop("all") == sum(counts.values()) > 100


def test_a_histogram_in_ascii(made_library: MadeLibrary, ambertime: Ambertime) -> None:
    ran = ambertime("scan", "--ascii", "--database", made_library.media / "PhotoData/Photos.sqlite")
    assert "# on the phone   o only in iCloud   x missing" in ran.out
    assert "█" not in ran.out


def test_the_library_file_and_its_log_are_only_read(
    made_library: MadeLibrary, tmp_path: Path, ambertime: Ambertime
) -> None:
    source = made_library.media / "PhotoData"
    for file in source.glob("Photos.sqlite*"):
        shutil.copy2(file, tmp_path)
    before = {f.name: f.read_bytes() for f in tmp_path.glob("Photos*")}
    assert ambertime("scan", "--json", "--database", tmp_path / "Photos.sqlite").code == 0
    assert {f.name: f.read_bytes() for f in tmp_path.glob("Photos*")} == before


def test_a_closed_pipe_is_not_reported_as_an_error(made_library: MadeLibrary) -> None:
    command = [sys.executable, "-m", "ambertime_tui", "scan", "--json", "--database"]
    command.append(str(made_library.media / "PhotoData/Photos.sqlite"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as scan:
        assert scan.stdout is not None and scan.stderr is not None
        scan.stdout.close()
        err = scan.stderr.read().decode()
    assert "Traceback" not in err and "BrokenPipe" not in err
    assert scan.returncode == 1


def test_the_largest_selected_items_are_listed_largest_first(
    made_library: MadeLibrary, ambertime: Ambertime
) -> None:
    database = made_library.media / "PhotoData/Photos.sqlite"
    every = ambertime("scan", "--json", "--database", database, "--range", "2023..").of("asset")
    sizes = {
        asset["uuid"]: sum(file["size"] or 0 for file in asset["originals"])
        for asset in every
        if not (asset["trashed"] or asset["hidden"])
    }
    options = ("scan", "--database", database, "--range", "2023..", "--no-hidden", "--largest", "5")
    ran = ambertime(*options, "--json")
    listed = [asset["uuid"] for asset in ran.of("asset")]
    assert [sizes[uuid] for uuid in listed] == sorted(sizes.values(), reverse=True)[:5]
    assert ran.records[-1]["listed"] == 5
    assert ran.records[-1]["selected"]["local"]["count"] > 5, "the totals are those of the selection"

    text = ambertime(*options).out
    *_, first, _, _, _, _ = text.splitlines()
    assert text.splitlines()[-6] == "Largest items:"
    assert next(a["original_filename"] for a in every if a["uuid"] == listed[0]) in first


def test_a_number_of_largest_items_is_checked(made_library: MadeLibrary, ambertime: Ambertime) -> None:
    for wrong in ("0", "-1", "many"):
        ran = ambertime("scan", "--database", made_library.media, f"--largest={wrong}")
        assert (ran.code, "--largest needs a number" in ran.sentence) == (2, True)
