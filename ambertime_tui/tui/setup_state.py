"""All that the Setup screen knows at one moment, and what follows from it. Pure: events in, state out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ambertime_tui.config import Task
from ambertime_tui.engine.api.client import DevicesChanged, Preview, SurveyedLibrary
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import DriveSummary, PhoneSummary, ScanStatus
from ambertime_tui.library.date_range import DateRange

ANOTHER_DRIVE = "AnotherDrive"
"""What the engine calls it when the drive at the path of an archive is not the one with the archive."""


@dataclass(frozen=True, slots=True)
class SetupState:
    """What has been chosen, and what is known of it."""

    devices: DevicesChanged | None = None
    """None: the engine has not answered yet."""
    engine_problem: str = ""
    udid: str | None = None
    library: SurveyedLibrary | None = None
    """The library of the chosen phone, once it was read."""
    scan: ScanStatus | None = None
    """The reading that goes on now."""
    scan_problem: str = ""
    range: DateRange = DateRange()
    range_problem: str = ""
    """Why the text in the range field is no range."""
    target: str = ""
    drive: DriveSummary | None = None
    """The chosen target, once it was looked at."""
    target_problem: str = ""
    new_archive_at: str = ""
    """The target on which a new archive is wanted although there was another at its path."""
    originals: OriginalsChoice = OriginalsChoice.LOCAL
    way: FetchWay = FetchWay.KEEP_ORIGINALS
    said: Task = Task()
    """What the config file or a chosen task says beyond what is chosen here: patience, order, hidden ..."""
    preview: Preview | None = None
    preview_of: JobSpec | None = None
    preview_problem: str = ""
    preview_trouble: str = ""
    """The kind of the problem, as `EngineError` has it."""
    notice: str = ""
    """Something to be told once: why a start was refused, a theme left out."""

    @property
    def phones(self) -> tuple[PhoneSummary, ...]:
        """The phones that are attached."""
        return self.devices.phones if self.devices else ()

    @property
    def drives(self) -> tuple[DriveSummary, ...]:
        """The drives to choose from, those one would take first."""
        drives = self.devices.drives if self.devices else ()
        return tuple(sorted(drives, key=lambda d: (d.system, not d.removable, not d.usable)))

    @property
    def phone(self) -> PhoneSummary | None:
        """The chosen phone, as long as it is attached."""
        return next((phone for phone in self.phones if phone.udid == self.udid), None)

    @property
    def target_drive(self) -> DriveSummary | None:
        """What is known of the target: live from the list of drives, else from a look at the typed folder."""
        return next((drive for drive in self.drives if drive.path == self.target), self.drive)

    @property
    def spec(self) -> JobSpec | None:
        """The job that a start would start; None as long as phone or target are not chosen."""
        if self.udid is None or not self.target:
            return None
        task = replace(self.said, device=self.udid, originals=self.originals, fetch=self.way)
        return task.job(self.target, self.range, new_archive=self.new_archive_at == self.target)

    @property
    def current_preview(self) -> Preview | None:
        """The preview, if it is of the job that a start would start."""
        return self.preview if self.preview_of == self.spec else None

    @property
    def last_preview(self) -> Preview | None:
        """The newest preview while there is a job to start; perhaps of what was chosen a moment ago."""
        return self.preview if self.spec is not None and self.library is not None else None

    @property
    def advice(self) -> tuple[str, ...]:
        """What is worth knowing before a start."""
        return self.last_preview.advice if self.last_preview is not None else ()

    @property
    def another_drive(self) -> bool:
        """True where the archive was on another drive, and a new one on this may be meant."""
        return self.preview_trouble == ANOTHER_DRIVE and self.preview_of == self.spec

    @property
    def reason(self) -> str:
        """Why a start makes no sense now, and what to do; empty: it does."""
        if self.engine_problem:
            return self.engine_problem
        if self.devices is None:
            return "Looking for phones and drives …"
        if not self.phones:
            return self.devices.sentence or "Connect an iPhone with its cable."
        if self.phone is None:
            if self.said.device is None:
                return "Choose a phone."
            return f"The iPhone …{self.said.device[-8:]} is not connected. Connect it, or choose another one."
        if self.scan_problem:
            return self.scan_problem
        if self.library is None:
            waits = not self.phone.ready and self.phone.sentence
            return self.phone.sentence if waits else "Reading the library of the phone …"
        if self.range_problem:
            return self.range_problem
        if not self.target:
            return "Choose a drive, or type a folder (t)."
        if self.target_problem:
            return self.target_problem
        drive = self.target_drive
        if drive is not None and not drive.usable:
            return drive.sentence or "This drive cannot be written to."
        if self.another_drive:
            return (
                "Another drive is at this path now, without the archive. Connect the right one, or press n "
                "for a new archive on this one."
            )
        if self.preview_problem and self.preview_of == self.spec:
            return self.preview_problem
        if self.current_preview is None:
            return "Working out what a start would do …"
        return self.current_preview.problem

    @property
    def busy(self) -> bool:
        """True where the reason goes away by itself."""
        return self.reason.endswith("…")

    def with_icloud(self, included: bool) -> SetupState:
        """The originals that are only in iCloud are taken, too, or left."""
        return replace(self, originals=OriginalsChoice.ICLOUD if included else OriginalsChoice.LOCAL)

    def with_other(self, what: str) -> SetupState:
        """One kind (edits, hidden, trashed) taken in where it was left out, and the other way round."""
        now = self.said.selection(self.range)
        match what:
            case "edits":
                said = replace(self.said, edits=not now.edits)
            case "hidden":
                said = replace(self.said, hidden=not now.hidden)
            case _:
                said = replace(self.said, trashed=not now.trashed)
        return replace(self, said=said)

    def as_task(self, typed: str) -> Task:
        """What is set up now.

        Args:
            typed: the range as it was typed; kept in these words, as long as they are what is meant.
        """
        return replace(
            self.said,
            device=self.udid or self.said.device,
            range=str(self.range) if self.range_problem or not typed else typed,
            to=self.target or None,
            originals=self.originals,
            fetch=self.way if self.originals is OriginalsChoice.ICLOUD else None,
        )

    def with_devices(self, devices: DevicesChanged, wanted_target: str = "") -> SetupState:
        """Phones and drives as they are now; chooses what there is only one of.

        Args:
            devices: what the engine says.
            wanted_target: the target used last; taken again when its drive is there.
        """
        state = replace(self, devices=devices, engine_problem="")
        known = {phone.udid for phone in devices.phones}
        if state.udid is not None and state.udid not in known:
            state = replace(state, udid=None, library=None, scan=None, scan_problem="")
        wanted_phone = state.said.device
        if state.udid is None and wanted_phone is not None:
            state = state.with_phone(wanted_phone) if wanted_phone in known else state
        elif state.udid is None and devices.phones:
            ready = [phone for phone in devices.phones if phone.ready] or list(devices.phones)
            state = state.with_phone(ready[0].udid)
        paths = {drive.path for drive in devices.drives}
        before = {drive.path for drive in self.drives}
        if state.target in before and state.target not in paths:
            state = replace(state, target="", drive=None, target_problem="")
        if state.target in paths - before:
            state = replace(state, target_problem="")
        if not state.target:
            candidates = [d for d in devices.drives if d.usable and d.removable and not d.system]
            archives = [d for d in candidates if d.has_archive]
            if wanted_target in paths:
                state = replace(state, target=wanted_target)
            elif len(archives) == 1 or len(candidates) == 1:
                state = replace(state, target=(archives or candidates)[0].path)
        return state

    def with_phone(self, udid: str) -> SetupState:
        """Another phone chosen: what was known of the last one's library is put away."""
        if udid == self.udid:
            return self
        return replace(self, udid=udid, library=None, scan=None, scan_problem="", preview=None)

    def with_task(self, task: Task, days: DateRange) -> SetupState:
        """What a task says, as `ambertime backup --task` takes it; the phone stays where it names none.

        Args:
            task: with the defaults of the config file where it leaves something unsaid.
            days: its range, understood.
        """
        state = replace(
            self,
            said=task,
            originals=task.originals or OriginalsChoice.LOCAL,
            way=task.fetch or FetchWay.KEEP_ORIGINALS,
            range=days,
            range_problem="",
            new_archive_at="",
        )
        if task.device is None:
            return state
        if task.device in {phone.udid for phone in self.phones}:
            return state.with_phone(task.device)
        return replace(state, udid=None, library=None, scan=None, scan_problem="", preview=None)

    def with_target(self, path: str) -> SetupState:
        """Another target chosen from the list of drives."""
        return replace(self, target=path, drive=None, target_problem="")
