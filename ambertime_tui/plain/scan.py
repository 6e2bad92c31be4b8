"""Scans a library and prints what it holds and where each original is."""

from __future__ import annotations

from pathlib import Path

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.offline import library_from_files
from ambertime_tui.engine.api.overview import Largest, Overview, overview_of, own_in_range
from ambertime_tui.engine.api.protocol import SurveyedLibrary
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.api.status import ScanStatus, ScanStep
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.plain.listings import phone_words
from ambertime_tui.plain.printer import Printer
from ambertime_tui.plain.scan_text import STEPS, scan_progress
from ambertime_tui.units import plural


async def scan_phone(
    client: EngineClient, udid: str | None, selection: Selection, printer: Printer, largest: int | None = None
) -> ExitCode:
    """Scan a connected phone.

    Args:
        client: the engine.
        udid: which phone; None: the only one.
        selection: which items count as selected.
        printer: where to report.
        largest: list only this many items, the largest ones; None: all, if the printer lists items.

    Raises:
        EngineError: the phone is not connected, not trusted, locked, ...
        BrokenPipeError: the reader of the data has closed the pipe.
    """
    surveyed = await narrated_survey(client, udid, printer)
    overview = await client.overview(surveyed.phone.udid, selection)
    _say_notices(overview, printer)
    title = f"Photo Library of {phone_words(surveyed.phone)}"
    printer.library(overview, title, surveyed.phone.udid)
    if largest is not None:
        ranking = Largest(largest, selection)
        async for asset in client.assets(surveyed.phone.udid, selection):
            ranking.add(asset)
        printer.largest(ranking.assets())
    elif printer.lists_assets:
        async for asset in client.assets(surveyed.phone.udid, selection):
            printer.asset(asset)
    printer.library_listed(overview)
    return ExitCode.COMPLETE


async def narrated_survey(client: EngineClient, udid: str | None, printer: Printer) -> SurveyedLibrary:
    """Read the library of a phone, and print the progress.

    Raises:
        EngineError: the phone is not connected, not trusted, locked, ...
    """
    last: ScanStatus | None = None

    def tell(scan: ScanStatus) -> None:
        nonlocal last
        for notice in scan.notices if scan.step is ScanStep.WAITING else ():
            if last is None or notice not in last.notices:
                printer.say(notice)
        if scan.step in STEPS and (last is None or scan.step is not last.step):
            printer.say(STEPS[scan.step])
        last = scan
        printer.progress(scan_progress(scan))

    return await client.survey(udid, tell)


def scan_database(
    database: Path,
    media: Path | None,
    selection: Selection,
    printer: Printer,
    *,
    now: float,
    largest: int | None = None,
) -> ExitCode:
    """Scan a Photos.sqlite file on this computer, without a phone. `largest`: see `scan_phone`.

    Raises:
        EngineError: the file cannot be read.
        BrokenPipeError: the reader of the data has closed the pipe.
    """
    library = library_from_files(
        database, media, now=now, on_progress=lambda n: printer.progress(f"Read {plural(n, 'asset')}")
    )
    overview = overview_of(library, selection)
    _say_notices(overview, printer)
    printer.library(overview, f"Photo Library in {database}", None)
    if largest is not None:
        ranking = Largest(largest, selection)
        for asset in library.assets:
            ranking.add(asset)
        printer.largest(ranking.assets())
    elif printer.lists_assets:
        for asset in own_in_range(library.assets, selection):
            printer.asset(asset)
    printer.library_listed(overview)
    return ExitCode.COMPLETE


def _say_notices(overview: Overview, printer: Printer) -> None:
    for notice in overview.notices:
        printer.say(f"Notice: {notice}")
