"""Prints for programs: JSON Lines, documented in docs/json.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.doctor import Ask, Finding, Level
from ambertime_tui.engine.api.doctor_rows import RowVerdict, Settled
from ambertime_tui.engine.api.ejecting import Ejected
from ambertime_tui.engine.api.exporting import ExportedFile, ExportResult
from ambertime_tui.engine.api.finding import Found
from ambertime_tui.engine.api.forgetting import ForgettableItem
from ambertime_tui.engine.api.history import PastRun, TaskHistory, run_record
from ambertime_tui.engine.api.overview import Overview
from ambertime_tui.engine.api.planned_run import PlannedItem, PlannedRun
from ambertime_tui.engine.api.protocol import Report, RunningJob
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, PhoneSummary
from ambertime_tui.engine.api.verification import Verification, VerifiedFile
from ambertime_tui.engine.api.watch_event import WatchEvent
from ambertime_tui.exit_codes import ExitCode, exit_code_of
from ambertime_tui.library.model import Asset
from ambertime_tui.plain.job_json import JobRecords, ending_records
from ambertime_tui.plain.printer import Printer
from ambertime_tui.plain.scan_json import ListedTotals, asset_record, library_record
from ambertime_tui.plain.streams import Streams
from ambertime_tui.plain.verify_text import VERDICTS
from ambertime_tui.safe_text import json_line


class JsonPrinter(Printer):
    """The implementation for programs."""

    lists_assets = True

    def __init__(self, streams: Streams) -> None:
        super().__init__(streams)
        self._job = JobRecords()
        self._listed = ListedTotals()

    def phones(self, phones: Sequence[PhoneSummary]) -> None:
        for phone in phones:
            self._record("phone", **to_json(phone))
        self._streams.flush()

    def drives(self, drives: Sequence[DriveSummary]) -> None:
        for drive in drives:
            self._record("drive", **to_json(drive))
        self._streams.flush()

    def jobs(self, jobs: Sequence[RunningJob]) -> None:
        for job in jobs:
            self._record("job", **to_json(job))
        self._streams.flush()

    def job_started(self, job_id: str, target: str) -> None:
        self._record("started", job_id=job_id, target=target)
        self._streams.flush()

    def job_status(self, status: JobStatus) -> None:
        super().job_status(status)
        for kind, record in self._job.lines(status):
            self._record(kind, **record)
        self._streams.flush()

    def job_ended(self, status: JobStatus, report: Report) -> None:
        for kind, record in ending_records(status, report):
            self._record(kind, **record)
        self._streams.flush()

    def planned(self, run: PlannedRun) -> None:
        record = to_json(run)
        self._record(
            "plan",
            target=run.spec.target,
            udid=run.udid,
            range=str(run.spec.selection.range),
            originals=run.spec.originals.value,
            task=run.spec.task or None,
            library=sum(line.count for line in run.lines),
            lines=record["lines"],
            needed=run.preview.needed,
            free=run.preview.drive_free,
            advice=record["preview"]["advice"],
            outcome=run.outcome.value,
            sentence=run.sentence,
            exit_code=int(exit_code_of(run.outcome)),
        )
        self._streams.flush()

    def planned_item(self, item: PlannedItem) -> None:
        self._record("planned", **{**to_json(item), "day": item.day or None})

    def history(self, runs: Sequence[PastRun], tasks: Mapping[str, TaskHistory], now: float) -> None:
        for run in runs:
            self._record("run", **run_record(run))
        for name, known in tasks.items():
            last = known.last
            self._record(
                "task",
                name=name,
                last_outcome=None if last is None else last.outcome.value,
                last_ended_at=None if last is None else last.ended_at,
                succeeded_at=known.succeeded_at,
                long_ago=known.is_long_ago(now),
            )
        self._streams.flush()

    def watch_event(self, event: WatchEvent) -> None:
        self._record("watch", **{**to_json(event), "task": event.task or None})
        self._streams.flush()

    def service(self, file: str, sentences: Sequence[str], *, installed: bool) -> None:
        self._record("service", file=file, installed=installed, sentences=list(sentences))
        self._streams.flush()

    def ejected(self, drive: Ejected) -> None:
        self._record("ejected", **to_json(drive))
        self._streams.flush()

    def task_begins(self, spec: JobSpec) -> None:
        self._job, self._narrator = JobRecords(), self._new_narrator()
        self._record("task", name=spec.task, target=spec.target, udid=spec.udid)
        self._streams.flush()

    def task_failed(self, spec: JobSpec, kind: str, sentence: str) -> None:
        self.say(f"{spec.task}: {sentence}")
        self._record("task_failed", name=spec.task, kind=kind, sentence=sentence)
        self._streams.flush()

    def tasks_ended(self, codes: Mapping[str, ExitCode], code: ExitCode) -> None:
        tasks = [{"name": name, "exit_code": int(one)} for name, one in codes.items()]
        self._record("summary", tasks=tasks, exit_code=int(code))
        self._streams.flush()

    def library(self, overview: Overview, title: str, udid: str | None) -> None:
        self._record("library", **library_record(overview), **({} if udid is None else {"udid": udid}))

    def asset(self, asset: Asset) -> None:
        self._listed.add(asset)
        self._record("asset", **asset_record(asset))

    def largest(self, assets: Sequence[Asset]) -> None:
        for asset in assets:
            self.asset(asset)

    def library_listed(self, overview: Overview) -> None:
        self._record("summary", **self._listed.record(overview))
        self._streams.flush()

    def found(self, items: Sequence[Found]) -> None:
        for item in items:
            self._record("item", **{**to_json(item), "day": item.day or None})
        files = [file for item in items for file in item.files]
        self._record("summary", items=len(items), files=len(files), bytes=sum(file.size for file in files))
        self._streams.flush()

    def exported_file(self, file: ExportedFile) -> None:
        self._record("file", **to_json(file))

    def exported(self, result: ExportResult, folder: str) -> None:
        self._record(
            "summary",
            folder=folder,
            items=result.items,
            copied=result.copied,
            present=result.present,
            bytes=result.bytes,
            left=len(result.left),
            complete=result.complete,
        )
        self._streams.flush()

    def forgettable(self, items: Sequence[ForgettableItem], *, forgotten: bool) -> None:
        for item in items:
            self._record("item", **asdict(item))
        self._streams.flush()

    def forgotten(self, listed: int, done: int, *, undo: bool, only_list: bool) -> None:
        forgot, remembered = (0, done) if undo else (done, 0)
        self._record("summary", listed=listed, forgotten=forgot, undone=remembered)
        self._streams.flush()

    def verified_file(self, file: VerifiedFile) -> None:
        self._record("file", **asdict(file))

    def verified(self, result: Verification) -> None:
        self._record(
            "summary",
            **{verdict: result.counts[verdict] for verdict in VERDICTS},
            moved=len(result.moved),
            originals=dict(result.originals),
            sound=result.sound,
            through_cache=result.through_cache,
            seconds=result.seconds,
            skipped=result.skipped,
            proof=result.proof,
            notices=list(result.notices),
        )
        self._streams.flush()

    def finding(self, finding: Finding) -> None:
        self._record("finding", **to_json(finding))
        self._streams.flush()

    def asked(self, ask: Ask) -> None:
        super().asked(ask)
        self._record("ask", **to_json(ask))
        self._streams.flush()

    def examined(self, findings: Sequence[Finding]) -> None:
        counts = {level.value: sum(one.level is level for one in findings) for level in Level}
        self._record("summary", **counts)
        self._streams.flush()

    def compared(self, verdicts: Sequence[RowVerdict]) -> None:
        for verdict in verdicts:
            self._record("row", **to_json(verdict))
        settled = sum(verdict.settled is not Settled.OPEN for verdict in verdicts)
        self._record("summary", rows=len(verdicts), settled=settled)
        self._streams.flush()

    def _record(self, kind: str, /, **fields: Any) -> None:
        record = {"type": kind, **fields}
        self._streams.write(json_line(record))
