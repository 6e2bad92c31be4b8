"""Taken names are correct for every folder, and cached for few."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.volume.name_keys import name_key, stem_key
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.names import FOLDERS_CACHED, NameRegistry
from tests.drive.archive_helpers import traits
from tests.drive.record.test_record import recorded

FOLDERS = [f"Photos/{2000 + n // 12}-{n % 12 + 1:02}" for n in range(4 * FOLDERS_CACHED)]


def lying_in(folder: str, number: int) -> RecordedAsset:
    name = f"IMG_{number:04}.HEIC"
    made = recorded(f"{folder} {number}", name)
    return replace(made, folder=folder, files=(replace(made.files[0], folder=folder),))


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "record.sqlite3", SystemCalls())


def test_a_recorded_name_stays_taken_after_its_folder_leaves_the_cache(
    record: Record, tmp_path: Path
) -> None:
    names = NameRegistry(tmp_path, record, traits(), SystemCalls())
    for number, folder in enumerate(FOLDERS):
        assert name_key(f"IMG_{number:04}.HEIC") not in names.taken(folder)
        names.reserve(folder, ["IMG_R.HEIC"])
        record.commit([lying_in(folder, number)])
        names.add_recorded(folder, f"IMG_{number:04}.HEIC")
    for number, folder in enumerate(FOLDERS):
        given = names.taken(folder)
        assert name_key(f"IMG_{number:04}.HEIC") in given
        assert stem_key(f"IMG_{number:04}") in given
        assert name_key("IMG_R.HEIC") in given, "a writer has it"
        names.release(folder, ["IMG_R.HEIC"])
        assert name_key("IMG_R.HEIC") not in names.taken(folder)


def test_a_folder_is_listed_again_after_a_surprise(record: Record, tmp_path: Path) -> None:
    names = NameRegistry(tmp_path, record, traits(), SystemCalls())
    assert name_key("new.HEIC") not in names.on_drive("")
    (tmp_path / "new.HEIC").touch()
    assert name_key("new.HEIC") not in names.on_drive(""), "as it was listed last"
    names.forget_listing("")
    assert name_key("new.HEIC") in names.on_drive("")


def test_the_names_of_few_folders_are_cached(record: Record, tmp_path: Path) -> None:
    for folder in FOLDERS:
        record.commit([lying_in(folder, number) for number in range(100)])
    names = NameRegistry(tmp_path, record, traits(), SystemCalls())
    tracemalloc.start()
    try:
        for folder in FOLDERS[:FOLDERS_CACHED]:
            names.taken(folder)
        few, _ = tracemalloc.get_traced_memory()
        for folder in FOLDERS:
            names.taken(folder)
        all_of_them, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert few > 200 * FOLDERS_CACHED * 50, "two keys for each name"
    assert all_of_them < 1.2 * few
