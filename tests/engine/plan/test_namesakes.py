"""Names on the drive depend neither on the copy order nor on the selection."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.writing.naming import place_key
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.plan.namesakes import Namesakes
from ambertime_tui.engine.plan.rules import PlanBuilder
from ambertime_tui.library.model import Asset
from tests.drive.archive_helpers import JULY, asset, copied, drive_at, traits

NAMES = st.sampled_from(["IMG_0001.HEIC", "img_0001.JPG", "IMG_0002.HEIC", "Straße.HEIC", "STRASSE.MOV"])
ALIKE = st.lists(
    st.builds(
        lambda name, created: (name, created),
        NAMES,
        st.sampled_from([None, JULY, JULY + 1, JULY + 40 * 86400]),
    ),
    max_size=8,
).map(lambda made: [asset(n, name=name, created=created) for n, (name, created) in enumerate(made)])


def by_traits(of: Asset) -> str:
    return place_key(of, traits())


def captured(of: Asset) -> float:
    return float("inf") if of.created is None else of.created


@given(ALIKE, st.randoms(use_true_random=False))
def test_the_first_by_capture_has_the_name_in_whatever_order_the_library_has_them(
    assets: list[Asset], chance: object
) -> None:
    def later(library: list[Asset]) -> set[str]:
        namesakes = Namesakes(by_traits)
        for one in library:
            namesakes.add(one)
        return {
            library[number].uuid for number in namesakes.later(library, [captured(one) for one in library])
        }

    shuffled = assets.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    found = later(assets)
    assert found == later(shuffled)
    keys = {by_traits(one) for one in assets}
    firsts = [one for one in assets if one.uuid not in found]
    assert len(firsts) == len(keys), "exactly one asset keeps the name"
    for first in firsts:
        rivals = [one for one in assets if by_traits(one) == by_traits(first)]
        assert first is min(rivals, key=lambda a: (a.created is None, a.created or 0.0, a.uuid))


def test_copied_in_any_order_each_asset_gets_the_same_name(tmp_path: Path) -> None:
    library = [asset(n, created=JULY + n) for n in (3, 1, 2)]
    builder = PlanBuilder(Selection(), place_key=by_traits)
    for one in library:
        builder.add(one)
    plan = builder.plan(library)
    found: list[dict[str, str]] = []
    for number, order in enumerate(([0, 1, 2], [2, 1, 0], [1, 0, 2])):
        root = tmp_path / str(number)
        root.mkdir()
        with open_target(root, drive=drive_at(root)) as target:
            names: dict[str, str] = {}
            for place in order:
                planned = plan[place]
                done = copied(target, planned.asset, namesake=planned.namesake)
                names[planned.asset.uuid] = done.files[0].name
            found.append(names)
    assert found[0] == found[1] == found[2]
    assert found[0][asset(1).uuid] == "IMG_0001.HEIC"
    assert found[0][asset(2).uuid] == "IMG_0001_00000002.HEIC"
