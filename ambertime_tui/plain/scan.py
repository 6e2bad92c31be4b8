"""`ambertime scan`: what a library holds, and where each original is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.offline import library_from_files
from ambertime_tui.engine.api.overview import Overview, overview_of, own_in_range
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.api.status import ScanStatus, ScanStep
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.library.model import Asset
from ambertime_tui.plain.devices import phone_words
from ambertime_tui.plain.histogram import Glyphs
from ambertime_tui.plain.output import Output
from ambertime_tui.plain.scan_json import ListedTotals, asset_record, library_record
from ambertime_tui.plain.scan_words import scan_lines
from ambertime_tui.units import plural, size


@dataclass(frozen=True, slots=True)
class Look:
    """How a scan for people is drawn."""

    width: int
    glyphs: Glyphs


async def scan_phone(
    client: EngineClient, udid: str | None, selection: Selection, out: Output, look: Look
) -> ExitCode:
    """Scans an attached phone.

    Raises:
        EngineError: no such phone, not trusted, locked, ...
        BrokenPipeError: nobody reads the result.
    """
    last: ScanStatus | None = None

    def tell(scan: ScanStatus) -> None:
        nonlocal last
        for notice in scan.notices if scan.step is ScanStep.WAITING else ():
            if last is None or notice not in last.notices:
                out.say(notice)
        if scan.step in _STEPS and (last is None or scan.step is not last.step):
            out.say(_STEPS[scan.step])
        last = scan
        out.progress(scan_progress(scan))

    surveyed = await client.survey(udid, tell)
    overview = await client.overview(surveyed.phone.udid, selection)
    _notices(overview, out)
    if not out.as_json:
        _for_people(overview, f"Photo Library of {phone_words(surveyed.phone)}", out, look)
        return ExitCode.COMPLETE
    out.record("library", **library_record(overview), udid=surveyed.phone.udid)
    listed = ListedTotals()
    async for asset in client.assets(surveyed.phone.udid, selection):
        _list(asset, listed, out)
    out.record("summary", **listed.record(overview))
    out.flush()
    return ExitCode.COMPLETE


def scan_database(
    database: Path, media: Path | None, selection: Selection, out: Output, look: Look, *, now: float
) -> ExitCode:
    """Scans a Photos.sqlite on this computer, without a phone.

    Raises:
        EngineError: it cannot be read.
        BrokenPipeError: nobody reads the result.
    """
    library = library_from_files(
        database, media, now=now, on_progress=lambda n: out.progress(f"Read {plural(n, 'asset')}")
    )
    overview = overview_of(library, selection)
    _notices(overview, out)
    if out.as_json:
        out.record("library", **library_record(overview))
        listed = ListedTotals()
        for asset in own_in_range(library.assets, selection):
            _list(asset, listed, out)
        out.record("summary", **listed.record(overview))
    else:
        _for_people(overview, f"Photo Library in {database}", out, look)
    out.flush()
    return ExitCode.COMPLETE


_STEPS = {
    ScanStep.DATABASE: "Copying the library database from the phone.",
    ScanStep.READING: "Reading the library.",
    ScanStep.FOLDERS: "Looking which originals are on the phone.",
}


def scan_progress(scan: ScanStatus) -> str:
    """How far a scan is, in one line."""
    match scan.step:
        case ScanStep.DATABASE:
            again = f" (attempt {scan.attempts})" if scan.attempts > 1 else ""
            return f"Library database: {size(scan.database_bytes)} of {size(scan.database_total)}{again}"
        case ScanStep.READING:
            return f"Read {plural(scan.assets, 'asset')}"
        case ScanStep.FOLDERS:
            return f"Media folders: {scan.folders_done:,} of {scan.folders_total:,}"
        case _:
            return ""


def _for_people(overview: Overview, heading: str, out: Output, look: Look) -> None:
    for line in scan_lines(overview, heading=heading, width=look.width, glyphs=look.glyphs):
        out.line(line)
    out.flush()


def _notices(overview: Overview, out: Output) -> None:
    for notice in overview.notices:
        out.say(f"Notice: {notice}")


def _list(asset: Asset, listed: ListedTotals, out: Output) -> None:
    listed.add(asset)
    out.record("asset", **asset_record(asset))
