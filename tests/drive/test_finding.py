"""Items are found in an archive by day, name and kind, from its record alone."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import RecordDamaged
from ambertime_tui.drive.finding import FoundItem, ItemKind, Query, find_items
from ambertime_tui.drive.forgetting import absent_items, forget
from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.target import open_target
from ambertime_tui.library.date_range import parse_date_range
from ambertime_tui.library.model import Asset, Role
from tests.drive.archive_helpers import LIBRARY, PHONE, asset, backup, drive_at, tree


def at(text: str, number: int, name: str, hours: int = 0, *roles: Role) -> Asset:
    """An item taken at a time in UTC, `hours` east of it."""
    taken = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    return asset(number, roles or (Role.PHOTO,), name=name, created=taken, zone_offset=hours * 3600)


def found(root: Path, days: str = "all", **options: object) -> list[str]:
    query = Query(parse_date_range(days, date(2026, 11, 28)), **options)  # type: ignore[arg-type]
    return [item.asset.original_filename for item in items(root, query)]


def items(root: Path, query: Query) -> tuple[FoundItem, ...]:
    listed = find_items(root, query)
    assert listed is not None
    return listed


def test_days_select_oldest_first_and_undated_items_only_without_a_range(tmp_path: Path) -> None:
    backup(tmp_path, (at("2024-07-09T12:00", 1, "later.HEIC"), at("2023-01-02T12:00", 2, "early.HEIC")))
    backup(tmp_path, (asset(3, name="none.HEIC", created=None),))
    assert found(tmp_path) == ["early.HEIC", "later.HEIC", "none.HEIC"]
    assert found(tmp_path, "2024") == ["later.HEIC"]
    assert found(tmp_path, "2024-07-09") == ["later.HEIC"]
    assert found(tmp_path, "..2024-07-08") == ["early.HEIC"]


def test_months_are_those_of_the_place_of_capture(tmp_path: Path) -> None:
    backup(tmp_path, (at("2024-06-30T22:00", 1, "tokyo.HEIC", 9), at("2024-08-01T02:00", 2, "lima.HEIC", -5)))
    assert found(tmp_path, "2024-07") == ["tokyo.HEIC", "lima.HEIC"]
    assert [item.day for item in items(tmp_path, Query())] == [date(2024, 7, 1), date(2024, 7, 31)]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("img_48", ["IMG_4801.HEIC", "IMG_4821.HEIC"]),
        ("IMG_*1.HEIC", ["IMG_4801.HEIC", "IMG_4821.HEIC"]),
        ("IMG_482?.HEIC", ["IMG_4821.HEIC"]),
        ("(", ["a(b.MOV"]),
        ("*.MOV", ["a(b.MOV"]),
        ("nothing", []),
    ],
)
def test_names_are_parts_or_patterns_whatever_their_case(
    tmp_path: Path, name: str, wanted: list[str]
) -> None:
    backup(
        tmp_path,
        [asset(number, name=one) for number, one in enumerate(("IMG_4801.HEIC", "IMG_4821.HEIC"), 1)]
        + [asset(3, (Role.VIDEO,), name="a(b.MOV")],
    )
    assert found(tmp_path, name=name) == wanted


def test_kinds_follow_from_the_files_of_an_item(tmp_path: Path) -> None:
    backup(tmp_path, (*LIBRARY, asset(5, (Role.VIDEO,), name="video.MOV")))
    kinds = {item.asset.uuid[:8]: set(map(str, item.kinds)) for item in items(tmp_path, Query())}
    assert kinds == {
        "00000001": {"photo", "live", "edited"},
        "00000002": {"photo", "live"},
        "00000003": {"photo"},
        "00000004": {"photo", "raw"},
        "00000005": {"video"},
    }
    either = Query(kinds=frozenset({ItemKind.RAW, ItemKind.VIDEO}))
    assert [item.asset.uuid[:8] for item in items(tmp_path, either)] == ["00000004", "00000005"]


def test_one_phone_can_be_named(tmp_path: Path) -> None:
    backup(tmp_path)
    assert len(items(tmp_path, Query(udid=PHONE))) == len(LIBRARY)
    assert items(tmp_path, Query(udid="another")) == ()


def test_forgotten_items_are_left_out(tmp_path: Path) -> None:
    backup(tmp_path, (asset(1, name="gone.HEIC"), asset(2, name="kept.HEIC")))
    (tmp_path / "Photos/2024-07/gone.HEIC").unlink()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        target.save_absent(PHONE, lambda uuid: False)
        assert forget(target, {item.key for item in absent_items(target)}, 1.0)
    assert found(tmp_path) == ["kept.HEIC"]


def test_nothing_is_written_also_if_the_record_is_damaged(tmp_path: Path) -> None:
    backup(tmp_path)
    record = tmp_path / OURS / RECORD
    record.write_bytes(record.read_bytes()[:-100])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(RecordDamaged):
        find_items(tmp_path, Query())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_photos_are_not_needed(tmp_path: Path) -> None:
    backup(tmp_path)
    shutil.rmtree(tmp_path / "Photos")
    assert len(found(tmp_path)) == len(LIBRARY)
    assert tree(tmp_path).keys() == {"SHA256SUMS"}


def test_a_folder_without_a_record_has_none(tmp_path: Path) -> None:
    assert find_items(tmp_path, Query()) is None
    assert not (tmp_path / OURS).exists()
