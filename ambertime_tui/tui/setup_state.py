"""The state of the Setup screen and what follows from it. Pure: events in, state out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ambertime_tui.config import Task
from ambertime_tui.engine.api.client import DevicesChanged, Preview, SurveyedLibrary
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import DriveSummary, PhoneSummary, ScanStatus
from ambertime_tui.library.date_range import DateRange

ANOTHER_DRIVE = "AnotherDrive"
"""The engine's error kind for a path whose archive was on a different drive."""
NOTICEABLE = 16_000_000
"""Bytes that have to be freed on a drive before a message about it is withdrawn."""
NOT_A_PATH = "Type the full path of the folder, starting with /."


@dataclass(frozen=True, slots=True)
class SetupState:
    """What has been chosen, and what is known about it."""

    devices: DevicesChanged | None = None
    """None: the engine has not answered yet."""
    engine_problem: str = ""
    """Why there is no engine, and which key tries again."""
    starting: bool = False
    """True from Enter until the job is shown or could not start."""
    udid: str | None = None
    absent: PhoneSummary | None = None
    """The chosen phone as last seen, while it is not connected. It is chosen again when it is back."""
    library: SurveyedLibrary | None = None
    """The library of the chosen phone, once it has been read."""
    scan: ScanStatus | None = None
    """The progress of the current scan."""
    scan_problem: str = ""
    range: DateRange = DateRange()
    range_problem: str = ""
    """Why the text in the range field is not a valid range."""
    target: str = ""
    drive: DriveSummary | None = None
    """The chosen target, once it has been checked."""
    target_problem: str = ""
    gone: DriveSummary | None = None
    """The chosen drive as last seen, while it is not mounted. It stays the target."""
    new_archive_at: str = ""
    """The target on which to start a new archive although another drive was used at its path."""
    originals: OriginalsChoice = OriginalsChoice.LOCAL
    way: FetchWay = FetchWay.KEEP_ORIGINALS
    options: Task = Task()
    """Options from the config file or a task beyond what is chosen here: patience, order, hidden ..."""
    preview: Preview | None = None
    preview_of: JobSpec | None = None
    preview_problem: str = ""
    preview_trouble: str = ""
    """The kind of the problem, from `EngineError`."""
    notice: str = ""
    """A sentence to show until the next choice: why a start was refused, a problem with a theme."""

    @property
    def phones(self) -> tuple[PhoneSummary, ...]:
        """The connected phones."""
        return self.devices.phones if self.devices else ()

    @property
    def drives(self) -> tuple[DriveSummary, ...]:
        """The drives to choose from, the most likely first."""
        drives = self.devices.drives if self.devices else ()
        return tuple(sorted(drives, key=lambda d: (d.system, not d.removable, not d.usable)))

    @property
    def phone(self) -> PhoneSummary | None:
        """The chosen phone, while it is connected."""
        return next((phone for phone in self.phones if phone.udid == self.udid), None)

    @property
    def target_drive(self) -> DriveSummary | None:
        """The target: live from the list of drives, else as the typed folder was checked."""
        if self.gone is not None:
            return self.gone
        return next((drive for drive in self.drives if drive.path == self.target), self.drive)

    @property
    def spec(self) -> JobSpec | None:
        """The job that Enter would start; None until phone and target are chosen."""
        if self.udid is None or not self.target:
            return None
        task = replace(self.options, device=self.udid, originals=self.originals, fetch=self.way)
        return task.job(
            self.target, self.range, new_archive=self.new_archive_at == self.target, attended=True
        )

    @property
    def current_preview(self) -> Preview | None:
        """The preview, if it belongs to the current choices."""
        return self.preview if self.preview_of == self.spec else None

    @property
    def last_preview(self) -> Preview | None:
        """The newest preview while there is a job to start; it may belong to slightly older choices."""
        return self.preview if self.spec is not None and self.library is not None else None

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice before the backup starts."""
        return self.last_preview.advice if self.last_preview is not None else ()

    @property
    def another_drive(self) -> bool:
        """True if the archive was on a different drive, so that a new one can be started here."""
        return self.preview_trouble == ANOTHER_DRIVE and self.preview_of == self.spec

    @property
    def reason(self) -> str:
        """Why the backup cannot start now, and what to do; empty if it can."""
        if self.engine_problem:
            return self.engine_problem
        if self.starting:
            return "Starting the backup …"
        if self.devices is None:
            return "Looking for phones and drives …"
        if not self.phones:
            return self.devices.sentence or self._absence or "Connect an iPhone with a cable and unlock it."
        if self.phone is None:
            if self._absence:
                return self._absence
            if self.options.device is None:
                return "Choose a phone."
            return (
                f"The iPhone …{self.options.device[-8:]} is not connected. Connect it or choose another one."
            )
        if self.scan_problem:
            return self.scan_problem
        if self.library is None:
            waits = not self.phone.ready and self.phone.sentence
            return self.phone.sentence if waits else "Reading the phone's library …"
        if self.range_problem:
            return self.range_problem
        if not self.target:
            return "Choose a drive, or type a folder (t)."
        if self.target_problem:
            return self.target_problem
        if self.gone is not None:
            return self._where_it_went(self.gone)
        drive = self.target_drive
        if drive is not None and not drive.usable:
            return drive.sentence or "This drive cannot be written to."
        if self.another_drive:
            return (
                "A different drive is at this path, without the archive. Connect the right drive, or press n "
                "to start a new archive on this one."
            )
        if self.preview_problem and self.preview_of == self.spec:
            return self.preview_problem
        if self.current_preview is None:
            return "Calculating what will be copied …"
        return self.current_preview.problem

    @property
    def message(self) -> str:
        """The sentence that the summary shows; no pane repeats it."""
        return self.notice or self.reason

    @property
    def busy(self) -> bool:
        """True if the reason will go away by itself."""
        return self.reason.endswith("…")

    @property
    def _absence(self) -> str:
        """That the chosen phone is no longer connected; empty while it is, or if none was chosen."""
        if self.absent is None:
            return ""
        or_else = " or choose another phone" if self.phones else ""
        return f"{self.absent.name or 'The iPhone'} is no longer connected. Connect it again{or_else}."

    def _where_it_went(self, gone: DriveSummary) -> str:
        name = gone.name or gone.path
        if any(drive.path == gone.path for drive in self.drives):
            return (
                f"A different drive is now at {gone.path}. Mount {name} there again, or press an arrow key "
                "in the list to choose this drive."
            )
        for drive in self.drives:
            if not drive.mounted and drive.name == name:
                return f"{name} is no longer mounted. {drive.sentence.removeprefix('Not mounted. ')}"
        return f"{name} ({gone.path}) is no longer connected. Connect it again, or choose another drive."

    @property
    def target_may_change(self) -> bool:
        """True while something about the target prevents the start: it is checked again from time to time."""
        if not self.target or self.gone is not None:
            return False
        if self.target_problem:
            return self.target_problem != NOT_A_PATH
        drive, preview = self.target_drive, self.current_preview
        if drive is not None and not drive.usable:
            return True
        if self.preview_problem and self.preview_of == self.spec:
            return True
        if preview is None or not preview.problem:
            return False
        tallies = (preview.local, preview.icloud, preview.already, preview.missing, preview.cannot)
        return any(tally.count for tally in tallies)  # otherwise it is about the range

    def is_repaired_since(self, old: SetupState) -> bool:
        """True if the target can be used again, so that an old preview of it no longer counts."""
        blocked = old.gone is not None or bool(old.target_problem)
        return blocked and self.gone is None and not self.target_problem

    def has_changed_since(self, old: SetupState) -> bool:
        """True if phone or target are no longer as they were when a start was refused."""
        phone, before = self.phone, old.phone
        if (phone and (phone.ready, phone.sentence)) != (before and (before.ready, before.sentence)):
            return True
        drive, last = self.target_drive, old.target_drive
        if (self.gone is None) != (old.gone is None) or drive is None or last is None:
            return drive is not last
        more = drive.free_bytes - last.free_bytes
        return (drive.usable, drive.sentence) != (last.usable, last.sentence) or more > NOTICEABLE

    def with_icloud(self, included: bool) -> SetupState:
        """With or without the originals that are only in iCloud."""
        return replace(self, originals=OriginalsChoice.ICLOUD if included else OriginalsChoice.LOCAL)

    def with_other(self, what: str) -> SetupState:
        """With edits, hidden or trashed items switched between included and left out."""
        now = self.options.selection(self.range)
        match what:
            case "edits":
                options = replace(self.options, edits=not now.edits)
            case "hidden":
                options = replace(self.options, hidden=not now.hidden)
            case _:
                options = replace(self.options, trashed=not now.trashed)
        return replace(self, options=options)

    def as_task(self, typed: str) -> Task:
        """The current setup as a task.

        Args:
            typed: the range as typed; used if it is valid, so that a relative range stays relative.
        """
        return replace(
            self.options,
            device=self.udid or (self.absent.udid if self.absent else self.options.device),
            range=str(self.range) if self.range_problem or not typed else typed,
            to=self.target or None,
            originals=self.originals,
            fetch=self.way if self.originals is OriginalsChoice.ICLOUD else None,
        )

    def with_devices(self, devices: DevicesChanged, wanted_target: str = "") -> SetupState:
        """With the current phones and drives; selects a phone or drive if only one is suitable.

        Args:
            devices: from the engine.
            wanted_target: the target used last; selected again if its drive is connected.
        """
        state = replace(self, devices=devices, engine_problem="")
        known = {phone.udid for phone in devices.phones}
        if state.udid is not None and state.udid not in known:
            state = replace(state, udid=None, absent=self.phone, library=None, scan=None, scan_problem="")
        wanted_phone = state.absent.udid if state.absent is not None else state.options.device
        if state.udid is None and wanted_phone is not None:
            state = state.with_phone(wanted_phone) if wanted_phone in known else state
        elif state.udid is None and devices.phones:
            ready = [phone for phone in devices.phones if phone.ready] or list(devices.phones)
            state = state.with_phone(ready[0].udid)
        if not devices.drives_sentence:  # otherwise nothing is known about the drives
            state = state._follow_target(self.target_drive)
        paths = {drive.path for drive in devices.drives}
        if not state.target:
            candidates = [d for d in devices.drives if d.usable and d.removable and not d.system]
            archives = [d for d in candidates if d.has_archive]
            if wanted_target in paths:
                state = replace(state, target=wanted_target)
            elif len(archives) == 1 or len(candidates) == 1:
                state = replace(state, target=(archives or candidates)[0].path)
        return state

    def _follow_target(self, last: DriveSummary | None) -> SetupState:
        """With the target noted as gone, or as back, where its drive is listed.

        Args:
            last: the target as it was before this list of drives.
        """
        now = next((drive for drive in self.drives if drive.path == self.target), None)
        if now is None:
            was_listed = last is not None and last.path == self.target and last is not self.drive
            return replace(self, gone=last) if was_listed else self
        if last is not None and last.path == self.target and last is not self.drive and _differ(last, now):
            return replace(self, gone=last)
        return replace(self, gone=None, drive=None, target_problem="")

    def without_engine(self) -> SetupState:
        """With the choices, but without anything from the engine, because another one is being started."""
        return replace(
            self,
            devices=None,
            engine_problem="",
            starting=False,
            library=None,
            scan=None,
            scan_problem="",
            preview=None,
            preview_of=None,
            preview_problem="",
            preview_trouble="",
            notice="",
        )

    def with_phone(self, udid: str) -> SetupState:
        """With another phone chosen, and without the last one's library."""
        if udid == self.udid:
            return self
        return replace(self, udid=udid, absent=None, library=None, scan=None, scan_problem="", preview=None)

    def with_task(self, task: Task, days: DateRange) -> SetupState:
        """With the choices of a task, as `ambertime backup --task` applies it.

        The phone stays if the task names none.

        Args:
            task: completed with the defaults of the config file.
            days: its range, parsed.
        """
        state = replace(
            self,
            options=task,
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
        return replace(state, udid=None, absent=None, library=None, scan=None, scan_problem="", preview=None)

    def with_target(self, path: str) -> SetupState:
        """With another target chosen from the list of drives."""
        absent = self.gone is not None and self.gone.path == path and not self._lists(path)
        return replace(self, target=path, drive=None, target_problem="", gone=self.gone if absent else None)

    def with_folder(self, path: str, drive: DriveSummary | None, problem: str = "") -> SetupState:
        """With a typed folder as the target, and what its check found."""
        if drive is not None and drive.path == path and self._lists(path):
            drive = None  # the list has it, and stays up to date
        return replace(self, target=path, drive=drive, target_problem=problem, gone=None)

    def _lists(self, path: str) -> bool:
        return any(drive.path == path for drive in self.drives)


def _differ(one: DriveSummary, other: DriveSummary) -> bool:
    """True if two summaries are of different drives. The size of some file systems changes with their use."""
    if not (one.usable and other.usable):
        return False
    size_differs = one.removable and other.removable and one.total_bytes != other.total_bytes
    return size_differs or (one.name, one.file_system) != (other.name, other.file_system)
