"""Pair records: the keys this computer uses with phones that trust it. A damaged one counts as none.

A full disk or a power cut while a phone is paired leaves an empty or cut record. pymobiledevice3 raises an
error for it at each connection, so that the phone could never be used again. Here it is ignored (ours is
moved aside), and the phone is paired again. The order is pymobiledevice3's: usbmuxd, the system, our folder.
"""

from __future__ import annotations

import asyncio
import logging
import plistlib
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymobiledevice3 import lockdown, pair_records
from pymobiledevice3.safe_paths import device_file_path
from pymobiledevice3.service_connection import create_ssl_context

from ambertime_tui.phone.troubles import ODD_ANSWERS

log = logging.getLogger(__name__)

LARGEST = 1 << 20
"""Bytes. A record has about 10 KB."""
_TEXTS = ("HostID", "SystemBUID")
_CERTIFICATE, _KEY = "HostCertificate", "HostPrivateKey"

PairRecord = dict[str, Any]


async def usable_pair_record(
    identifier: str, pairing_records_cache_folder: Path, usbmux_address: str | None = None
) -> PairRecord | None:
    """Return the record for a phone, or None if there is none that can be used.

    The signature is that of pymobiledevice3's `get_preferred_pair_record`, which this replaces.
    """
    try:
        found: PairRecord | None = await pair_records.get_usbmux_pairing_record(identifier, usbmux_address)
    except ODD_ANSWERS:
        log.warning("usbmuxd's pair record for %s is damaged", identifier)
        found = None
    if found is not None and await asyncio.to_thread(is_usable, found):
        return found
    return await asyncio.to_thread(_from_files, identifier, pairing_records_cache_folder)


def _from_files(identifier: str, ours: Path) -> PairRecord | None:
    system = device_file_path(pair_records.OSUTILS.pair_record_path, identifier, ".plist")
    with suppress(OSError, *ODD_ANSWERS):
        record = read_record(system)
        if is_usable(record):
            return record
    file = device_file_path(ours, identifier, ".plist")
    try:
        record = read_record(file)
        if is_usable(record):
            return record
    except FileNotFoundError:
        return None
    except ODD_ANSWERS as error:
        log.warning("%s cannot be read: %r", file, error)
    aside = file.with_name(f"{file.name}.damaged")
    log.warning("%s is damaged; it was moved to %s, and the phone has to be paired again", file, aside)
    file.replace(aside)
    return None


def read_record(file: Path) -> PairRecord:
    """Read a record.

    Raises:
        OSError: there is none, or it cannot be read.
        ValueError, ...: it is no property list; see `ODD_ANSWERS`.
    """
    with file.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError("it is too large for a pair record")
    record = plistlib.loads(data)
    if not isinstance(record, dict):
        raise ValueError("it is not a dictionary")
    return record


def is_usable(record: object) -> bool:
    """Whether a record has all that a session needs: an identifier, and a key that fits its certificate.

    A record without any key is for a phone that does not use TLS.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("HostID"), str):
        return False
    if not all(isinstance(record.get(name, ""), str) for name in _TEXTS):
        return False
    certificate, key = record.get(_CERTIFICATE), record.get(_KEY)
    if certificate is None and key is None:
        return True
    return isinstance(certificate, bytes) and isinstance(key, bytes) and _fit(certificate, key)


def _fit(certificate: bytes, key: bytes) -> bool:
    with tempfile.NamedTemporaryFile() as file:  # the ssl module loads keys only from files
        file.write(certificate + b"\n" + key)
        file.flush()
        try:
            create_ssl_context(file.name)
        except (ssl.SSLError, ValueError):
            return False
    return True


def use_usable_pair_records() -> None:
    """Have pymobiledevice3 look up records with `usable_pair_record`."""
    lockdown.get_preferred_pair_record = usable_pair_record  # type: ignore[attr-defined]
