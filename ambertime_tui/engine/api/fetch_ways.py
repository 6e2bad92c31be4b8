"""Descriptions of the ways to have iOS download originals, as a front end shows them before a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.phone.originals import ByHand, DownloadMethod, KeepOriginals, Shortcut


@dataclass(frozen=True, slots=True)
class FetchWayText:
    """What a user should know before choosing a way."""

    name: str
    needs: str
    does: str


def _words(name: str, way: DownloadMethod) -> FetchWayText:
    return FetchWayText(name, way.needs, way.does)


EXPLAINED: Mapping[FetchWay, FetchWayText] = {
    FetchWay.KEEP_ORIGINALS: _words("Download and Keep Originals", KeepOriginals()),
    FetchWay.SHORTCUT: _words("Shortcut, by scanning codes", Shortcut()),
    FetchWay.BY_HAND: _words("By hand, in Photos", ByHand()),
}
