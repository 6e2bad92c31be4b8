"""Recycle bins, snapshots and the like: which folders are not the archive."""

from __future__ import annotations

import pytest

from ambertime_tui.drive.volume.service_folders import Service, service_in, service_of


@pytest.mark.parametrize(
    ("folder", "service"),
    [
        ("#recycle", Service.RECYCLE_BIN),
        ("@Recycle", Service.RECYCLE_BIN),
        ("$RECYCLE.BIN", Service.RECYCLE_BIN),
        ("RECYCLER", Service.RECYCLE_BIN),
        ("Recycled", Service.RECYCLE_BIN),
        (".Recycle.Bin", Service.RECYCLE_BIN),
        ("Recycle Bin - Volume_1", Service.RECYCLE_BIN),
        ("Network Trash Folder", Service.RECYCLE_BIN),
        (".Trash-1000", Service.RECYCLE_BIN),
        (".Trashes", Service.RECYCLE_BIN),
        ("#trash", Service.RECYCLE_BIN),
        ("#snapshot", Service.SNAPSHOTS),
        ("@Recently-Snapshot", Service.SNAPSHOTS),
        (".snapshots", Service.SNAPSHOTS),
        ("~snapshot", Service.SNAPSHOTS),
        ("@GMT-2026.11.20-03.00.00", Service.SNAPSHOTS),
        (".zfs", Service.SNAPSHOTS),
        ("@eaDir", Service.THUMBNAILS),
        (".@__thumb", Service.THUMBNAILS),
        (".stversions", Service.VERSIONS),
        (".dropbox.cache", Service.VERSIONS),
        ("System Volume Information", Service.SYSTEM),
        ("lost+found", Service.SYSTEM),
        ("FOUND.000", Service.SYSTEM),
    ],
)
def test_folders_that_systems_and_programs_keep(folder: str, service: Service) -> None:
    assert service_of(folder) is service
    assert service_of(folder.upper()) is service_of(folder.lower()) is service


@pytest.mark.parametrize(
    "folder",
    [
        "Photos",
        "2024-07",
        "undated",
        "Old archive",
        "Recycling 2019",
        "Trash the dress",
        "Snapshots of Anna",
        "snapshot",
        "#wedding",
        "@home",
        "_Family",
        "found in the attic",
    ],
)
def test_folders_that_people_make_may_have_files_of_the_archive(folder: str) -> None:
    assert service_of(folder) is None


def test_any_folder_on_the_way_counts_and_the_file_itself_does_not() -> None:
    assert service_in("Old/@eaDir/IMG_0001.JPG/SYNOPHOTO_THUMB_XL.jpg") is Service.THUMBNAILS
    assert service_in("Photos/2024-07/#recycle") is None
    assert service_in("IMG_0001.JPG") is None
