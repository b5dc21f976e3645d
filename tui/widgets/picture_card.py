"""Some pictures side by side, one of them under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive

from tui.keys import Named
from tui.widgets.line import Line, Lines
from tui.widgets.picture import Picture
from tui.wire_looks import Raster

MOST = 6
NARROWEST = 26
"""Cards side by side at most, and the cells that each needs."""
LINES = 4
"""Lines beneath a picture."""


@dataclass(frozen=True)
class Card:
    """A picture (None: not at hand, or none can be made), and what stands beneath it in so many cells."""

    raster: Raster | None
    told: Callable[[int], list[Line]]


class PictureCard(Vertical):
    """One picture and some lines."""

    DEFAULT_CSS = """
    PictureCard { width: 1fr; height: 100%; padding: 0 1; border: round $background; }
    PictureCard.-here { border: round $rule; }
    PictureCards:focus PictureCard.-here { border: round $accent; }
    PictureCard Picture { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """Hold the picture and the lines."""
        yield Picture()
        yield Lines()

    _card: Card | None = None

    def show(self, card: Card) -> None:
        """Show another one."""
        self._card = card
        picture = self.query_one(Picture)
        picture.styles.max_height = max(self.content_size.height - LINES, 1)
        picture.show(card.raster)
        self.query_one(Lines).show(card.told(max(self.content_size.width, 10)))

    def on_resize(self) -> None:
        """Make the lines as wide as it is now."""
        if self._card is not None:
            self.show(self._card)


class PictureCards(Named, Horizontal, can_focus=True):
    """As many cards as there is room for, around the one under the cursor."""

    DEFAULT_CSS = """
    PictureCards { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "step(1)", "next picture", show=False),
        Binding("left,h", "step(-1)", "picture before", show=False),
    ]

    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor is on another picture."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cards: Sequence[Card] = ()

    def compose(self) -> ComposeResult:
        """Hold the cards; those for which there is no picture are not seen."""
        for _ in range(MOST):
            yield PictureCard()

    @property
    def room(self) -> tuple[int, int]:
        """The cells that a picture may take: columns and rows."""
        return max(self.size.width // self._shown - 4, 4), max(self.size.height - 2 - LINES, 2)

    @property
    def _shown(self) -> int:
        return max(min(self.size.width // NARROWEST, MOST, len(self._cards) or 1), 1)

    @property
    def in_view(self) -> range:
        """The cards that are seen."""
        first = max(0, min(self.cursor - self._shown // 2, len(self._cards) - self._shown))
        return range(first, min(first + self._shown, len(self._cards)))

    def show(self, cards: Sequence[Card]) -> None:
        """Show these."""
        self._cards = cards
        self.cursor = max(0, min(self.cursor, len(cards) - 1))
        self._draw()

    def watch_cursor(self) -> None:
        """Show the cards around it."""
        if self.is_mounted:
            self._draw()

    def on_resize(self) -> None:
        """Show as many as there is room for now."""
        self.post_message(self.Moved())

    def _draw(self) -> None:
        seen = list(self.in_view)
        for place, widget in enumerate(self.query(PictureCard)):
            widget.display = place < len(seen)
            if place < len(seen):
                widget.set_class(seen[place] == self.cursor, "-here")
                widget.show(self._cards[seen[place]])

    def on_click(self, event: events.Click) -> None:
        """Go to the picture that the mouse points at."""
        for number, card in zip(self.in_view, self.query(PictureCard), strict=False):
            if card.region.contains_point((event.screen_x, event.screen_y)):
                self.cursor = number
                self.post_message(self.Moved())

    def action_step(self, by: int) -> None:
        """Go to another picture."""
        self.cursor = max(0, min(self.cursor + by, len(self._cards) - 1))
        self.post_message(self.Moved())
