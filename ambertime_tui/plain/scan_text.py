"""A scan for people: a histogram by month, totals by year and kind, and what was left out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui.engine.api.overview import Overview, Sort, Totals, size_of
from ambertime_tui.engine.api.status import ScanStatus, ScanStep, Tally
from ambertime_tui.library.model import Asset, Availability
from ambertime_tui.plain.histogram import Glyphs, picture
from ambertime_tui.plain.table import table
from ambertime_tui.units import plural, size

_ROWS = 8
_INDENT = 11
_COLUMNS = 8
_SORTS = {
    Sort.PHOTO: "photos",
    Sort.LIVE_PHOTO: "Live Photos",
    Sort.RAW_PAIR: "RAW + JPEG",
    Sort.BURST_FRAME: "burst frames",
    Sort.PANORAMA: "panoramas",
    Sort.SCREENSHOT: "screenshots",
    Sort.VIDEO: "videos",
    Sort.SLOW_MOTION: "slow motion",
    Sort.TIME_LAPSE: "time-lapse",
    Sort.SCREEN_RECORDING: "screen recordings",
}
_WHERE = {
    Availability.LOCAL: "on the phone",
    Availability.ICLOUD: "only in iCloud",
    Availability.PARTIAL: "partly in iCloud",
    Availability.MISSING: "missing",
    Availability.PENDING: "not ready yet",
}

STEPS = {
    ScanStep.DATABASE: "Copying the library database from the phone.",
    ScanStep.READING: "Reading the library.",
    ScanStep.FOLDERS: "Checking which originals are on the phone.",
}


def scan_progress(scan: ScanStatus) -> str:
    """The progress of a scan in one line."""
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


def scan_lines(overview: Overview, *, heading: str, width: int, glyphs: Glyphs) -> Iterator[str]:
    """The lines that `ambertime scan` prints. They fit into `width` cells if that is 72 or more."""
    yield heading
    if not overview.from_database:
        yield "Listed without the library database, so items that are only in iCloud are not included."
    chosen = overview.selected
    yield ""
    if chosen.all.count:
        yield from picture(overview.months, width=width, rows=_ROWS, glyphs=glyphs)
        if overview.months:
            legend = (
                f"{glyphs.local} on the phone   {glyphs.icloud} only in iCloud   {glyphs.missing} missing"
            )
            yield " " * _INDENT + legend
            yield ""
        yield from _breakdown(overview)
        yield ""
    yield from _sums(overview)
    if overview.left_out:
        yield ""
        yield "Left out:"
        cells = [
            [f"  {left.count:,}", left.sentence, size(left.bytes) if left.bytes else ""]
            for left in sorted(overview.left_out, key=lambda left: -left.count)
        ]
        yield from table(cells, "><>")


def largest_lines(assets: Sequence[Asset]) -> Iterator[str]:
    """The largest items: size, day, where the original is, name."""
    if not assets:
        return
    yield ""
    yield "Largest items:"
    cells = [
        [
            f"  {size(size_of(asset))}",
            "undated" if asset.day is None else asset.day.isoformat(),
            _WHERE[asset.availability],
            asset.original_filename,
        ]
        for asset in assets
    ]
    yield from table(cells, "><<<")


def _breakdown(overview: Overview) -> list[str]:
    rows = [["", "items", "on the phone", "", "only in iCloud", "", "missing", ""]]
    by_year: dict[str, Totals] = {}
    for month in overview.months:
        year = month.month[:4]
        by_year[year] = by_year.get(year, Totals()) + month.totals
    rows += [_row(year, totals) for year, totals in by_year.items()]
    if overview.undated.all.count:
        rows.append(_row("undated", overview.undated))
    rows.append([""] * _COLUMNS)
    rows += [_row(_SORTS[line.sort], line.totals) for line in overview.sorts]
    rows.append([""] * _COLUMNS)
    rows.append(_row("all", overview.selected))
    return table(rows, "<>>>>>>>")


def _row(name: str, totals: Totals) -> list[str]:
    return [
        name,
        f"{totals.all.count:,}",
        *_cells(totals.local),
        *_cells(totals.icloud),
        *_cells(totals.missing),
    ]


def _cells(tally: Tally) -> tuple[str, str]:
    if not tally.count and not tally.bytes:
        return "-", ""
    return f"{tally.count:,}", size(tally.bytes)


def _sums(overview: Overview) -> Iterator[str]:
    chosen = overview.selected
    yield f"Selected: {plural(chosen.all.count, 'item')} of {plural(overview.own, 'item')} of your own."
    if chosen.local.count or chosen.local.bytes:
        yield f"On the phone: {plural(chosen.local.count, 'item')}, {size(chosen.local.bytes)}."
    if chosen.icloud.count or chosen.icloud.bytes:
        yield (
            f"Only in iCloud: {plural(chosen.icloud.count, 'item')}, {size(chosen.icloud.bytes)}"
            ". iOS must download them first."
        )
    if chosen.missing.count:
        yield (
            f"Missing: {plural(chosen.missing.count, 'item')}, {size(chosen.missing.bytes)}, neither on "
            "the phone nor in iCloud."
        )
    if chosen.pending.count:
        yield (f"Not ready yet: {plural(chosen.pending.count, 'item')} that the iPhone is still processing.")
    if overview.partial:
        yield f"Partly on the phone: {plural(overview.partial, 'item')}. Other files of these are in iCloud."
    if overview.edits.all.count:
        yield f"Edited versions: {_where(overview.edits)}."
    if overview.undated.all.count:
        yield f"Undated: {plural(overview.undated.all.count, 'item')}, without a plausible date."
    if overview.without_zone:
        yield f"Time zone unknown: {plural(overview.without_zone, 'item')}. Their days are those of UTC."


def _where(files: Totals) -> str:
    parts = [(files.local, "on the phone"), (files.icloud, "only in iCloud"), (files.missing, "missing")]
    shown = [f"{plural(one.count, 'file')}, {size(one.bytes)}, {words}" for one, words in parts if one.count]
    return "; ".join(shown)
