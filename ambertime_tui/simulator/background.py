"""Run a simulated usbmuxd and its phones in a background thread, for callers without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from ambertime_tui.simulator.link import new_event_loop
from ambertime_tui.simulator.phone import LOCKDOWN, SimulatedPhone
from ambertime_tui.simulator.usbmuxd import Usbmuxd

_Result = TypeVar("_Result")
_TIMEOUT_SECONDS = 30.0


class SimulatorError(Exception):
    """The simulator itself failed with an unexpected error."""


class BackgroundUsbmuxd:
    """A simulated usbmuxd that runs within a `with` block. Its methods are synchronous and thread-safe.

    Raises:
        SimulatorError: on exit, if the simulator failed in a way that no client can cause.
    """

    def __init__(self, address: str) -> None:
        self.usbmuxd = Usbmuxd(address)
        self._loop = new_event_loop()
        self._loop.set_exception_handler(lambda _, context: self._note_error(context))
        self._errors: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated usbmuxd", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.start()
        except OSError:
            self._end_thread()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for phone in self.usbmuxd.phones:
            self.unplug(phone)
        self.stop()
        self._end_thread()
        if self._errors:
            first = self._errors[0]
            raise SimulatorError(str(first.get("message"))) from first.get("exception")

    def _note_error(self, context: dict[str, Any]) -> None:
        """Keep an error that no client can cause; a client may close its connection at any moment."""
        if not isinstance(context.get("exception"), ConnectionError):
            self._errors.append(context)

    @property
    def address(self) -> str:
        """The value of USBMUXD_SOCKET_ADDRESS for pymobiledevice3."""
        return self.usbmuxd.address

    @property
    def libusbmuxd_address(self) -> str:
        """The value of USBMUXD_SOCKET_ADDRESS for libimobiledevice's tools."""
        return self.usbmuxd.libusbmuxd_address

    def start(self) -> None:
        """Start usbmuxd, or restart it after `stop`."""
        self.run(self.usbmuxd.start())

    def stop(self) -> None:
        """Stop usbmuxd as if it had crashed. Attached phones stay plugged in."""
        self.run(self.usbmuxd.stop())

    def attach(self, phone: SimulatedPhone, *, over: str = "USB") -> int:
        """Plug the phone in ("USB") or make it appear over Wi-Fi ("Network"). Return its DeviceID."""
        return self.do(lambda: self.usbmuxd.attach(phone, over))

    def unplug(self, phone: SimulatedPhone) -> None:
        """Unplug the phone."""
        self.do(lambda: self.usbmuxd.detach(phone))

    def replug(self, phone: SimulatedPhone) -> int:
        """Unplug the phone and plug it in again. Return its new DeviceID."""
        self.unplug(phone)
        return self.attach(phone)

    def pair(self, phone: SimulatedPhone) -> None:
        """Make phone and computer trust each other, as if they had been paired before."""
        self.do(lambda: self.usbmuxd.pair(phone))

    def drop_connections(self, phone: SimulatedPhone, service: str | None = LOCKDOWN) -> None:
        """Close the phone's connections to one service, or to all (None). It stays attached."""
        self.do(lambda: phone.close_connections(service))

    def do(self, call: Callable[[], _Result]) -> _Result:
        """Call a function in the simulator's event loop and return its result."""

        async def called() -> _Result:
            return call()

        return self.run(called())

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine in the simulator's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_TIMEOUT_SECONDS)

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
