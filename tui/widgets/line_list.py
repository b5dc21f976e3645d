"""A list of lines with a cursor. It draws the lines that are seen, however many there are."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.keys import Named
from tui.widgets.line import EMPTY, INKS, Line, Piece, ink

GUTTER = 2
"""Cells before a line: the cursor and the mark."""
MARGIN = 1
"""Cells after a line, so that nothing touches the edge."""


class LineList(Named, ScrollView, can_focus=True, inherit_bindings=False):
    """The base of every list. Who derives from it says how many lines there are and what each shows."""

    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-color: $rule;
        scrollbar-color-hover: $dim;
        scrollbar-color-active: $dim;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        background: $background;
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = INKS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("down,j,n", "move(1)", "next line", show=False),
        Binding("up,k,N", "move(-1)", "line before", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "next page", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page before", show=False),
        Binding("home,g", "edge(-1)", "first line", show=False),
        Binding("end,G", "edge(1)", "last line", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    class Highlighted(Message):
        """The cursor came to rest on another line."""

        def __init__(self, widget: LineList) -> None:
            super().__init__()
            self.widget = widget

        @property
        def control(self) -> LineList:
            """The list it happened in."""
            return self.widget

        def can_replace(self, message: Message) -> bool:
            """Only the newest matters."""
            return isinstance(message, type(self)) and message.widget is self.widget

    class Opened(Message):
        """A person wants to go deeper into a line."""

        def __init__(self, widget: LineList, index: int) -> None:
            super().__init__()
            self.widget = widget
            self.index = index

        @property
        def control(self) -> LineList:
            """The list it happened in."""
            return self.widget

    # -- for who derives ---------------------------------------------------------------------------------

    def count(self) -> int:
        """Return how many lines there are."""
        raise NotImplementedError

    def line(self, index: int, width: int) -> Line:
        """Return what a line shows in `width` cells (without the gutter, where the cursor may rest on it)."""
        raise NotImplementedError

    def selectable(self, index: int) -> bool:
        """Tell whether the cursor may rest on a line."""
        return True

    def marked(self, index: int) -> bool:
        """Tell whether a person marked a line."""
        return False

    def sign(self, index: int) -> Piece:
        """Return the one cell that stands before a line."""
        return ("•" if self.marked(index) else " ", "accent")

    def recount(self) -> None:
        """Take note that there are more or fewer lines than before."""
        self.virtual_size = Size(0, self.count())
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    # -- drawing -----------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is seen."""
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if not 0 <= index < self.count():
            return ink(self, EMPTY, width)
        if not self.selectable(index):
            return ink(self, self.line(index, width - MARGIN), width)
        here = index == self.cursor
        gutter: Line = (("▸" if here else " ", "accent"), self.sign(index))
        over = ("line--cursor" if self.has_focus else "line--resting") if here else ""
        return ink(self, (*gutter, *self.line(index, max(width - GUTTER - MARGIN, 0))), width, over=over)

    # -- the cursor --------------------------------------------------------------------------------------

    def validate_cursor(self, index: int) -> int:
        """Keep the cursor on a line that it may rest on, the nearest to where it was sent."""
        count = self.count()
        index = max(0, min(index, count - 1))
        for distance in range(count):
            for candidate in (index + distance, index - distance):
                if 0 <= candidate < count and self.selectable(candidate):
                    return candidate
            if distance > 50:  # a long list is selectable throughout
                break
        return index

    def watch_cursor(self, before: int, index: int) -> None:
        """Draw the two lines that changed, and bring the cursor into view."""
        if before == index:
            return
        self.refresh_line(before)
        self.refresh_line(index)
        self.bring_into_view(index)
        self.call_after_refresh(self._see_to_it, index)
        self.post_message(self.Highlighted(self))
        self.refresh_bindings()

    def bring_into_view(self, index: int) -> None:
        """Scroll no further than needed to see a line."""
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=0 if index <= self._first() else index, animate=False, immediate=True)
        elif height and index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, immediate=True)

    def _see_to_it(self, index: int) -> None:
        """Bring the cursor into view once all is laid out: what came only just may not have had its place yet."""
        if index == self.cursor:
            self.bring_into_view(index)

    def _first(self) -> int:
        return next((index for index in range(min(self.count(), 50)) if self.selectable(index)), 0)

    def _sent(self, index: int, direction: int) -> None:
        """Send the cursor to a line, on past those that it may not rest on."""
        count = self.count()
        index = max(0, min(index, count - 1))
        while 0 <= index < count:
            if self.selectable(index):
                self.cursor = index
                return
            index += direction
        self.scroll_to(y=0 if direction < 0 else count, animate=False)

    def action_move(self, by: int) -> None:
        """Go to the next line, or the one before."""
        self._sent(self.cursor + by, by)

    def action_page(self, by: int) -> None:
        """Go a page down or up."""
        self._sent(self.cursor + by * max(self.scrollable_content_region.height - 1, 1), by)

    def action_edge(self, side: int) -> None:
        """Go to the first or the last line."""
        self._sent(0 if side < 0 else self.count() - 1, -side)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open only what is there."""
        if action == "open" and not (self.cursor < self.count() and self.selectable(self.cursor)):
            return False
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        """Go deeper into the line."""
        if self.count() and self.selectable(self.cursor):
            self.post_message(self.Opened(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Go where the mouse points; open what it points at twice."""
        index = self.scroll_offset.y + event.y
        if 0 <= index < self.count() and self.selectable(index):
            self.cursor = index
            if event.chain == 2:
                self.action_open()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys move."""
        self.refresh_line(self.cursor)

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self.refresh_line(self.cursor)
