"""The thumbnail of one item."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.picture import Picture, PictureView
from ambertime_tui.tui.widgets.spans import Span, line, shorten

WIDTH = 30


class PreviewScreen(ModalScreen[None]):
    """A picture on top of the list; any likely key closes it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "preview.tcss"
    HELP_TITLE = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v,q,enter,space", "close", "Close", id="preview.close"),
    ]

    def __init__(self, name: str, picture: Picture, glyphs: Glyphs, *, shades: bool) -> None:
        """
        Args:
            name: of the item.
            picture: its thumbnail.
            glyphs: characters to draw with.
            shades: draw with ASCII shades instead of colours.
        """
        super().__init__()
        self._glyphs = glyphs
        self._shades = shades
        self._title = name
        self._picture = picture

    def compose(self) -> ComposeResult:
        """The name, the picture, the key to close it."""
        with Vertical(id="preview"):
            yield LinesView(
                (line(Span(shorten(self._title, WIDTH, self._glyphs.ellipsis), "strong")),),
                id="preview-name",
            )
            yield PictureView(self._picture, shades=self._shades)
            yield LinesView((line(Span("esc", "key"), " Close"),), id="preview-keys")

    def action_close(self) -> None:
        """Return to the list."""
        self.dismiss(None)
