"""What the record of a drive says about a file of the library: is it there, and is it the same? Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ambertime_tui.drive.record.rows import KnownFile
from ambertime_tui.library.model import Availability, Resource, Role

Recorded = Callable[[Sequence[str]], Mapping[str, Mapping[Role, KnownFile]]]
"""Returns what a drive has of some assets: by uuid, the latest file of each role."""


class State(Enum):
    """Whether a drive has a file."""

    ABSENT = 0
    PRESENT = 1
    UNSURE = 2
    """The record cannot tell whether the file on the phone has changed; its size and time there can."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file on the phone now."""

    size: int
    """Bytes."""
    modified_at: float | None
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class OnDrive:
    """The recorded files of an asset, and what the phone says about those that may have changed."""

    files: Mapping[Role, KnownFile]
    broken: Collection[Role] = ()
    """Damaged or missing on the drive."""
    facts: Mapping[str, FileFacts] | None = None
    """By path, for files that were UNSURE; None: not looked at yet. A file without facts counts as the same.
    """

    def state_of(self, resource: Resource) -> State:
        """Whether the drive has a file of the library."""
        known = self.files.get(resource.role)
        if known is None or resource.role in self.broken:
            return State.ABSENT
        if resource.availability is not Availability.LOCAL:
            return State.ABSENT if _was_replaced(resource, known) else State.PRESENT
        if is_proved(known.fingerprint, resource.fingerprint):
            return State.PRESENT
        listed = resource.modified_at is not None and resource.size is not None
        if listed:
            return _compared(known, FileFacts(resource.size or 0, resource.modified_at))
        if self.facts is None:
            return State.UNSURE
        facts = self.facts.get(resource.path)
        return State.PRESENT if facts is None else _compared(known, facts)


def is_proved(fingerprint: str | None, library_fingerprint: str | None) -> bool:
    """True if there are two fingerprints, and they are equal."""
    return fingerprint is not None and fingerprint == library_fingerprint


def is_smaller(size: int, resource: Resource) -> bool:
    """True for an original of this size if it is empty, or has fewer bytes than the library says."""
    return resource.role.is_original and (size == 0 or size < (resource.size or 0))


def is_partial_download(size: int, resource: Resource) -> bool:
    """True for an original that iOS seems to be downloading: in iCloud, not flagged local, and too small.

    Only its fingerprint can show that it is complete all the same.
    """
    return resource.in_icloud and not resource.flagged_local and is_smaller(size, resource)


def is_unchanged(known: KnownFile, facts: FileFacts) -> bool:
    """True if a file on the phone has the size and the time that it had when it was archived."""
    return known.size == facts.size and (
        None in (known.source_modified_at, facts.modified_at) or known.source_modified_at == facts.modified_at
    )


def _was_replaced(resource: Resource, known: KnownFile) -> bool:
    """True for an original that has another fingerprint in the library than when it was archived."""
    return (
        resource.availability is Availability.ICLOUD
        and resource.fingerprint is not None
        and known.library_fingerprint is not None
        and resource.fingerprint not in (known.library_fingerprint, known.fingerprint)
    )


def _compared(known: KnownFile, facts: FileFacts) -> State:
    return State.PRESENT if is_unchanged(known, facts) else State.ABSENT
