"""The few things that Textual does not offer and that are taken from its inside; written for textual
8.2.8."""

from __future__ import annotations

from textual.app import App
from textual.screen import Screen


def terminal_is_behind(app: App[int] | App[object]) -> bool:
    """True while frames wait for a terminal that reads slowly: another one would only make keys answer
    later."""
    thread = getattr(getattr(app, "_driver", None), "_writer_thread", None)
    queue = getattr(thread, "_queue", None)
    return queue is not None and queue.qsize() > 0


def tell_terminal(app: App[int], sequence: str) -> None:
    """Writes an escape sequence that Textual has no method for (OSC 9, OSC 777)."""
    driver = getattr(app, "_driver", None)
    if driver is not None and not app.is_headless:
        driver.write(sequence)


def screen_text(screen: Screen[object] | Screen[None]) -> str:
    """What stands on a screen, as plain text; for tests and for reports of what somebody saw."""
    strips = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def unmarked(text: str) -> str:
    """A text as Textual's markup shows it letter by letter; its own `escape` lets ``[red]x[/`` through."""
    return text.replace("[", "\\[")


class QuietApp(App[int]):
    """An app that ends with an unexpected error in `unexpected`, instead of painting a traceback over the
    terminal: whoever ran it raises it where errors are told in a sentence."""

    @property
    def unexpected(self) -> Exception | None:
        """What ended the app, if nobody meant it to end."""
        return self._exception

    def _fatal_error(self) -> None:
        if self.is_headless:
            super()._fatal_error()
        else:
            self._close_messages_no_wait()
