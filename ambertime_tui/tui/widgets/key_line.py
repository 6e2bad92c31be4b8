"""The footer: the keys of this screen; those that cannot be used now are dimmed."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.binding import ActiveBinding
from textual.screen import Screen

from ambertime_tui.tui.glyphs import FULL, Glyphs
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.spans import Line, Span, width


@runtime_checkable
class HasKeyReasons(Protocol):
    """A screen that knows why an action is not possible now."""

    def why_not(self, action: str) -> str:
        """The reason as a sentence; empty if the action is possible."""

    def wording(self, action: str, usual: str) -> str:
        """The current label of the key."""


KEY_NAMES = {"escape": "esc", "question_mark": "?", "slash": "/", "enter": "enter", "ctrl+q": "^q"}


class KeyLine(LinesView):
    """One row, generated from the active bindings."""

    def __init__(self, glyphs: Glyphs = FULL, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs

    def on_mount(self) -> None:
        """Follow the bindings as the focus moves."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self.show_again()

    def lines_for(self, width_: int, height: int) -> tuple[Line, ...]:
        """As many keys as fit; help and quit are always shown."""
        last: list[tuple[Span, ...]] = []
        entries: list[tuple[Span, ...]] = []
        unusable: list[tuple[Span, ...]] = []
        seen: set[str] = set()
        # The screen's own keys come first; a narrow footer cuts those of the focused part.
        for active in sorted(self.screen.active_bindings.values(), key=self._rank):
            binding = active.binding
            if not binding.show or binding.action in seen:
                continue
            seen.add(binding.action)
            usable = active.enabled and not self._why_not(binding.action)
            key = binding.key_display or KEY_NAMES.get(binding.key, binding.key)
            entry: tuple[Span, ...] = (
                Span(f" {key}", "key" if usable else "rail"),
                Span(f" {self._wording(binding.action, binding.description)} ", "text" if usable else "rail"),
            )
            (last if binding.action in ("quit", "help") else entries).append(entry)
            if not usable:
                unusable.append(entry)
        room = width_ - sum(width(entry) for entry in last)
        while unusable and sum(width(entry) for entry in entries) > room:
            entries.remove(unusable.pop())
        shown: list[Span] = []
        for entry in entries:
            if width(entry) > room:
                break
            room -= width(entry)
            shown += entry
        return ((*shown, Span(" " * max(0, room)), *(span for entry in last for span in entry)),)

    def _rank(self, active: ActiveBinding) -> int:
        if active.node is not self.screen:
            return 2
        return 1 if active.binding.key == "tab" else 0

    def _wording(self, action: str, usual: str) -> str:
        screen = self.screen
        return screen.wording(action, usual) if isinstance(screen, HasKeyReasons) else usual

    def _why_not(self, action: str) -> str:
        screen = self.screen
        return screen.why_not(action) if isinstance(screen, HasKeyReasons) else ""
