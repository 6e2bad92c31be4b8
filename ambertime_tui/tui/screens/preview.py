"""One item as the phone shows it small."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.picture import Picture, PictureView
from ambertime_tui.tui.widgets.spans import Span, line, shorten

if TYPE_CHECKING:
    from ambertime_tui.tui.application import AmberApp

WIDTH = 30


class PreviewScreen(ModalScreen[None]):
    """A picture over the list; any of the keys that a person would try takes it away."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "preview.tcss"
    HELP_TITLE = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v,q,enter,space", "close", "Close", id="preview.close"),
    ]

    def __init__(self, name: str, picture: Picture) -> None:
        super().__init__()
        self._title = name
        self._picture = picture

    def compose(self) -> ComposeResult:
        """The name, the picture, how to close it."""
        app = cast("AmberApp", self.app)
        terminal, terminal_glyphs = app.terminal, app.world.glyphs
        with Vertical(id="preview"):
            yield LinesView(
                (line(Span(shorten(self._title, WIDTH, terminal_glyphs.ellipsis), "strong")),),
                id="preview-name",
            )
            yield PictureView(self._picture, shades=terminal.ascii or terminal.native_palette)
            yield LinesView((line(Span("esc", "key"), " closes it"),), id="preview-keys")

    def action_close(self) -> None:
        """Back to the list."""
        self.dismiss(None)
