"""A simulated usbmuxd with its phones in a thread of its own, for whoever has no event loop to lend."""

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
    """The simulator itself met an error that it does not know."""


class BackgroundUsbmuxd:
    """Runs from `with` to its end. Its methods may be called from any thread and are done on return.

    Raises:
        SimulatorError: at the end, if something went wrong in the simulator that no client could have caused.
    """

    def __init__(self, address: str) -> None:
        self.usbmuxd = Usbmuxd(address)
        self._loop = new_event_loop()
        self._loop.set_exception_handler(lambda _, context: self._errors.append(context))
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

    @property
    def address(self) -> str:
        """As pymobiledevice3 wants it in USBMUXD_SOCKET_ADDRESS."""
        return self.usbmuxd.address

    @property
    def libusbmuxd_address(self) -> str:
        """As libimobiledevice's tools want it there."""
        return self.usbmuxd.libusbmuxd_address

    def start(self) -> None:
        """Starts usbmuxd (again, after `stop`)."""
        self.run(self.usbmuxd.start())

    def stop(self) -> None:
        """Ends usbmuxd as if it had crashed; attached phones stay plugged in."""
        self.run(self.usbmuxd.stop())

    def attach(self, phone: SimulatedPhone, *, over: str = "USB") -> int:
        """Plugs the phone in ("USB") or lets it appear over Wi-Fi ("Network"); the result is its DeviceID."""
        return self.do(lambda: self.usbmuxd.attach(phone, over))

    def unplug(self, phone: SimulatedPhone) -> None:
        """Pulls its cable."""
        self.do(lambda: self.usbmuxd.detach(phone))

    def replug(self, phone: SimulatedPhone) -> int:
        """Pulls its cable and plugs it in again; the result is its new DeviceID."""
        self.unplug(phone)
        return self.attach(phone)

    def pair(self, phone: SimulatedPhone) -> None:
        """Makes phone and computer trust each other as if they had been paired long ago."""
        self.do(lambda: self.usbmuxd.pair(phone))

    def drop_connections(self, phone: SimulatedPhone, service: str | None = LOCKDOWN) -> None:
        """Ends the phone's connections to one service, or to all (None), while it stays attached."""
        self.do(lambda: phone.close_connections(service))

    def do(self, call: Callable[[], _Result]) -> _Result:
        """Calls in the simulator's event loop."""

        async def called() -> _Result:
            return call()

        return self.run(called())

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Runs a coroutine in the simulator's event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_TIMEOUT_SECONDS)

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
