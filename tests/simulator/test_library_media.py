"""Media files of a generated library are valid, dated as in the database, unique and reproducible."""

from __future__ import annotations

import io
import plistlib
import struct
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from ambertime_tui.simulator.library import (
    LibraryRecipe,
    MadeAsset,
    MadeLibrary,
    MadeResource,
    Mix,
    Sizes,
    make_library,
)
from tests.simulator.library_readers import (
    OFFSET_TIME_ORIGINAL,
    box,
    boxes,
    capture_of,
    copied_database,
    exif_of,
    heic_items,
    tree_of,
)

FROM_1904_TO_1970 = 2_082_844_800
ORIGINAL_OF_A_PHOTO = ("photo", "alternate_photo")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A library with some assets of every kind."""
    return make_library(tmp_path_factory.mktemp("made"), LibraryRecipe(assets=400, seed=3))


def files(library: MadeLibrary, *extensions: str) -> list[tuple[MadeAsset, MadeResource, bytes]]:
    """Return the files with these extensions that are on the phone."""
    found = [
        (asset, resource, (library.media / resource.path).read_bytes())
        for asset in library.assets
        for resource in asset.resources
        if resource.present and resource.name.lower().endswith(extensions)
    ]
    assert found
    return found


def test_every_jpeg_and_png_opens(library: MadeLibrary) -> None:
    for _, resource, data in files(library, ".jpg", ".png"):
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.format == ("PNG" if resource.name.endswith("PNG") else "JPEG")


def test_a_heic_has_its_picture_and_its_exif_where_its_boxes_say(library: MadeLibrary) -> None:
    for _, _, data in files(library, ".heic"):
        assert data[4:12] == b"ftypheic"
        assert [b.kind for b in boxes(data)] == ["ftyp", "meta", "mdat"]
        offset, length = heic_items(data)["jpeg"]
        with Image.open(io.BytesIO(data[offset : offset + length])) as picture:
            picture.load()
        assert offset >= boxes(data)[2].start


def test_a_movie_has_its_creation_time_its_duration_and_a_frame_that_opens(library: MadeLibrary) -> None:
    for asset, resource, data in files(library, ".mov", ".mp4"):
        assert [b.kind for b in boxes(data)] == ["ftyp", "moov", "mdat"]
        header = box(data, "moov/mvhd")
        created, _, timescale, duration = struct.unpack_from(">IIII", data, header.start + 4)
        if not asset.undated and asset.created is not None:
            assert created - FROM_1904_TO_1970 == int(asset.created)
        if resource.role == "video":
            assert duration / timescale == pytest.approx(asset.duration, abs=0.002)
        chunk = box(data, "moov/trak/mdia/minf/stbl/stco")
        (frame,) = struct.unpack_from(">I", data, chunk.start + 8)
        with Image.open(io.BytesIO(data[frame:])) as picture:
            picture.load()


def test_the_two_halves_of_a_live_photo_name_each_other(library: MadeLibrary) -> None:
    for asset, resource, data in files(library, ".mov"):
        if resource.role == "paired_video":
            assert asset.uuid.encode() in data[: box(data, "moov").end]
            assert resource.name.rpartition(".")[0] == asset.resource("photo").name.rpartition(".")[0]


def test_a_raw_is_a_tiff_whose_strip_ends_with_the_file(library: MadeLibrary) -> None:
    for _, _, data in files(library, ".dng"):
        (count,) = struct.unpack_from(">H", data, 8)
        values = {
            tag: value
            for tag, kind, length, value in struct.iter_unpack(">HHII", data[10 : 10 + 12 * count])
            if kind == 4 and length == 1
        }
        assert values[0x0111] + values[0x0117] == len(data)


def test_adjustments_are_property_lists(library: MadeLibrary) -> None:
    for asset, resource, data in files(library, ".aae", ".plist"):
        plist = plistlib.loads(data)
        slow = asset.variant == "slow_mo" and resource.role == "edit_adjustments"
        assert plist["adjustmentFormatIdentifier"] == ("com.apple.video.slomo" if slow else "com.apple.photo")


def test_exif_has_the_instant_and_the_zone_in_the_database(library: MadeLibrary) -> None:
    checked = 0
    for asset, resource, data in files(library, ".jpg", ".png", ".heic", ".dng"):
        if resource.role not in ORIGINAL_OF_A_PHOTO:
            continue
        exif = exif_of(data)
        captured = capture_of(exif)
        if asset.undated or asset.created is None:
            assert captured is None
            continue
        assert captured is not None
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=asset.created)
        if resource.role == "alternate_photo" or asset.variant == "raw":
            # A DNG's first directory has no time zone, only the wall-clock time.
            instant = instant.replace(microsecond=0) + timedelta(seconds=asset.zone_offset or 0)
        assert abs(captured - instant) < timedelta(milliseconds=1)
        if OFFSET_TIME_ORIGINAL in exif:
            assert captured.utcoffset() == timedelta(seconds=asset.zone_offset or 0)
        checked += 1
    assert checked > 150


def test_sizes_in_the_database_are_those_of_the_files(library: MadeLibrary, tmp_path: Path) -> None:
    kinds = {0: "photo", 1: "video", 3: "paired_video", 4: "alternate_photo", 5: "adjustment_data"}
    with copied_database(library, tmp_path) as database:
        sizes = {
            (row["ZUUID"], kinds[row["ZRESOURCETYPE"]]): row["ZDATALENGTH"]
            for row in database.execute(
                "SELECT ZUUID, ZRESOURCETYPE, ZDATALENGTH FROM ZINTERNALRESOURCE r"
                " JOIN ZASSET a ON a.Z_PK = r.ZASSET"
                " WHERE ZDATASTORECLASSID = 0 AND ZVERSION = 0 AND ZRECIPEID = 0"
            )
        }
    for asset in library.own():
        for resource in asset.originals:
            assert sizes[(asset.uuid, resource.role)] == resource.size
            if resource.present:
                assert (library.media / resource.path).stat().st_size == resource.size


def test_contents_match_and_only_duplicates_are_equal(library: MadeLibrary) -> None:
    digests: Counter[str] = Counter()
    keys: dict[str, set[str]] = {}
    for asset in library.assets:
        for resource in asset.resources:
            digest = library.content(asset, resource).sha256()
            if resource.present:
                assert sha256((library.media / resource.path).read_bytes()).hexdigest() == digest
            digests[digest] += 1
            keys.setdefault(digest, set()).add(asset.content_key)
    assert all(len(found) == 1 for found in keys.values())
    assert sum(count - 1 for count in digests.values()) == 1


def test_files_are_as_old_as_their_captures(library: MadeLibrary) -> None:
    for asset in library.assets:
        main = asset.resources[0]
        if main.present and not asset.undated and asset.created is not None:
            assert (library.media / main.path).stat().st_mtime == pytest.approx(asset.created, abs=0.001)


def test_the_same_recipe_makes_the_same_tree_and_the_same_rows(library: MadeLibrary, tmp_path: Path) -> None:
    again = make_library(tmp_path / "again", library.recipe)
    assert (again.assets, again.albums) == (library.assets, library.albums)
    first, second = tree_of(library.media), tree_of(again.media)
    assert first.keys() == second.keys()
    for path in first:
        if "Photos.sqlite" not in path:
            assert (library.media / path).read_bytes() == (again.media / path).read_bytes(), path
    with (
        copied_database(library, tmp_path / "one") as one,
        copied_database(again, tmp_path / "two") as two,
    ):
        assert list(one.iterdump()) == list(two.iterdump())


def test_another_seed_makes_another_library(library: MadeLibrary, tmp_path: Path) -> None:
    other = make_library(tmp_path, LibraryRecipe(assets=400, seed=4, media=False))
    assert not {a.uuid for a in other.assets} & {a.uuid for a in library.assets}


def test_a_saved_library_can_be_loaded(library: MadeLibrary) -> None:
    assert MadeLibrary.load(library.folder) == library
    assert not (library.media / "truth.json").exists()


@pytest.mark.parametrize("sizes", [Sizes.REAL, Sizes.SPARSE])
def test_sparse_files_have_real_sizes_but_use_little_space(sizes: Sizes, tmp_path: Path) -> None:
    mix = Mix(video=0.1, live=0.2)
    made = make_library(tmp_path, LibraryRecipe(assets=20, sizes=sizes, icloud_share=0, mix=mix))
    photos = [r for a in made.own() for r in a.originals if r.role == "photo" and not r.name.endswith("DNG")]
    assert photos
    assert all(200_000 <= r.size <= 3_100_000 for r in photos)
    stored = 0
    for asset in made.assets:
        for resource in asset.resources:
            if resource.present:
                status = (made.media / resource.path).stat()
                assert status.st_size == resource.size
                stored += status.st_blocks * 512
                content = made.content(asset, resource)
                assert sha256((made.media / resource.path).read_bytes()).hexdigest() == content.sha256()
    total = sum(r.size for a in made.assets for r in a.resources if r.present)
    assert stored < total / 10 if sizes is Sizes.SPARSE else stored >= total
