"""Try one way of asking for originals: ask iOS for a handful, and observe what arrives. Copies nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.engine.api.doctor import DoctorRequest
from ambertime_tui.engine.api.spec import FetchWay, TrialMode
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.api.trial import TrialResult
from ambertime_tui.engine.api.trial_memory import TrialMemory
from ambertime_tui.engine.doctor.findings import Reporter
from ambertime_tui.engine.doctor.library import LibrarySeen
from ambertime_tui.engine.doctor.observation import local_files
from ambertime_tui.engine.job.fetch_requests import methods
from ambertime_tui.engine.job.trial import Trial
from ambertime_tui.engine.plan.hands import reach_of
from ambertime_tui.engine.plan.trial import Candidate, sample
from ambertime_tui.engine.plan.way_abilities import OriginalKind, can_bring, kind_of
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Asset, Availability, Resource
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import MediaError
from ambertime_tui.phone.facts import PhoneFacts
from ambertime_tui.phone.originals import DownloadMethod, Wanted
from ambertime_tui.units import duration, plural

LOOK_EVERY = 2.0
"""Seconds between two looks at the phone's folders."""
NO_LIMIT_GIVEN = 600.0
"""Seconds to wait for arrivals at most, if the request does not say."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An original that the way can bring."""

    uuid: str
    resource: Resource


def report_known(report: Reporter, state: Path, facts: PhoneFacts, tried_now: FetchWay | None) -> None:
    """Report what earlier trials of this phone and its iOS have shown, but for the way that is tried now."""
    for known in TrialMemory(state).results(facts.udid):
        if known.ios_version == facts.ios_version and known.way is not tried_now:
            _report(report, known, earlier=True)


async def try_way(
    report: Reporter,
    way: FetchWay,
    media: MediaFolder,
    seen: LibrarySeen,
    facts: PhoneFacts,
    state: Path,
    request: DoctorRequest,
    timing: Timing,
) -> None:
    """Ask for a handful of originals, observe the arrivals, and keep what they have shown.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    assets = _in_icloud(way, seen)
    if not assets:
        report.note("trial", "No original that this way can download is only in iCloud. Nothing was tried.")
        return
    groups = sample(way, (_candidate(way, asset) for asset in assets.values()))
    asked = {uuid for group in groups for uuid in group}
    kinds = {uuid: _kinds(way, assets[uuid]) for uuid in asked}
    trial = Trial(way, groups, kinds, ios_version=facts.ios_version, mode=TrialMode.UNATTENDED, timing=timing)
    limit = (request.long_seconds or NO_LIMIT_GIVEN) / max(1, len(groups))
    method = methods(reach_of(seen.assets))[way]
    for group in groups or (tuple(assets),):
        wanted = [assets[uuid] for uuid in group]
        if not _ask(report, way, method, wanted, facts):
            report.note("trial", "This way cannot ask for any of the items in iCloud. Choose another.")
            return
        originals = _originals(way, wanted)
        await _observe(report, trial, media, seen, originals, len(group) if groups else 0, limit, timing)
    left = [asset for uuid, asset in assets.items() if uuid not in asked]
    trial.conclude(Tally(len(left), sum(map(_bytes, left))))
    if trial.result is not None:
        TrialMemory(state).remember(facts.udid, trial.result)
        _report(report, trial.result, earlier=False)


def _in_icloud(way: FetchWay, seen: LibrarySeen) -> dict[str, Asset]:
    """The user's own items with an original in iCloud that the way can bring, by uuid."""
    own = (asset for asset in seen.assets if asset.ownership.is_archived)
    return {asset.uuid: asset for asset in own if _away(way, asset)}


def _away(way: FetchWay, asset: Asset) -> list[Resource]:
    return [
        r
        for r in asset.originals
        if r.availability is Availability.ICLOUD and r.directory and can_bring(way, asset, r)
    ]


def _bytes(asset: Asset) -> int:
    return sum(r.size or 0 for r in asset.originals if r.availability is Availability.ICLOUD)


