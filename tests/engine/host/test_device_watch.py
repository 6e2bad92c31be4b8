"""The lists of phones and drives: one that fails stops neither the other nor itself for good."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.volume.discovery import Drive, MountPoint, drive_of, mount_points
from ambertime_tui.engine.api.protocol import DevicesChanged
from ambertime_tui.engine.host.device_watch import DeviceWatch
from ambertime_tui.engine.host.drive_probe import DriveProbe
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.discovery import watch_phones
from ambertime_tui.phone.session import peek
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.drive.real_drives import run

PATIENCE = 30.0
NOBODY = 65534


class Screen:
    """What a front end sees of the devices."""

    def __init__(self) -> None:
        self.now = DevicesChanged()
        self._changed = asyncio.Event()

    def show(self, now: DevicesChanged) -> None:
        self.now = now
        self._changed.set()

    async def until(self, holds: Callable[[DevicesChanged], bool]) -> DevicesChanged:
        async with asyncio.timeout(PATIENCE):
            while not holds(self.now):
                await self._changed.wait()
                self._changed.clear()
        return self.now


@asynccontextmanager
async def watching(tmp_path: Path, probe: DriveProbe) -> AsyncIterator[Screen]:
    """Watch devices, without pauses longer than 10 ms."""
    screen = Screen()
    timing = Timing(pause=lambda seconds: asyncio.sleep(min(seconds, 0.01)))
    watch = DeviceWatch(tmp_path / "pair-records", timing, probe, screen.show)
    task = asyncio.create_task(watch.run())
    try:
        yield screen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def here(path: Path) -> MountPoint:
    return MountPoint(path, "ext4", str(path), lambda: drive_of(path))


def failing(path: Path, code: int) -> MountPoint:
    """A mount point on which every call fails, like a stale NFS handle or a FUSE mount whose driver died."""

    def inspect() -> Drive:
        raise OSError(code, os.strerror(code), str(path))

    return MountPoint(path, "nfs4", str(path), inspect)


@pytest.mark.parametrize("code", [errno.ESTALE, errno.ENOTCONN, errno.EIO, errno.EACCES, errno.EHOSTDOWN])
def test_a_drive_that_cannot_be_read_says_so_and_the_others_are_listed(tmp_path: Path, code: int) -> None:
    async def story() -> None:
        bad = failing(tmp_path / "share", code)
        good, unreadable = await DriveProbe(lambda: (bad, here(tmp_path))).drives()
        assert good.usable
        assert not unreadable.usable
        assert (unreadable.path, unreadable.name) == (str(bad.path), "share")
        assert str(bad.path) in unreadable.sentence
        assert unreadable.sentence.count(". ") == 1, "what happened, and what to do"

    asyncio.run(story())


def test_an_unforeseen_error_of_one_drive_is_that_drive_s_sentence(tmp_path: Path) -> None:
    def inspect() -> Drive:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a label in another encoding")

    async def story() -> None:
        odd = MountPoint(tmp_path / "odd", "vfat", "odd", inspect)
        good, broken = await DriveProbe(lambda: (odd, here(tmp_path))).drives()
        assert good.usable
        assert "cannot be checked" in broken.sentence

    asyncio.run(story())


def test_a_mounted_folder_that_this_user_may_not_enter_is_listed_with_a_sentence(tmp_path: Path) -> None:
    """As /boot/efi on a usual desktop: its root is 0700 and belongs to root. A real mount, a real user."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = Path("/mnt") / f"ambertime-{os.getpid()}"
    with ExitStack() as stack:
        place.mkdir()
        stack.callback(place.rmdir)
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(16 << 20)
        try:
            run("mkfs.ext4", "-q", str(image))
            run("mount", "-o", "loop", str(image), str(place))
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"cannot mount here: {error}")
        stack.callback(run, "umount", str(place))
        place.chmod(0o700)
        os.seteuid(NOBODY)
        stack.callback(os.seteuid, 0)
        with pytest.raises(PermissionError):
            os.listdir(place)  # noqa: PTH208 - the folder is closed to this user
        mounted = [point for point in mount_points() if point.path == place]
        assert mounted
        drives = asyncio.run(DriveProbe(lambda: (*mounted, here(Path("/")))).drives())
        by_path = {drive.path: drive for drive in drives}
        assert set(by_path) == {str(place), "/"}
        assert not by_path[str(place)].usable
        assert "permission" in by_path[str(place)].sentence


