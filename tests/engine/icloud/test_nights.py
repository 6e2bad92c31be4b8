"""A library that is mostly in iCloud, on a phone with little room, over several nights in compressed time.

This is the short form of `python -m benchmarks.nights`: mornings with the phone unplugged, the laptop closed,
the job stopped; Wi-Fi that disappears, failing downloads, originals that iOS offloads again.
"""

from __future__ import annotations

from pathlib import Path

from ambertime_tui.engine.api.spec import FetchWay
from benchmarks.nights import Setting, run


def test_everything_that_can_come_is_on_the_drive_and_the_rest_is_named(tmp_path: Path) -> None:
    setting = Setting(
        originals=100, way=FetchWay.SHORTCUT, nights=3, per_second=60.0, room=0.3, minutes=5.0, patience=120.0
    )
    scratch = tmp_path / "nights"
    scratch.mkdir()
    found = run(setting, scratch)
    assert found.missing == 0, "could come, and is not on the drive"
    assert found.unnamed == 0, "neither on the drive nor named"
    assert found.on_drive >= found.originals - found.named
    assert found.outcome == "left"
    assert found.named > 0
    assert found.nights >= 2
    assert found.hands >= found.counted_hands > 0, "a code that is scanned again counts once"
    assert found.expected_hands is not None
