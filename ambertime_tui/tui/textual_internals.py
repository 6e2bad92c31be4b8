"""The few uses of Textual's internals, for things without a public interface. Written for Textual 8.2.8."""

from __future__ import annotations

from textual.app import App
from textual.screen import Screen


def terminal_is_behind(app: App[int] | App[object]) -> bool:
    """True while output is queued for a slow terminal; drawing more would only delay the response to keys."""
    thread = getattr(getattr(app, "_driver", None), "_writer_thread", None)
    queue = getattr(thread, "_queue", None)
    return queue is not None and queue.qsize() > 0


def tell_terminal(app: App[int], sequence: str) -> None:
    """Writes an escape sequence that Textual has no method for (OSC 9, OSC 777)."""
    driver = getattr(app, "_driver", None)
    if driver is not None and not app.is_headless:
        driver.write(sequence)


def screen_text(screen: Screen[object] | Screen[None]) -> str:
    """The contents of a screen as plain text, for tests."""
    strips = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def unmarked(text: str) -> str:
    """A text escaped for Textual's markup, whose own `escape` misses ``[red]x[/``."""
    return text.replace("[", "\\[")


class QuietApp(App[int]):
    """An app that stores an unexpected error in `unexpected` instead of printing a traceback; the caller
    raises it where errors become a sentence."""

    @property
    def unexpected(self) -> Exception | None:
        """The error that ended the app, if any."""
        return self._exception

    def _fatal_error(self) -> None:
        if self.is_headless:
            super()._fatal_error()
        else:
            self._close_messages_no_wait()