def _kinds(way: FetchWay, asset: Asset) -> frozenset[OriginalKind]:
    return frozenset(kind_of(asset, r) for r in _away(way, asset))


def _candidate(way: FetchWay, asset: Asset) -> Candidate:
    day = asset.day.isoformat() if asset.day is not None else ""
    return Candidate(asset.uuid, day, _bytes(asset), _kinds(way, asset))


def _ask(
    report: Reporter, way: FetchWay, method: DownloadMethod, assets: Sequence[Asset], facts: PhoneFacts
) -> bool:
    """Say what the person has to do on the phone. False if this way can ask for none of the items."""
    dated = sorted(assets, key=lambda asset: asset.created or 0.0)
    wanted = [Wanted(a.uuid, a.created, _bytes(a), not (a.hidden or a.trashed)) for a in dated]
    request = method.request(wanted, facts.free_bytes)
    if request is None:
        return False
    sentence = request.sentence
    if way is FetchWay.BY_HAND:
        names = ", ".join(f"{a.original_filename} ({a.day or 'undated'})" for a in dated)
        sentence = f"{sentence} The items: {names}."
    report.ask(sentence, request.code)
    return True


def _originals(way: FetchWay, assets: Iterable[Asset]) -> dict[str, _Waiting]:
    """The originals to watch for, by path."""
    return {r.path: _Waiting(asset.uuid, r) for asset in assets for r in _away(way, asset)}


async def _observe(
    report: Reporter,
    trial: Trial,
    media: MediaFolder,
    seen: LibrarySeen,
    waiting: dict[str, _Waiting],
    asked: int,
    limit: float,
    timing: Timing,
) -> None:
    """Look at the folders until everything that was asked for has arrived, enough has, or the time is up."""
    by_uuid: dict[str, set[str]] = {}
    for path, one in waiting.items():
        by_uuid.setdefault(one.uuid, set()).add(path)
    kinds = {asset.uuid: frozenset(kind_of(asset, r) for r in asset.originals) for asset in seen.assets}
    folders = sorted({one.resource.directory for one in waiting.values()})
    last: dict[str, int] = {}
    until, came = timing.steady() + limit, 0
    while (left := until - timing.steady()) > 0 and by_uuid and not trial.has_enough:
        of = f" of {plural(asked, 'item')}" if asked else ""
        report.step(f"Watching for originals for another {duration(left)}: {came}{of} arrived")
        await timing.pause(min(LOOK_EVERY, left))
        for path in sorted((await local_files(media, folders)) & waiting.keys()):
            one = waiting[path]
            with suppress(MediaError):
                size = (await media.stat(path)).size
                trial.saw(one.uuid, one.resource.role, size)
                if size == (one.resource.size if one.resource.size is not None else last.get(path)):
                    del waiting[path]
                    by_uuid[one.uuid].discard(path)
                last[path] = size
        for uuid in [uuid for uuid, paths in by_uuid.items() if not paths]:
            del by_uuid[uuid]
            trial.came(uuid, kinds.get(uuid, frozenset()))
            came += 1


def _report(report: Reporter, result: TrialResult, *, earlier: bool) -> None:
    check = f"trial-{result.way.value}"
    when = "Tried before" if earlier else "Tried"
    sentence = f"{when}: {result.way.value}. {' '.join(result.sentences)}"
    facts: dict[str, int | float | bool] = {
        "arrived": result.items,
        "grew": result.grew,
        "whole": result.whole,
        "seconds": round(result.seconds),
        "bytes": result.bytes,
    }
    if result.first_after is not None:
        facts["first_after"] = round(result.first_after)
    for kind in result.kinds:
        facts[f"asked_{kind.kind}"], facts[f"arrived_{kind.kind}"] = kind.asked, kind.arrived
    if result.worked:
        report.fine(check, sentence, **facts)
    else:
        report.note(check, sentence, **facts)
