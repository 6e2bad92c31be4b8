"""Communication with an iPhone over USB: discovery, pairing, reading files and the library database.

The only package that imports pymobiledevice3, and it does so late because the import takes up to a second.
The library's logger is disabled: a line on stderr would corrupt a full-screen front end, and every error
is raised as a `PhoneError` anyway.
"""

from __future__ import annotations

import logging

_logger = logging.getLogger("pymobiledevice3")
_logger.addHandler(logging.NullHandler())
_logger.propagate = False
_logger.setLevel(logging.CRITICAL + 1)
