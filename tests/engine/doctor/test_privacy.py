"""Names, identifiers and places that are planted everywhere are in no report."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from pathlib import Path

from ambertime_tui.engine.api.doctor import Area, DoctorRequest
from ambertime_tui.engine.api.doctor_report import report_text
from ambertime_tui.engine.doctor.computer import Folders
from ambertime_tui.engine.doctor.examination import examine
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.facts import Facts
from ambertime_tui.simulator.library import MadeLibrary
from tests.conftest import PhoneFactory
from tests.drive.archive_helpers import PHONE, backup
from tests.engine.doctor.conftest import BRIEF, Found

NAME = "Annabellas Telefon"
UDID = "00008130-00A1B2C3D4E5F6A7"


def test_nothing_planted_is_in_the_report(
    doctor_library: MadeLibrary, phone_factory: PhoneFactory, tmp_path: Path, found: Found
) -> None:
    media = Path(shutil.copytree(doctor_library.media, tmp_path / "media-copy"))
    (media / "DCIM/100APPLE/Geheimbild.xyz").write_bytes(b"x")
    (media / "DCIM/100APPLE/Geheimbild.Geheimendung").write_bytes(b"x")
    phone = phone_factory(media, facts=Facts(UDID, name=NAME, free_bytes=5_000))
    target = tmp_path / "Annabellas Laufwerk"
    target.mkdir()
    backup(target)
    next((target / "Photos").rglob("*.HEIC")).unlink()
    folders = Folders(tmp_path / "run", tmp_path / "state", tmp_path / "data")
    request = DoctorRequest(target=str(target), long_seconds=0.3)
    asyncio.run(examine(request, folders, dict(os.environ), found.messages.append, Timing(), BRIEF))
    assert {one.area for one in found.findings} == set(Area)
    assert found.wrong
    text = report_text(found.findings)
    private = set(map(str, phone.facts.private_values().values())) - {"True"}
    private |= {NAME, "Annabella", UDID, PHONE, "Geheim", "IMG_", "DCIM/", str(tmp_path), "HEIC"}
    private |= {socket.gethostname(), phone.facts.wifi_address, phone.facts.time_zone, "Europe"}
    private |= {asset.uuid for asset in doctor_library.assets}
    assert sorted(word for word in private if word in text) == []
    sentences = "".join(one.sentence for one in found.findings)
    assert NAME in sentences, "the plant is seen, so that this test can fail"
