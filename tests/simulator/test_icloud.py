"""iCloud on the simulated iPhone: what is downloaded when, on a clock that the tests set."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.control import ControlClient, ControlError, ControlServer
from ambertime_tui.simulator.icloud import ICloud
from ambertime_tui.simulator.icloud_commands import icloud_commands
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, LiveLibrary, MadeAsset, MadeLibrary, make_library
from ambertime_tui.simulator.shortcut import ShortcutError, opened, shortcut_run
from tests.conftest import PhoneFactory


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    """Sixty assets. Half of the user's own are only in iCloud."""
    return make_library(tmp_path / "phone", LibraryRecipe(assets=60, seed=5, icloud_share=0.5))


@pytest.fixture
def icloud(made: MadeLibrary) -> Iterator[ICloud]:
    """The phone's iCloud, at second 0."""
    cloud = ICloud(made)
    yield cloud
    cloud.close()


def away(made: MadeLibrary) -> list[MadeAsset]:
    """Return the assets whose originals are all in iCloud."""
    return [asset for asset in made.own() if asset.availability == "icloud"]


def is_here(made: MadeLibrary, asset: MadeAsset) -> bool:
    """Whether all originals are on the phone, byte for byte."""
    return all(
        (made.media / r.path).is_file()
        and (made.media / r.path).read_bytes() == made.content(asset, r).bytes()
        for r in asset.originals
    )


def pass_time(icloud: ICloud, until: float) -> None:
    """Advance to a time, whatever is due until then."""
    while icloud.advance(until):
        pass


def test_nothing_is_downloaded_without_a_request(made: MadeLibrary, icloud: ICloud) -> None:
    pass_time(icloud, 1e6)
    assert icloud.arrivals == 0


def test_keep_originals_downloads_everything_and_updates_the_database(
    made: MadeLibrary, icloud: ICloud
) -> None:
    icloud.set_keep_originals(True)
    pass_time(icloud, 1.0)
    assert all(is_here(made, asset) for asset in away(made))
    assert icloud.waiting == 0
    with LiveLibrary(made) as live:
        for asset in away(made):
            assert set(live.where(asset.uuid).values()) == {(True, True)}


def test_a_reader_during_downloads_sees_a_consistent_database(made: MadeLibrary, icloud: ICloud) -> None:
    reader = sqlite3.connect(f"file:{made.database}?mode=ro", uri=True, isolation_level=None)
    local = "SELECT count(*) FROM ZINTERNALRESOURCE WHERE ZLOCALAVAILABILITY = 1"
    reader.execute("BEGIN")
    before = reader.execute(local).fetchone()
    icloud.set_keep_originals(True)
    pass_time(icloud, 1.0)
    assert reader.execute(local).fetchone() == before
    reader.execute("COMMIT")
    assert reader.execute(local).fetchone() > before
    reader.close()
    assert made.database.with_name("Photos.sqlite-wal").stat().st_size > 0


def test_a_download_takes_latency_plus_size_over_bandwidth(made: MadeLibrary, icloud: ICloud) -> None:
    asset = next(a for a in away(made) if len(a.originals) == 1)
    icloud.settings = ICloudSettings(bytes_per_second=1000.0, latency=5.0)
    icloud.ask([asset])
    takes = 5.0 + asset.originals[0].size / 1000.0
    pass_time(icloud, takes - 0.01)
    assert icloud.arrivals == 0
    pass_time(icloud, takes + 0.01)
    assert icloud.arrivals == 1


def test_downloads_pause_without_a_network_and_resume_afterwards(made: MadeLibrary, icloud: ICloud) -> None:
    icloud.settings = ICloudSettings(offline=((0.0, 100.0),))
    icloud.set_keep_originals(True)
    pass_time(icloud, 99.0)
    assert icloud.arrivals == 0
    pass_time(icloud, 101.0)
    assert all(is_here(made, asset) for asset in away(made))


