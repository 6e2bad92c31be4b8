"""Plan and census: each asset gets one decision and is counted once, for any library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.volume.file_system import traits_of
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.job.census import Bucket, Ending, Endings, contradictions, list_left, take_census
from ambertime_tui.engine.job.closing import EDITS, edits_left
from ambertime_tui.engine.plan.drive_advice import drive_advice
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, Share, plan_of
from ambertime_tui.engine.plan.rules import EDIT_IN_ICLOUD, make_plan, room_needed
from ambertime_tui.library.model import Asset, Availability, Kind, Library, Resource, Role
from tests.engine.libraries import (
    SELECTIONS,
    capture_order,
    few,
    libraries,
    recorded_asset,
    recorded_file,
    recorded_in,
    records,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    library = draw(libraries())
    largest = draw(st.none() | st.integers(0, 10_000))
    return make_plan(library, draw(SELECTIONS), recorded_in(draw(records(library))), largest)


@st.composite
def endings(draw: st.DrawFn, plan: Plan) -> Endings:
    """Possible endings of a job: each asset it tried can end in any way."""
    tried = [p for p in plan if p.decision in (Decision.COPY, Decision.FETCH) and draw(st.booleans())]
    ways = st.sampled_from(
        [
            Ending(Bucket.COPIED),
            Ending(Bucket.FAILED, "unreadable", "It cannot be read."),
            Ending(Bucket.ICLOUD, "gave_up", "It did not come."),
        ]
    )
    ended = Endings(plan)
    for planned in tried:
        ended.set(planned.number, draw(ways))
    return ended


def photo(*resources: tuple[Role, int | None, Availability]) -> Asset:
    made = tuple(
        Resource(role, "DCIM/100APPLE", f"IMG_1.{role}", size, where) for role, size, where in resources
    )
    return Asset(
        "A", Kind.PHOTO, 1.7e9, 0, "DCIM/100APPLE", "IMG_1.HEIC", "IMG_1.HEIC", made, edited=len(made) > 1
    )


def planned_for(asset: Asset, known: Mapping[str, RecordedAsset] | None = None) -> PlannedAsset:
    (planned,) = make_plan(Library((asset,), None), Selection(), recorded_in(known or {}))
    return planned


def decision_of(asset: Asset, largest_file: int | None = None) -> Decision:
    return make_plan(Library((asset,), None), Selection(), largest_file=largest_file)[0].decision


@few
@given(libraries(), SELECTIONS, st.data())
def test_every_asset_of_the_library_has_exactly_one_fate(
    library: Library, selection: Selection, data: st.DataObject
) -> None:
    plan = make_plan(library, selection, recorded_in(data.draw(records(library))))
    assert [p.asset for p in plan] == list(library.assets)
    assert sum(plan.tally(decision).count for decision in Decision) == len(library.assets)


@few
@given(libraries(), SELECTIONS, st.data())
def test_only_what_is_selected_is_taken_and_all_of_it_is_accounted_for(
    library: Library, selection: Selection, data: st.DataObject
) -> None:
    for planned in make_plan(library, selection, recorded_in(data.draw(records(library)))):
        asset = planned.asset
        chosen = (
            asset.ownership.is_archived
            and asset.day in selection.range
            and (selection.hidden or not asset.hidden)
            and (selection.trashed or not asset.trashed)
        )
        assert chosen == (planned.decision is not Decision.EXCLUDED)
        if planned.decision is Decision.ALREADY:
            assert not planned.reason or (planned.reason in EDITS and selection.edits)
        elif planned.decision is not Decision.COPY:
            assert planned.reason
        if not selection.edits:
            assert all(resource.role.is_original for resource in planned.resources)


@few
@given(plans())
def test_a_copy_needs_nothing_that_is_not_on_the_phone(plan: Plan) -> None:
    for planned in plan.in_order(Decision.COPY):
        assert planned.resources
        assert {resource.availability for resource in planned.resources} == {Availability.LOCAL}


@few
@given(libraries(), SELECTIONS)
def test_what_was_copied_is_already_there_in_the_next_run(library: Library, selection: Selection) -> None:
    plan = make_plan(library, selection)
    known = {
        planned.asset.uuid: recorded_asset(
            planned.asset.uuid, tuple(recorded_file(r.role, r.size or 0) for r in planned.resources)
        )
        for planned in plan.in_order(Decision.COPY)
    }
    again = make_plan(library, selection, recorded_in(known))
    for planned in again:
        if planned.asset.uuid in known:
            assert planned.decision is Decision.ALREADY or planned.reason in ("in_part", "smaller", "missing")
            assert all(resource.availability is Availability.ICLOUD for resource in planned.resources)


@few
@given(plans(), st.data())
def test_the_census_counts_each_asset_once(plan: Plan, data: st.DataObject) -> None:
    ended = data.draw(endings(plan))
    census = take_census(plan, ended)
    assert census.holds
    assert census.library == len(plan)
    for bucket in Bucket:
        expected = [n for n in range(len(plan)) if ended.of(n).bucket is bucket]
        assert census.count(bucket) == len(expected)
    assert census.count("copied") == sum(ended.get(n) == Ending(Bucket.COPIED) for n in range(len(plan)))
    assert census.count("excluded") == plan.tally(Decision.EXCLUDED).count


@few
@given(plans(), st.data())
def test_what_is_left_is_exactly_what_is_selected_and_not_on_the_drive(
    plan: Plan, data: st.DataObject
) -> None:
    ended = data.draw(endings(plan))
    census = take_census(plan, ended)
    left = list_left(plan, ended)
    assert len(left) == census.count("icloud") + census.count("failed")
    assert len(left) == len(plan) - sum(census.count(b) for b in ("copied", "already", "excluded"))
    assert all(one.reason and one.sentence for one in left)


@few
@given(plans(), st.data())
def test_a_copy_that_the_record_does_not_know_is_a_contradiction(plan: Plan, data: st.DataObject) -> None:
    ended = data.draw(endings(plan))
    census = take_census(plan, ended)
    there = (Bucket.COPIED, Bucket.ALREADY)
    counted = {p.asset.uuid for p in plan if ended.of(p.number).bucket in there}
    assert contradictions(plan, ended, census, counted.intersection) == ()
    for uuid in sorted(counted)[:1]:
        found = contradictions(plan, ended, census, (counted - {uuid}).intersection)
        assert "1 items" in " ".join(found)


@few
@given(plans())
def test_a_census_that_does_not_add_up_is_a_contradiction(plan: Plan) -> None:
    nothing = Endings(plan)
    census = take_census(plan, nothing)
    assert contradictions(plan, nothing, replace(census, library=census.library + 1), everything)
    duplicates = plan_of((*plan, *plan[:1]))
    nothing = Endings(duplicates)
    wrong = contradictions(duplicates, nothing, take_census(duplicates, nothing), everything)
    assert bool(wrong) == bool(plan)


def everything(uuids: Sequence[str]) -> frozenset[str]:
    """A record that contains every requested asset."""
    return frozenset(uuids)


@few
@given(plans())
def test_a_plan_kept_in_columns_tells_what_was_planned(plan: Plan) -> None:
    again = plan_of(plan)
    assert list(again) == list(plan)
    assert [again[n] for n in range(len(again))] == list(plan)
    for number, planned in enumerate(plan):
        assert plan.number_of(planned.asset.uuid) == planned.number == number
        assert (plan.decision_of(number), plan.bytes_of(number)) == (planned.decision, planned.bytes)
        assert plan.reason_of(number) == (planned.reason, planned.sentence)
    assert plan.number_of("NOBODY") is None
    chosen = [p for p in plan if p.decision in (Decision.COPY, Decision.FETCH)]
    in_order = plan.in_order(Decision.COPY, Decision.FETCH)
    assert list(in_order) == sorted(chosen, key=capture_order)
    assert [plan.rank_of(p.number) for p in in_order] == sorted(plan.rank_of(p.number) for p in chosen)
    share = plan.share(Decision.COPY, Decision.FETCH)
    assert share.bytes == sum(p.bytes for p in chosen)
    assert share.files == sum(len(p.resources) for p in chosen)


@few
@given(plans())
def test_the_room_needed_is_never_less_than_the_files(plan: Plan) -> None:
    to_copy = plan.in_order(Decision.COPY)
    needed = room_needed(plan.share(Decision.COPY))
    assert needed >= sum(planned.bytes for planned in to_copy)
    assert (needed == 0) == (not to_copy)


def test_a_live_photo_is_copied_in_part_while_one_half_is_in_icloud() -> None:
    halves = photo((Role.PHOTO, 10, Availability.LOCAL), (Role.PAIRED_VIDEO, 20, Availability.ICLOUD))
    plan = make_plan(Library((halves,), None), Selection())
    assert (plan[0].decision, plan[0].resources, plan[0].bytes) == (
        Decision.COPY,
        halves.resources[:1],
        10,
    )
    later = plan.later(0)
    assert (later.decision, later.resources, later.bytes, later.joins) == (
        Decision.FETCH,
        halves.resources[1:],
        20,
        True,
    )
    assert (plan.in_part, plan.awaited) == (1, Share(1, 20, 1))
    known = {"A": recorded_asset("A", (recorded_file(Role.PHOTO, 10),))}
    again = planned_for(halves, known)
    assert (again.decision, again.reason, again.resources) == (
        Decision.FETCH,
        "in_part",
        halves.resources[1:],
    )


def test_an_edit_does_not_wait_for_its_original_in_icloud() -> None:
    asset = photo((Role.PHOTO, 10, Availability.ICLOUD), (Role.EDITED_PHOTO, 20, Availability.LOCAL))
    planned = planned_for(asset)
    assert planned.decision is Decision.COPY
    assert [resource.role for resource in planned.resources] == [Role.EDITED_PHOTO]
    assert [resource.role for resource in planned.awaits] == [Role.PHOTO]


def test_a_file_that_the_drive_cannot_hold_does_not_cost_the_other_originals() -> None:
    pair = photo((Role.PHOTO, 10, Availability.LOCAL), (Role.ALTERNATE_PHOTO, 4 << 30, Availability.LOCAL))
    (planned,) = make_plan(Library((pair,), None), Selection(), largest_file=(4 << 30) - 1)
    assert (planned.decision, planned.reason) == (Decision.COPY, "too_large_for_drive")
    assert planned.resources == pair.resources[:1]


def test_what_can_be_had_of_an_asset_is_taken_although_a_part_is_lost() -> None:
    asset = photo((Role.PHOTO, 10, Availability.LOCAL), (Role.ALTERNATE_PHOTO, 20, Availability.MISSING))
    planned = planned_for(asset)
    assert (planned.decision, planned.bytes) == (Decision.COPY, 10)


def test_an_edit_that_is_only_in_icloud_does_not_hold_up_its_original() -> None:
    asset = photo((Role.PHOTO, 10, Availability.LOCAL), (Role.EDITED_PHOTO, 20, Availability.ICLOUD))
    planned = planned_for(asset)
    assert [resource.role for resource in planned.resources] == [Role.PHOTO]
    assert planned.reason == EDIT_IN_ICLOUD


def test_an_edit_that_is_left_is_named_once_its_original_is_on_the_drive() -> None:
    asset = photo((Role.PHOTO, 10, Availability.LOCAL), (Role.EDITED_PHOTO, 20, Availability.ICLOUD))
    plan = make_plan(Library((asset,), None), Selection())
    endings = Endings(plan)
    assert list(edits_left(plan, endings)) == []
    endings.set(0, Ending(Bucket.COPIED))
    (left,) = edits_left(plan, endings)
    assert (left.uuid, left.reason) == (asset.uuid, EDIT_IN_ICLOUD)
    assert left.sentence.startswith("The original is on the drive; its edit is only in iCloud.")
    assert list(edits_left(make_plan(Library((asset,), None), Selection(edits=False)), endings)) == []


def test_a_file_that_the_drive_cannot_hold_is_refused_before_a_byte_is_copied() -> None:
    video = photo((Role.PHOTO, 4 << 30, Availability.LOCAL))
    assert decision_of(video, largest_file=(4 << 30) - 1) is Decision.CANNOT
    assert decision_of(video, largest_file=4 << 30) is Decision.COPY


def test_an_edit_that_the_drive_cannot_hold_does_not_cost_the_original() -> None:
    limit = (4 << 30) - 1
    video = photo((Role.VIDEO, 10, Availability.LOCAL), (Role.EDITED_VIDEO, 4 << 30, Availability.LOCAL))
    plan = make_plan(Library((video,), None), Selection(), largest_file=limit)
    assert [resource.role for resource in plan[0].resources] == [Role.VIDEO]
    (advice,) = drive_advice(plan, traits_of("vfat"))
    assert "FAT32: the edits of 1 video, such as " in advice
    known = {"A": recorded_asset("A", (recorded_file(Role.VIDEO, 10),))}
    again = make_plan(Library((video,), None), Selection(), recorded_in(known), limit)
    assert again[0].decision is Decision.ALREADY


def test_names_that_a_drive_spells_otherwise_are_told_before_a_byte_is_copied() -> None:
    asset = replace(photo((Role.PHOTO, 10, Availability.LOCAL)), original_filename="a?" + "x" * 300 + ".JPG")
    plan = make_plan(Library((asset,), None), Selection())
    otherwise, cut = drive_advice(plan, traits_of("exfat"))
    assert "cannot store (a?" in otherwise
    assert "shortens them" in cut


def test_a_photo_edited_again_is_taken_again_but_not_its_original() -> None:
    asset = photo((Role.PHOTO, 10, Availability.LOCAL), (Role.EDITED_PHOTO, 21, Availability.LOCAL))
    known = {"A": recorded_asset("A", (recorded_file(Role.PHOTO, 11), recorded_file(Role.EDITED_PHOTO, 20)))}
    planned = planned_for(asset, known)
    assert [resource.role for resource in planned.resources] == [Role.EDITED_PHOTO]


def test_a_file_found_damaged_is_taken_again() -> None:
    asset = photo((Role.PHOTO, 10, Availability.LOCAL))
    file = recorded_file(Role.PHOTO, 10)
    known = {"A": recorded_asset("A", (file,))}
    assert fate_of_all(asset, known, {}) is Decision.ALREADY
    assert fate_of_all(asset, known, {"A": (file,)}) is Decision.COPY


def fate_of_all(
    asset: Asset, known: Mapping[str, RecordedAsset], broken: Mapping[str, tuple[RecordedFile, ...]]
) -> Decision:
    plan = make_plan(Library((asset,), None), Selection(), recorded_in(known), None, broken)
    return plan[0].decision
