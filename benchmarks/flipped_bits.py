"""Flip bits on the cable: `python -m benchmarks.flipped_bits [--bits 1000]`.

Jobs back up photos with Apple's fingerprints from a simulated phone, over a cable that flips one bit in some
pieces of the files. A flipped bit is unnoticed if a copy on the drive differs from the file on the phone, and
the job does not count it as different from its fingerprint.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import archived, run_here
from tests.engine.flipping_cable import MARK, flipping_cable
from tests.engine.small_library import SmallLibrary, some_bytes

PHOTOS = 60
"""Per job."""
SIZE = 200_000
"""Bytes of a photo."""


def main() -> None:
    """Print a row of the Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bits", type=int, default=1000)
    parser.add_argument("--share", type=float, default=0.5, help="probability per 256 KiB")
    options = parser.parse_args()
    began, flipped, jobs, unnoticed, named, copies = time.monotonic(), 0, 0, 0, 0, 0
    while flipped < options.bits:
        with tempfile.TemporaryDirectory(prefix="at-") as folder:
            bits, false, different, there = one_job(Path(folder), options.share, jobs)
        jobs, flipped, copies = jobs + 1, flipped + bits, copies + there
        named, unnoticed = named + different, unnoticed + max(0, false - different)
    print(f"| {flipped} | {jobs} | {copies} | {named} | {unnoticed} | {time.monotonic() - began:.0f} |")


def one_job(folder: Path, share: float, seed: int) -> tuple[int, int, int, int]:
    """Run a job. Return the flipped bits, the false copies, the copies that were named, and all copies."""
    for name in ("home", "run", "drive"):
        (folder / name).mkdir(mode=0o700)
    os.environ.update(HOME=str(folder / "home"), XDG_RUNTIME_DIR=str(folder / "run"))
    library = SmallLibrary(folder / "media", fingerprints=True)
    contents = {}
    for number in range(PHOTOS):
        name = f"IMG_{number:04}.JPG"
        contents[name] = some_bytes((seed, number), 64) + MARK * (SIZE // len(MARK))
        library.add(name, contents[name])
    with BackgroundUsbmuxd(str(folder / "usbmuxd")) as usbmux:
        phone = SimulatedPhone(Facts(udid_for("flipped bits")), library.media, tls=False)
        usbmux.pair(phone)
        usbmux.attach(phone)
        with flipping_cable(str(folder / "usbmuxd"), folder / "cable", share=share, seed=seed) as cable:
            os.environ["USBMUXD_SOCKET_ADDRESS"] = str(folder / "cable")
            status = asyncio.run(run_here(JobSpec(str(folder / "drive")), Timing(), folder / "job"))
    files = [file for asset in archived(folder / "drive").values() for file in asset.files]
    false = sum((folder / "drive" / file.path).read_bytes() != contents[file.name] for file in files)
    assert status.census is not None
    return cable.flipped, false, status.census.originals.differs, len(files)


if __name__ == "__main__":
    main()