def test_the_network_can_be_switched_off_by_hand(made: MadeLibrary, icloud: ICloud) -> None:
    icloud.settings = ICloudSettings(online=False)
    icloud.set_keep_originals(True)
    pass_time(icloud, 50.0)
    assert icloud.arrivals == 0
    icloud.settings = ICloudSettings()
    pass_time(icloud, 51.0)
    assert all(is_here(made, asset) for asset in away(made))


def test_a_download_that_fails_once_succeeds_on_the_second_try(made: MadeLibrary, icloud: ICloud) -> None:
    once, never = away(made)[:2]
    icloud.fail([once.uuid], 1)
    icloud.fail([never.uuid])
    icloud.set_keep_originals(True)
    pass_time(icloud, 0.5)
    assert not is_here(made, once)
    pass_time(icloud, 30.0)
    assert is_here(made, once)
    assert not is_here(made, never)
    assert icloud.failed > 2


def test_a_shortcut_does_not_retry(made: MadeLibrary, icloud: ICloud) -> None:
    asset = next(a for a in away(made) if not a.undated and not a.hidden and not a.trashed)
    icloud.fail([asset.uuid], 1)
    run = shortcut_run("1900-01-01x100000")
    icloud.run_shortcut(run, "Europe/Berlin")
    pass_time(icloud, 100.0)
    assert not is_here(made, asset)
    icloud.run_shortcut(run, "Europe/Berlin")
    pass_time(icloud, 200.0)
    assert is_here(made, asset)


def test_a_shortcut_takes_a_number_of_visible_items_from_a_day_on(made: MadeLibrary, icloud: ICloud) -> None:
    visible = [a for a in made.own() if a.created and not (a.undated or a.hidden or a.trashed)]
    visible.sort(key=lambda a: a.created or 0.0)
    first = datetime.fromtimestamp(visible[10].created or 0.0, UTC).date()
    later = [a for a in visible if datetime.fromtimestamp(a.created or 0.0, UTC).date() >= first]
    icloud.run_shortcut(shortcut_run(f"{first}x40"), "UTC")
    pass_time(icloud, 1.0)
    here = {a.uuid for a in away(made) if any((made.media / r.path).exists() for r in a.originals)}
    before = {a.uuid for a in away(made) if a.availability == "partial"}
    assert here - before
    assert here - before <= {a.uuid for a in later[:40]}


def test_a_shortcut_brings_what_its_actions_bring(made: MadeLibrary, icloud: ICloud) -> None:
    gone = [a for a in away(made) if not (a.undated or a.hidden or a.trashed) and a.availability == "icloud"]
    icloud.run_shortcut(shortcut_run("1900-01-01x100000"), "UTC")
    pass_time(icloud, 1.0)
    for asset in gone:
        there = {r.role for r in asset.originals if (made.media / r.path).exists()}
        photo = {"alternate_photo"} if asset.raw_pair else {"photo", "video", "paired_video"}
        assert there == (set() if asset.edited else {r.role for r in asset.originals} & photo), asset


def test_a_full_phone_offloads_the_oldest_downloads(made: MadeLibrary, icloud: ICloud) -> None:
    largest = max(sum(r.size for r in a.originals) for a in away(made))
    icloud.settings = ICloudSettings(storage=2 * largest)
    icloud.ask(away(made))
    pass_time(icloud, 10.0)
    assert icloud.offloaded > 0
    here = [asset for asset in away(made) if is_here(made, asset)]
    assert 0 < sum(r.size for a in here for r in a.originals) <= 2 * largest


def test_a_recent_download_stays_for_a_while_even_on_a_full_phone(made: MadeLibrary, icloud: ICloud) -> None:
    largest = max(sum(r.size for r in a.originals) for a in away(made))
    icloud.settings = ICloudSettings(storage=2 * largest, kept_for=60.0)
    icloud.ask(away(made))
    pass_time(icloud, 59.0)
    first = icloud.arrivals
    assert 0 < first < icloud.waiting
    assert icloud.offloaded == 0
    pass_time(icloud, 61.0)
    assert icloud.arrivals > first


