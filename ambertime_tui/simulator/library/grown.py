"""What Photos computes and remembers about each asset: most of the bytes of a database that grew over years.

Scene prints and classifications, faces with their prints and crops, computed and media analysis attributes,
text and subjects in pictures, metadata in iCloud, and the history of changes. AmberTime reads none of it.
The numbers follow real libraries (tests/simulator/test_library_grown.py compares them).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from random import Random

from ambertime_tui.simulator.library.core_data import TableWriter, Value, core_data_time
from ambertime_tui.simulator.library.history import write_history
from ambertime_tui.simulator.library.made_assets import MadeAsset
from ambertime_tui.simulator.library.schema import Schema


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GROUP = 12
"""Assets that are added together, as in one evening. Their analysis follows a few groups later."""
_LATER = 6
"""Groups between an asset and its analysis."""
_SCENES = (12, 26)
_FACES = (0, 0, 0, 0, 1, 1, 1, 2, 3)
_PRINT_BYTES = (800, 1700)
_FACE_PRINT_BYTES = (1300, 1600)
_CROP_BYTES = (14_000, 30_000)
_CROP_SHARE = 0.04
_METADATA_BYTES = (900, 1500)
_TEXT_BYTES = (200, 700)
_SUBJECT_BYTES = (500, 1400)
_SAVES = 5
"""Transactions in the history for each asset."""
_CHANGES = (2, 7)
"""Changes in each transaction."""
_SCORES = _words(
    "ZBEHAVIORALSCORE ZFAILURESCORE ZHARMONIOUSCOLORSCORE ZIMMERSIVENESSSCORE ZINTERACTIONSCORE "
    "ZINTERESTINGSUBJECTSCORE ZINTRUSIVEOBJECTPRESENCESCORE ZLIVELYCOLORSCORE ZLOWLIGHT ZNOISESCORE "
    "ZPLEASANTCAMERATILTSCORE ZPLEASANTCOMPOSITIONSCORE ZPLEASANTLIGHTINGSCORE ZPLEASANTPATTERNSCORE "
    "ZPLEASANTPERSPECTIVESCORE ZPLEASANTPOSTPROCESSINGSCORE ZPLEASANTREFLECTIONSSCORE "
    "ZPLEASANTSYMMETRYSCORE ZSHARPLYFOCUSEDSUBJECTSCORE ZTASTEFULLYBLURREDSCORE "
    "ZWELLCHOSENSUBJECTSCORE ZWELLFRAMEDSUBJECTSCORE ZWELLTIMEDSHOTSCORE"
)
_FACE_ZEROS = _words(
    "ZAGETYPE ZCLOUDLOCALSTATE ZCLOUDNAMESOURCE ZCLUSTERSEQUENCENUMBER ZCONFIRMEDFACECROPGENERATIONSTATE "
    "ZDETECTIONTYPE ZETHNICITYTYPE ZEYEMAKEUPTYPE ZEYESSTATE ZFACEEXPRESSIONTYPE ZFACIALHAIRTYPE ZGAZETYPE "
    "ZGENDERTYPE ZGLASSESTYPE ZHAIRCOLORTYPE ZHAIRTYPE ZHASFACEMASK ZHASSMILE ZHEADGEARTYPE ZHIDDEN "
    "ZISINTRASH ZISLEFTEYECLOSED ZISRIGHTEYECLOSED ZLIPMAKEUPTYPE ZMANUAL ZNAMESOURCE ZPOSETYPE "
    "ZSKINTONETYPE ZSMILETYPE ZTRAININGTYPE ZVIPMODELTYPE"
)


class GrownRows:
    """Adds what Photos computes about assets, a few groups after the assets themselves.

    Some assets are analysed a second time, as after an update of iOS. Pages of different tables therefore
    alternate, and pages of deleted rows are reused.
    """

    def __init__(self, connection: sqlite3.Connection, schema: Schema, seed: int, total: int) -> None:
        """Prepare.

        Args:
            connection: A connection with an open transaction whenever rows are added.
            schema: The schema of the database.
            seed: The seed of the library.
            total: The number of its assets.
        """
        self._connection = connection
        self._schema = schema
        self._rng = Random(f"{seed}:grown")
        self._total = total
        self._waiting: list[list[tuple[MadeAsset, int]]] = []
        self._done: list[tuple[MadeAsset, int]] = []
        self._writers: dict[str, TableWriter] = {}

    def add(self, group: Sequence[MadeAsset], keys: Mapping[str, int]) -> None:
        """Add the history of a group of new assets, and the analysis of an earlier group."""
        numbered = [(asset, keys[asset.uuid]) for asset in group]
        self._write_history(numbered)
        self._waiting.append(numbered)
        if len(self._waiting) > _LATER:
            self._analyse(self._waiting.pop(0))
        if len(self._done) > GROUP * 16 and self._rng.random() < 0.2:
            self._analyse_again()

    def finish(self) -> None:
        """Add the analysis of the last groups."""
        while self._waiting:
            self._analyse(self._waiting.pop(0))

    def _table(self, name: str, entity: str) -> TableWriter | None:
        """Return the writer of a table; None if this iOS version lacks it."""
        if name not in self._schema.columns:
            return None
        if name not in self._writers:
            self._writers[name] = TableWriter(self._connection, self._schema, name, entity)
            last = self._connection.execute(f"SELECT coalesce(max(Z_PK), 0) FROM {name}").fetchone()[0]
            self._writers[name].last_key = last
        return self._writers[name]

    def _row(self, name: str, entity: str, row: Mapping[str, Value]) -> int:
        table = self._table(name, entity)
        return 0 if table is None else table.add(row)

    def _blob(self, sizes: tuple[int, int]) -> bytes:
        return self._rng.randbytes(self._rng.randint(*sizes))

    def _analyse(self, group: Sequence[tuple[MadeAsset, int]]) -> None:
        for asset, key in group:
            self._add_scenes(key)
            self._add_attributes(asset, key)
            if asset.kind == "photo":
                self._add_faces(asset, key)
        for writer in self._writers.values():
            writer.finish()
        self._done += group

    def _analyse_again(self) -> None:
        """Replace the scenes of a few assets."""
        for _, key in self._rng.sample(self._done, GROUP):
            attributes = self._attributes_of(key)
            self._connection.execute(
                "DELETE FROM ZSCENECLASSIFICATION WHERE ZASSETATTRIBUTES = ?", (attributes,)
            )
            self._connection.execute(
                "DELETE FROM ZSCENEPRINT WHERE ZADDITIONALASSETATTRIBUTES = ?", (attributes,)
            )
            self._add_scenes(key)
        for writer in self._writers.values():
            writer.finish()

    def _attributes_of(self, key: int) -> int:
        return self._total + 1 - key

    def _add_scenes(self, key: int) -> None:
        attributes, rng = self._attributes_of(key), self._rng
        self._row(
            "ZSCENEPRINT",
            "Sceneprint",
            {"ZADDITIONALASSETATTRIBUTES": attributes, "ZDATA": self._blob(_PRINT_BYTES)},
        )
        for _ in range(rng.randint(*_SCENES)):
            self._row(
                "ZSCENECLASSIFICATION",
                "SceneClassification",
                {
                    "ZASSETATTRIBUTES": attributes,
                    "ZSCENEIDENTIFIER": rng.randint(1, 2_147_483_647),
                    "ZCONFIDENCE": rng.random(),
                    "ZCLASSIFICATIONTYPE": 0,
                    "ZPACKEDBOUNDINGBOXRECT": 0,
                },
            )

    def _add_attributes(self, asset: MadeAsset, key: int) -> None:
        rng = self._rng
        self._row(
            "ZCOMPUTEDASSETATTRIBUTES",
            "ComputedAssetAttributes",
            {"ZASSET": key, **{name: rng.random() for name in _SCORES}},
        )
        analysis = self._row(
            "ZMEDIAANALYSISASSETATTRIBUTES",
            "MediaAnalysisAssetAttributes",
            {
                "ZASSET": key,
                "ZMEDIAANALYSISVERSION": 85,
                "ZMEDIAANALYSISTIMESTAMP": core_data_time(asset.added) + 3600,
                "ZFACECOUNT": 0,
                "ZACTIVITYSCORE": rng.random(),
                "ZAUDIOSCORE": rng.random(),
                "ZBLURRINESSSCORE": rng.random(),
                "ZEXPOSURESCORE": rng.random(),
                "ZWALLPAPERSCORE": rng.random(),
            },
        )
        self._row(
            "ZEXTENDEDATTRIBUTES",
            "ExtendedAttributes",
            {
                "ZASSET": key,
                "ZISO": rng.randint(32, 3200),
                "ZAPERTURE": 1.78,
                "ZFOCALLENGTH": 6.86,
                "ZSHUTTERSPEED": rng.random(),
                "ZCAMERAMAKE": "Apple",
                "ZCAMERAMODEL": "iPhone 15 Pro",
                "ZLENSMODEL": "iPhone 15 Pro back triple camera 6.86mm f/1.78",
            },
        )
        if rng.random() < 0.7:
            self._row(
                "ZCHARACTERRECOGNITIONATTRIBUTES",
                "CharacterRecognitionAttributes",
                {
                    "ZMEDIAANALYSISASSETATTRIBUTES": analysis,
                    "ZALGORITHMVERSION": 9,
                    "ZCHARACTERRECOGNITIONDATA": self._blob(_TEXT_BYTES),
                },
            )
            self._row(
                "ZVISUALSEARCHATTRIBUTES",
                "VisualSearchAttributes",
                {
                    "ZMEDIAANALYSISASSETATTRIBUTES": analysis,
                    "ZALGORITHMVERSION": 65,
                    "ZVISUALSEARCHDATA": self._blob(_SUBJECT_BYTES),
                },
            )
        if asset.uploaded:
            self._row(
                "ZCLOUDMASTERMEDIAMETADATA",
                "CloudMasterMediaMetadata",
                {
                    "ZADDITIONALASSETATTRIBUTES": self._attributes_of(key),
                    "ZDATA": self._blob(_METADATA_BYTES),
                },
            )

    def _add_faces(self, asset: MadeAsset, key: int) -> None:
        rng = self._rng
        for number in range(rng.choice(_FACES)):
            face = self._row(
                "ZDETECTEDFACE",
                "DetectedFace",
                {
                    "ZASSET": key,
                    "ZASSETFORFACE": key,
                    "ZUUID": f"{asset.uuid[:-4]}F{number:03X}",
                    "ZASSETVISIBLE": 1,
                    "ZFACEALGORITHMVERSION": 12,
                    "ZCENTERX": rng.random(),
                    "ZCENTERY": rng.random(),
                    "ZSIZE": rng.random() / 4,
                    "ZQUALITY": rng.random(),
                    "ZSOURCEWIDTH": asset.width,
                    "ZSOURCEHEIGHT": asset.height,
                    **dict.fromkeys(_FACE_ZEROS, 0),
                },
            )
            self._row(
                "ZDETECTEDFACEPRINT",
                "DetectedFaceprint",
                {"ZFACE": face, "ZFACEPRINTVERSION": 12, "ZDATA": self._blob(_FACE_PRINT_BYTES)},
            )
            if rng.random() < _CROP_SHARE:
                self._row(
                    "ZFACECROP",
                    "FaceCrop",
                    {
                        "ZFACE": face,
                        "ZASSET": key,
                        "ZUUID": f"{asset.uuid[:-4]}C{number:03X}",
                        "ZSTATE": 1,
                        "ZTYPE": 1,
                        "ZRESOURCEDATA": self._blob(_CROP_BYTES),
                    },
                )

    def _write_history(self, group: Sequence[tuple[MadeAsset, int]]) -> None:
        """Add transactions that changed these assets, and some earlier ones."""
        known = [key for _, key in group]
        for asset, _ in group:
            for _ in range(_SAVES):
                changed = [self._rng.choice(known) for _ in range(self._rng.randint(*_CHANGES))]
                write_history(self._connection, self._schema, changed, core_data_time(asset.added))
