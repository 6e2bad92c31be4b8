"""The few uses of Textual's internals, for things without a public interface. Written for Textual 8.2.8."""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable, Iterable
from functools import partial

from textual import events
from textual._parser import Parser
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message


def terminal_is_behind(app: App[int] | App[object]) -> bool:
    """True while output is queued for a slow terminal; drawing more would only delay the response to keys."""
    thread = getattr(getattr(app, "_driver", None), "_writer_thread", None)
    queue = getattr(thread, "_queue", None)
    return queue is not None and queue.qsize() > 0


def tell_terminal(app: App[int], sequence: str) -> None:
    """Write an escape sequence that Textual has no method for (OSC 9, OSC 777)."""
    driver = getattr(app, "_driver", None)
    if driver is not None and not app.is_headless:
        driver.write(sequence)


def unmarked(text: str) -> str:
    """A text escaped for Textual's markup, whose own `escape` misses ``[red]x[/``."""
    return text.replace("[", "\\[")


class TolerantParser(XTermParser):
    """Skips input that the terminal should not have sent, such as a key with an impossible code point."""

    def feed(self, data: str) -> Iterable[Message]:
        try:
            for message in super().feed(data):
                if not _is_surrogate_key(message):
                    yield message
        except (ValueError, OverflowError):
            Parser.__init__(self)  # restarts the parser, but keeps the state of the mouse


def _is_surrogate_key(message: Message) -> bool:
    """Whether a key is half of a character, which cannot be written anywhere."""
    return isinstance(message, events.Key) and "\ud800" <= (message.character or "") <= "\udfff"


def _replacing_decoder(encoding: str) -> Callable[[], IncrementalDecoder]:
    """As `getincrementaldecoder`, but bytes that are not in the encoding become U+FFFD.

    A Latin-1 terminal sends such bytes, a paste can hold them, and so does a mouse report in the X10 form
    (Textual issue 6668). Textual's own decoder raises an error, which ends the app.
    """
    return partial(getincrementaldecoder(encoding), errors="replace")


class TolerantDriver(LinuxDriver):
    """Textual's driver, made to survive any bytes from the terminal."""

    def run_input_thread(self) -> None:
        vars(linux_driver).update(getincrementaldecoder=_replacing_decoder, XTermParser=TolerantParser)
        super().run_input_thread()

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - the app reports it; Textual would print a traceback
            self._app.call_later(self._app._handle_exception, error)


class QuietApp(App[int]):
    """An app that stores an unexpected error in `unexpected` instead of printing a traceback; the caller
    raises it where errors become a sentence."""

    @property
    def unexpected(self) -> Exception | None:
        """The error that ended the app, if any."""
        return self._exception

    def get_driver_class(self) -> type[Driver]:
        chosen = super().get_driver_class()
        return TolerantDriver if chosen is LinuxDriver else chosen

    def _fatal_error(self) -> None:
        if self.is_headless:
            super()._fatal_error()
        else:
            self._close_messages_no_wait()