def test_a_mount_that_only_its_owner_may_see_is_listed_with_a_sentence(tmp_path: Path) -> None:
    """As a FUSE mount without allow_other, where even stat is refused."""
    closed = tmp_path / "closed"
    (closed / "mount").mkdir(parents=True)
    closed.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        point = MountPoint(closed / "mount", "fuse.rclone", "1", lambda: _stat_then_drive(closed / "mount"))
        drives = asyncio.run(DriveProbe(lambda: (point,)).drives())
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        closed.chmod(stat.S_IRWXU)
    (drive,) = drives
    assert "You have no permission to open" in drive.sentence


def _stat_then_drive(path: Path) -> Drive:
    path.stat()
    return drive_of(path)


def test_phones_appear_although_drives_cannot_be_listed(
    tmp_path: Path, phone: SimulatedPhone, usbmux: BackgroundUsbmuxd
) -> None:
    def broken() -> Iterator[MountPoint]:
        raise RuntimeError("mountinfo in another format")

    async def story() -> None:
        async with watching(tmp_path, DriveProbe(broken)) as screen:
            seen = await screen.until(lambda now: any(phone.ready for phone in now.phones))
            assert "Drives cannot be listed" in seen.drives_sentence
            assert seen.sentence == ""
            usbmux.unplug(phone)
            await screen.until(lambda now: not now.phones)

    asyncio.run(story())


def test_drives_appear_although_usbmuxd_accepts_connections_and_says_nothing(
    tmp_path: Path, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(short_tmp / "silent"))
    listening.listen(8)
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", str(short_tmp / "silent"))

    async def story() -> None:
        async with watching(tmp_path, DriveProbe(lambda: (here(tmp_path),))) as screen:
            seen = await screen.until(lambda now: bool(now.drives))
            assert "usbmuxd has not responded" in seen.sentence

    asyncio.run(story())
    listening.close()


def test_a_watch_that_fails_starts_again(
    tmp_path: Path, phone: SimulatedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()
    real = watch_phones

    def once_broken() -> object:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("an answer of usbmuxd in another format")
        return real()

    monkeypatch.setattr(f"{DeviceWatch.__module__}.watch_phones", once_broken)
    asked = 0

    def where() -> tuple[MountPoint, ...]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("mountinfo in another format")
        return (here(tmp_path),)

    async def story() -> None:
        async with watching(tmp_path, DriveProbe(where)) as screen:
            troubled = await screen.until(lambda now: "cannot be detected" in now.sentence)
            assert "Trying again" in troubled.sentence
            seen = await screen.until(lambda now: bool(now.phones and now.drives))
            assert (seen.sentence, seen.drives_sentence) == ("", "")

    asyncio.run(story())


def test_a_phone_that_cannot_be_checked_is_checked_again(
    tmp_path: Path, phone: SimulatedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = peek, threading.Event()

    async def once_broken(udid: str, pair_records: Path) -> object:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a property list of another shape")
        return await real(udid, pair_records)

    monkeypatch.setattr(f"{DeviceWatch.__module__}.peek", once_broken)

    async def story() -> None:
        async with watching(tmp_path, DriveProbe(lambda: (here(tmp_path),))) as screen:
            await screen.until(lambda now: any("cannot be checked" in one.sentence for one in now.phones))
            await screen.until(lambda now: any(phone.ready for phone in now.phones))

    asyncio.run(story())


def test_an_archive_of_another_user_is_a_drive_that_cannot_be_used(short_tmp: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("changing the user needs root")
    short_tmp.chmod(0o777)
    (short_tmp / ".ambertime").mkdir(mode=0o700)
    point = MountPoint(short_tmp, "ext4", "1", lambda: replace(drive_of(short_tmp), path=short_tmp))
    os.seteuid(NOBODY)
    try:
        (drive,) = asyncio.run(DriveProbe(lambda: (point,)).drives())
    finally:
        os.seteuid(0)
    assert not drive.usable
    assert "no permission to open" in drive.sentence
