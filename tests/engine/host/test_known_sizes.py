"""The file sizes a preview knows equal the record, and take little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.record.reader import read_sizes
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.engine.host.known_sizes import KnownSizes, known_size
from ambertime_tui.library.model import Library, Role
from tests.engine.libraries import few, libraries, recorded_asset, recorded_file, recorded_in, records

UUIDS = ("A", "B", "C")


def write_record(root: Path, *assets: RecordedAsset) -> None:
    (root / OURS).mkdir(exist_ok=True)
    record = Record(root / OURS / RECORD, SystemCalls())
    record.commit(assets)
    record.close()


@few
@given(libraries(), st.data())
def test_it_says_what_the_recorded_assets_say(library: Library, data: st.DataObject) -> None:
    known = data.draw(records(library))
    files = ((uuid, file.role, file.size) for uuid, one in known.items() for file in one.files)
    uuids = [asset.uuid for asset in library.assets]
    truth = {uuid: sizes for uuid, sizes in recorded_in(known)(uuids).items() if sizes}
    assert KnownSizes(files).of(uuids) == truth


def test_the_latest_version_of_an_edit_counts(tmp_path: Path) -> None:
    edits = tuple(
        replace(recorded_file(Role.EDITED_PHOTO, 100 + number), name=f"{number}.jpg", generation=number)
        for number in (2, 1, 3)
    )
    photo = recorded_file(Role.PHOTO, 9)
    write_record(
        tmp_path, recorded_asset("A", (photo, *edits)), recorded_asset("C", (replace(photo, name="c"),))
    )
    udid = recorded_asset("A", ()).udid
    found = read_sizes(tmp_path, udid, KnownSizes).of(UUIDS)
    assert found == {
        "A": {Role.PHOTO: known_size(9), Role.EDITED_PHOTO: known_size(103)},
        "C": {Role.PHOTO: known_size(9)},
    }
    assert read_sizes(tmp_path, "ANOTHER", KnownSizes).of(UUIDS) == {}


def test_of_a_damaged_record_nothing_is_known(tmp_path: Path) -> None:
    write_record(tmp_path, recorded_asset("A", (recorded_file(Role.PHOTO, 9),)))
    record = tmp_path / OURS / RECORD
    record.write_bytes(b"no database" + record.read_bytes()[11:])
    udid = recorded_asset("A", ()).udid
    assert read_sizes(tmp_path, udid, KnownSizes).of(UUIDS) == {}
    record.unlink()
    assert read_sizes(tmp_path, udid, KnownSizes).of(UUIDS) == {}


def test_a_hundred_thousand_files_take_some_megabytes() -> None:
    def files(count: int) -> Iterator[tuple[str, Role, int]]:
        return ((f"{number:036}", Role.PHOTO, number) for number in range(count))

    tracemalloc.start()
    try:
        known = KnownSizes(files(100_000))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert known.of([f"{77_777:036}"]) == {f"{77_777:036}": {Role.PHOTO: known_size(77_777)}}
    assert kept < 30 * 100_000
