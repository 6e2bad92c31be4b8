"""iCloud in real time: a thread that advances a phone's downloads."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from ambertime_tui.simulator.icloud import ICloud
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from ambertime_tui.simulator.shortcut import ShortcutError, opened, shortcut_run

STEP = 0.02
"""Seconds between two steps."""

_Result = TypeVar("_Result")


class RunningICloud:
    """iCloud of one phone, running within a `with` block. Its methods are thread-safe."""

    def __init__(
        self,
        phone: SimulatedPhone,
        library: MadeLibrary,
        settings: ICloudSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            phone: its storage fills up, and its time zone applies to the Shortcut.
            library: the phone's library.
            settings: how iCloud behaves.
            clock: seconds; offline periods are relative to the start.
        """
        self._phone = phone
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._icloud = ICloud(library, settings, on_free_bytes=self._show_free)
        self._thread = threading.Thread(target=self._run, name="iCloud", daemon=True)
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._icloud.close()
        if self._error is not None and error is None:
            raise self._error

    def do(self, call: Callable[[ICloud], _Result]) -> _Result:
        """Call a function with the downloader, which is locked meanwhile. Return the result."""
        with self._lock:
            return call(self._icloud)

    def change(self, **settings: Any) -> None:
        """Change some of the settings."""
        self.do(lambda icloud: setattr(icloud, "settings", replace(icloud.settings, **settings)))

    def set_keep_originals(self, on: bool) -> None:
        """Set Download and Keep Originals."""
        self.do(lambda icloud: icloud.set_keep_originals(on))

    def open_url(self, url: str) -> int:
        """Open a scanned URL. Return the number of requested files.

        Raises:
            ShortcutError: the phone cannot open the URL.
        """
        if not self.do(lambda icloud: icloud.settings.opens_codes):
            raise ShortcutError(f"The camera does not open {url}.")
        run = opened(url)
        return self.do(lambda icloud: icloud.run_shortcut(run, self._phone.facts.time_zone))

    def run_shortcut(self, text: str) -> int:
        """Run the Shortcut with a range as text. Return the number of requested files.

        Raises:
            ShortcutError: the text is not a range.
        """
        run = shortcut_run(text)
        return self.do(lambda icloud: icloud.run_shortcut(run, self._phone.facts.time_zone))

    def open_in_photos(self, uuids: Iterable[str]) -> int:
        """Open items in Photos. Return the number of requested files. Raises KeyError for an unknown item."""
        return self.do(lambda icloud: icloud.ask_by_hand(uuids))

    def _show_free(self, free: int) -> None:
        self._phone.facts = replace(self._phone.facts, free_bytes=free)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                with self._lock:
                    more = self._icloud.advance(self._clock() - self._began)
                self._ended.wait(0.001 if more else STEP)
        except (OSError, sqlite3.Error) as error:
            self._error = error
