"""The preview says before a job what the drive cannot store, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ambertime_tui.drive.volume.discovery import Drive
from ambertime_tui.engine.api.protocol import Preview
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import PhoneSummary, ScanStatus
from ambertime_tui.engine.host.preview import Previewer
from ambertime_tui.engine.job.target_memory import TargetMemory
from ambertime_tui.engine.scan.survey import Scan
from ambertime_tui.engine.scan.surveyor import Survey
from ambertime_tui.library.model import Asset, Availability, Kind, Library, Resource, Role
from tests.drive.archive_helpers import drive_at
from tests.library.days import by_day

GIB = 1 << 30


def video(name: str, size: int) -> Asset:
    file = Resource(Role.VIDEO, "DCIM/100APPLE", name, size, Availability.LOCAL)
    return Asset(name, Kind.VIDEO, 1.7e9, 0, "DCIM/100APPLE", name, name, (file,))


def on(file_system: str) -> Callable[[Path], Drive]:
    """Treat folders of this computer as a drive of that kind with 1 TB free."""
    return lambda path: drive_at(path, file_system)


def preview_of(target: Path, file_system: str, *assets: Asset) -> Preview:
    library = Library(assets, 18600)
    scan = Scan("UDID", library, by_day(assets), ScanStatus(), 0.0)
    phone = PhoneSummary("UDID", ready=True)
    previewer = Previewer(TargetMemory(target / "state"), on(file_system))
    return previewer.preview(Survey(phone, scan, 0.0), JobSpec(str(target), "UDID"))


def test_files_too_large_for_fat32_are_named_with_what_to_do(tmp_path: Path) -> None:
    sizes = {"a.MOV": 5 * GIB, "b.MOV": 9 * GIB, "c.MOV": 4 * GIB, "d.MOV": 6 * GIB, "e.MOV": 4 * GIB - 1}
    preview = preview_of(tmp_path, "vfat", *(video(name, size) for name, size in sizes.items()))
    (words,) = [one for one in preview.advice if "too large" in one]
    assert words.startswith("b.MOV (9.7 GB), d.MOV (6.4 GB), a.MOV (5.4 GB) and 1 more: too large for")
    assert "Use a drive with exFAT" in words
    assert (preview.cannot.count, preview.local.count) == (4, 1)


def test_names_that_fat32_cannot_keep_are_counted_and_one_is_shown(tmp_path: Path) -> None:
    preview = preview_of(
        tmp_path, "vfat", video("who?.MOV", 10), video("12:30.MOV", 10), video("plain.MOV", 10)
    )
    (words,) = [one for one in preview.advice if "names with" in one]
    assert words.startswith("2 names with characters that FAT32 cannot store (who?.MOV)")


def test_a_plan_that_does_not_fit_is_a_problem_that_says_both_sizes(tmp_path: Path) -> None:
    preview = preview_of(tmp_path, "ext4", video("long.MOV", 1 << 60))
    assert preview.problem.startswith("Not enough free space: 1.2 EB needed (")
    assert "Choose a shorter range or another drive." in preview.problem
    assert " of files and a reserve), " in preview.problem
    assert preview.needed > 1 << 60, "with a margin"
    assert preview_of(tmp_path, "ext4", video("short.MOV", 10)).problem == ""
