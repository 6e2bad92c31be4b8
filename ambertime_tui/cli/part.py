"""Which part of an archive `verify` looks at, as it is said on the command line. Pure."""

from __future__ import annotations

from datetime import datetime

from ambertime_tui.cli.surroundings import UsageError


def parse_since(text: str | None) -> float | None:
    """The first moment of a day on this computer's clock, in seconds since 1970; None where nothing was said.

    Raises:
        UsageError: it is no day.
    """
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--since takes a day such as 2024-07-01, not {text!r}.") from error


def parse_sample(text: str | None) -> float | None:
    """A share above 0 and up to 1, said as per cent; None where nothing was said.

    Raises:
        UsageError: it is no such share.
    """
    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = 0.0
    if not (text.endswith("%") and 0 < share <= 1):
        raise UsageError(f"--sample takes a share such as 5%, not {text!r}.")
    return share
