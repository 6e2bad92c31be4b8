"""Preview a job before it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.drive.errors import DriveError, room_words
from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.record.reader import read_sizes
from ambertime_tui.drive.volume.discovery import Drive, drive_of
from ambertime_tui.engine.api.planned_run import PlanPage
from ambertime_tui.engine.api.protocol import Preview
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import DriveSummary, PhoneSummary, Tally
from ambertime_tui.engine.host.known_sizes import KnownSizes
from ambertime_tui.engine.host.planned_run import Forecast
from ambertime_tui.engine.job.target_memory import TargetMemory
from ambertime_tui.engine.plan.drive_advice import drive_advice
from ambertime_tui.engine.plan.fetch_advice import advice_for
from ambertime_tui.engine.plan.hands import NOTHING, Reach, reach_of
from ambertime_tui.engine.plan.plan import Decision, Plan
from ambertime_tui.engine.plan.rules import make_plan, room_needed
from ambertime_tui.engine.scan.summaries import drive_summary_at
from ambertime_tui.engine.scan.surveyor import Survey


class Previewer:
    """Caches the record of the last target, so that changing the range does not read the drive again."""

    def __init__(self, memory: TargetMemory, drive_at: Callable[[Path], Drive] = drive_of) -> None:
        """
        Args:
            memory: which archives were used at which paths.
            drive_at: finds the drive a folder is on.
        """
        self._memory = memory
        self._drive_at = drive_at
        self._seen: tuple[Path, str, int, int] | None = None
        self._known = KnownSizes()
        self._reach: tuple[Survey, Reach] | None = None
        self._forecast: tuple[Survey, Forecast] | None = None

    def preview(self, survey: Survey, spec: JobSpec) -> Preview:
        """Preview a job for a survey. Blocks: reads the target's record."""
        return self._planned(survey, spec)[1]

    def page(self, survey: Survey, spec: JobSpec, offset: int, limit: int) -> PlanPage:
        """A page of what a job would do. Blocks: without a `limit`, it makes a new plan."""
        known = self._forecast
        if limit and known is not None and known[0] is survey and known[1].run.spec == spec:
            forecast = known[1]
        else:
            plan, preview = self._planned(survey, spec)
            scan = survey.scan
            from_database = scan.library.from_database
            forecast = Forecast(plan, preview, spec, scan.udid, from_database=from_database)
            self._forecast = survey, forecast
        return PlanPage(forecast.run, forecast.page(offset, limit), len(forecast))

    def _planned(self, survey: Survey, spec: JobSpec) -> tuple[Plan, Preview]:
        advice: list[str] = []
        try:
            drive = drive_summary_at(Path(spec.target), self._drive_at)
            another = self._memory.check(Path(spec.target), new_archive=spec.new_archive)
            advice += [another] if another else []
            traits = self._drive_at(Path(spec.target)).traits
        except DriveError as error:
            plan = make_plan(survey.scan.library, spec.selection)
            return plan, _preview(plan, None, spec, survey.phone, str(error), advice, NOTHING)
        known = KnownSizes()
        try:
            known = self._recorded(Path(spec.target), survey.scan.udid)
        except DriveError as error:
            advice.append(str(error))
        plan = make_plan(survey.scan.library, spec.selection, known.of, traits.max_file_bytes)
        advice += drive_advice(plan, traits)
        problem = "" if drive.usable else drive.sentence
        if drive.usable and drive.sentence:
            advice.append(drive.sentence)
        included = spec.originals is OriginalsChoice.ICLOUD
        reach = self._reach_in(survey) if included else NOTHING
        return plan, _preview(plan, drive, spec, survey.phone, problem, advice, reach)

    def forget(self) -> None:
        """Clear the cache. A job reads the record itself."""
        self._seen, self._known = None, KnownSizes()
        self._reach, self._forecast = None, None

    def _reach_in(self, survey: Survey) -> Reach:
        if self._reach is None or self._reach[0] is not survey:
            self._reach = survey, reach_of(survey.scan.library.assets)
        return self._reach[1]

    def _recorded(self, target: Path, udid: str) -> KnownSizes:
        record = target / OURS / RECORD
        try:
            facts = record.stat()
        except OSError:
            return KnownSizes()
        seen = (record, udid, facts.st_mtime_ns, facts.st_size)
        if seen != self._seen:
            self._seen, self._known = seen, read_sizes(target, udid, KnownSizes)
        return self._known


def _preview(
    plan: Plan,
    drive: DriveSummary | None,
    spec: JobSpec,
    phone: PhoneSummary,
    problem: str,
    advice: list[str],
    reach: Reach,
) -> Preview:
    included = spec.originals is OriginalsChoice.ICLOUD
    copy, fetch, in_part = plan.share(Decision.COPY), plan.awaited, plan.in_part
    selected = plan.share(*(decision for decision in Decision if decision is not Decision.EXCLUDED)).tally
    cannot = plan.numbers(Decision.CANNOT)
    missing = Tally()
    for number in cannot:
        if plan.reason_of(number)[0] == "missing":
            missing += Tally(1, plan.bytes_of(number))
    share = copy + fetch if included else copy
    needed = room_needed(share)
    free = drive.free_bytes if drive else 0
    if not problem and not selected.count:
        problem = "The library has nothing in this range. Choose a wider range."
    elif not problem and drive is not None and drive.total_bytes and needed > free:
        problem = (
            f"Not enough free space: {room_words(needed, share.bytes)}, {units.size(free)} free. "
            "Choose a shorter range or another drive."
        )
    advice += advice_for(plan, spec, phone, reach)
    return Preview(
        local=Tally(copy.count - in_part, copy.bytes),
        in_part=in_part,
        icloud=fetch.tally,
        already=plan.tally(Decision.ALREADY),
        missing=missing,
        cannot=plan.tally(Decision.CANNOT).less(missing),
        drive_free=free,
        needed=needed,
        problem=problem,
        advice=tuple(advice),
    )
