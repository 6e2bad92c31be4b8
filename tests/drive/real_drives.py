"""Real file systems on loop devices. Needs root and tools; otherwise the test is skipped with a reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

MAKERS = {
    "ext4": ["mkfs.ext4", "-q", "-L", "My Drive"],
    "xfs": ["mkfs.xfs", "-q", "-L", "My Drive"],
    "btrfs": ["mkfs.btrfs", "-q", "-L", "My Drive"],
    "exfat": ["mkfs.exfat", "-L", "My Drive"],
}
SIZES = {"ext4": 64, "xfs": 330, "btrfs": 120, "exfat": 64}


@dataclass(frozen=True, slots=True)
class Mounted:
    path: Path
    image: Path
    device: str
    driver: int | None
    """Process of a FUSE driver."""


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def mount(name: str, tmp_path: Path, stack: ExitStack, *, megabytes: int = 0) -> Mounted:
    """A new file system of this kind, by default as small as possible. Skips the test if that fails."""
    tool = MAKERS[name][0]
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    for needed in (tool, "losetup", *(["mount.exfat-fuse"] if name == "exfat" else [])):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    image, path = tmp_path / f"{name}.img", tmp_path / f"{name} drive"
    with image.open("wb") as file:
        file.truncate((megabytes or SIZES[name]) << 20)
    path.mkdir()
    try:
        device = run("losetup", "--find", "--show", str(image)).strip()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no loop device: {error.stderr.strip()}")
    stack.callback(subprocess.run, ["losetup", "-d", device], capture_output=True, timeout=60)
    run(*MAKERS[name], device)
    driver: int | None = None
    try:
        if name == "exfat":
            process = subprocess.Popen(
                ["mount.exfat-fuse", "-d", device, str(path)], stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 30)
            driver = process.pid
            wait_for_mount(path, process)
        else:
            run("mount", "-t", name, device, str(path))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this kernel cannot mount {name}: {error.stderr.strip()}")
    stack.callback(unmount, path)
    return Mounted(path, image, device, driver)


def unmount(path: Path) -> None:
    """Unmount a file system, also if a failed test left it frozen or in use."""
    subprocess.run(["fsfreeze", "--unfreeze", path], capture_output=True, timeout=60)
    if subprocess.run(["umount", path], capture_output=True, timeout=60).returncode != 0:
        subprocess.run(["umount", "--lazy", path], capture_output=True, timeout=60)


def wait_for_mount(path: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if path.is_mount():
            return
        if process.poll() is not None:
            pytest.skip("mount.exfat-fuse could not mount here")
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    pytest.skip("mount.exfat-fuse did not mount in 10 seconds")


def mount_again(mounted: Mounted, stack: ExitStack) -> None:
    """Mount an exFAT drive again after its driver was killed."""
    run("umount", str(mounted.path))
    command = ["mount.exfat-fuse", "-d", mounted.device, str(mounted.path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    stack.callback(process.wait, 30)
    wait_for_mount(mounted.path, process)
    stack.callback(unmount, mounted.path)
