"""Talking to an iPhone over the cable: discovery, pairing, reading files and the library database.

The only room that imports pymobiledevice3, and late: its import takes up to a second. Its logger is switched
off, because a log line written to stderr would land in the middle of a full-screen front end, and every
trouble it logs is raised here as a `PhoneError` with a sentence anyway.
"""

from __future__ import annotations

import logging

_logger = logging.getLogger("pymobiledevice3")
_logger.addHandler(logging.NullHandler())
_logger.propagate = False
_logger.setLevel(logging.CRITICAL + 1)
