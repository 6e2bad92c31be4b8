"""The cost of never following a link below a target: `python -m benchmarks.confined_paths [--files 2000]`.

For each file: create a part, write 4 KiB, rename it, look at it, and open it for reading, with paths as they
are and with each part of a path opened without following links. In CPU time, because the machine is shared.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from ambertime_tui.drive.volume.root_folder import RootFolder
from ambertime_tui.drive.volume.system_calls import SystemCalls

DATA = bytes(4096)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--scratch", type=Path, default=None, help="where to write; a RAM disk is fastest")
    options = parser.parse_args()
    plain: list[float] = []
    confined: list[float] = []
    for _ in range(options.rounds):
        for results, confine in ((plain, False), (confined, True)):
            with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
                results.append(_microseconds(Path(folder), options.files, confine=confine))
    print("| paths | µs of CPU time per file | range |\n|---|---|---|")
    for name, results in (("as they are", plain), ("confined", confined)):
        print(f"| {name} | {statistics.median(results):.0f} | {min(results):.0f}-{max(results):.0f} |")
    extra = [after - before for before, after in zip(plain, confined, strict=True)]
    print(f"| difference | {statistics.median(extra):.0f} | {min(extra):.0f}-{max(extra):.0f} |")


def _microseconds(root: Path, files: int, *, confine: bool) -> float:
    month = root / "Photos/2024-07"
    month.mkdir(parents=True)
    calls = SystemCalls()
    with RootFolder(root) as target:
        if confine:
            calls.confine(target)
        began = time.process_time()
        for number in range(files):
            part, final = month / f".IMG_{number:05}.HEIC.part", month / f"IMG_{number:05}.HEIC"
            fd = calls.create(part)
            calls.write(fd, DATA)
            calls.close(fd)
            calls.rename_noreplace(part, final)
            calls.stat(final)
            calls.close(calls.open_read(final))
        return (time.process_time() - began) / files * 1e6


if __name__ == "__main__":
    main()