def test_photo_and_video_of_a_live_photo_can_arrive_separately(made: MadeLibrary, icloud: ICloud) -> None:
    live = next(asset for asset in away(made) if asset.live_photo)
    icloud.settings = ICloudSettings(halves_apart=10.0)
    icloud.ask([live])
    pass_time(icloud, 5.0)
    photo, video, *_ = (made.media / r.path for r in live.originals)
    assert photo.exists()
    assert not video.exists()
    pass_time(icloud, 11.0)
    assert is_here(made, live)


@pytest.mark.parametrize("grows", [True, False])
def test_a_file_grows_at_its_path_or_appears_complete(made: MadeLibrary, icloud: ICloud, grows: bool) -> None:
    asset = next(a for a in away(made) if len(a.originals) == 1)
    size = asset.originals[0].size
    path = made.media / asset.originals[0].path
    icloud.settings = ICloudSettings(bytes_per_second=size / 10, grows_in_place=grows)
    icloud.ask([asset])
    pass_time(icloud, 5.0)
    seen = path.stat().st_size if path.exists() else None
    assert seen == (pytest.approx(size / 2, abs=2) if grows else None)
    pass_time(icloud, 11.0)
    assert is_here(made, asset)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "shortcuts://run-shortcut?name=Other&input=text&text=2019-01-01x20",
        "shortcuts://run-shortcut?name=AmberTime",
        "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019",
    ],
)
def test_the_camera_opens_only_our_shortcut(url: str) -> None:
    with pytest.raises(ShortcutError):
        opened(url)


def test_everything_can_be_done_over_the_control_socket(
    made: MadeLibrary, phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, short_tmp: Path
) -> None:
    phone = phone_factory(made.media)
    asset, other, stubborn = away(made)[:3]
    running = RunningICloud(phone, made)
    control = ControlServer(usbmux.usbmuxd, [phone], icloud_commands(lambda _: running))
    usbmux.run(control.start(short_tmp / "control"))
    with running, ControlClient(short_tmp / "control") as client:
        assert client.do("open_in_photos", uuids=[asset.uuid])["files"] == len(asset.originals)
        while client.do("icloud")["waiting"]:
            pass
        assert is_here(made, asset)
        client.do("offload", uuids=[asset.uuid])
        assert not is_here(made, asset)
        assert client.do("icloud", set={"online": False, "storage": 10**9})["settings"]["online"] is False
        client.do("icloud_fails", uuids=[stubborn.uuid])
        client.do("keep_originals", on=True)
        assert client.do("icloud")["keep_originals"] is True
        assert not is_here(made, other)
        client.do("icloud", set={"online": True, "offline": [[5000, 6000]]})
        while client.do("icloud")["arrivals"] < sum(len(a.originals) for a in away(made)[:2]):
            pass
        while not is_here(made, other):
            pass
        url = "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019-01-01x2"
        client.do("open_url", url=url)
        client.do("run_shortcut", text="2019-01-01x2")
        assert client.do("icloud")["shortcut_runs"] == ["2019-01-01x2"] * 2
        assert phone.facts.free_bytes < 10**9
        for command, arguments in (
            ("icloud", {"set": {"speed": 1}}),
            ("icloud", {"set": {"online": "no"}}),
            ("icloud", {"set": {"offline": [[1]]}}),
            ("keep_originals", {}),
            ("open_url", {"url": "https://example.com"}),
            ("open_in_photos", {"uuids": ["nobody"]}),
            ("icloud_fails", {"uuids": [], "times": -1}),
        ):
            with pytest.raises(ControlError):
                client.do(command, **arguments)
    usbmux.run(control.stop())
