"""`ambertime devices` and `ambertime drives`."""

from __future__ import annotations

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.plain.output import Output
from ambertime_tui.plain.table import table
from ambertime_tui.units import size


def phone_words(phone: PhoneSummary) -> str:
    """A phone in a sentence: ``Anna's iPhone (iPhone 15 Pro, iOS 18.1)``."""
    facts = ", ".join(
        part for part in (phone.model, phone.ios_version and f"iOS {phone.ios_version}") if part
    )
    name = phone.name or phone.udid
    return f"{name} ({facts})" if facts else name


async def list_phones(client: EngineClient, out: Output) -> ExitCode:
    """Lists the phones that are attached.

    Raises:
        EngineError: no phone can be seen at all.
        BrokenPipeError: nobody reads the result.
    """
    seen = await client.phones()
    phones = seen.phones
    if not phones:
        out.say(seen.hint or "No iPhone is attached. Connect it with a cable and unlock it.")
    if out.as_json:
        for phone in phones:
            out.record("phone", **to_json(phone))
    else:
        rows = [(p.udid, phone_words(p), "ready" if p.ready else p.sentence or "not ready") for p in phones]
        for line in table(rows, "<<<"):
            out.line(line)
    out.flush()
    return ExitCode.COMPLETE


async def list_drives(client: EngineClient, out: Output) -> ExitCode:
    """Lists the drives an archive could be on.

    Raises:
        EngineError: they cannot be listed.
        BrokenPipeError: nobody reads the result.
    """
    drives = await client.drives()
    if not drives:
        out.say("No drive is mounted that an archive could be written to.")
    if out.as_json:
        for drive in drives:
            out.record("drive", **to_json(drive))
    else:
        rows = [
            (
                d.path,
                d.name,
                d.file_system,
                f"{size(d.free_bytes)} free of {size(d.total_bytes)}",
                "; ".join(filter(None, ("holds an archive" if d.has_archive else "", d.sentence))),
            )
            for d in drives
        ]
        for line in table(rows, "<<<><"):
            out.line(line)
    out.flush()
    return ExitCode.COMPLETE
