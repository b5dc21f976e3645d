"""A line to type a filter into; it comes with `/` and goes with enter (kept) or escape (cleared)."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

PAUSE = 0.25
"""Seconds after the last key before the agent is asked."""


class QuietInput(Input):
    """An input whose cursor does not blink: an idle screen sends nothing."""

    DEFAULT_CSS = """
    QuietInput, QuietInput:focus {
        border: none; height: 1; padding: 0 1; background: $surface; color: $foreground;
    }
    """

    def on_mount(self) -> None:
        """Let the cursor stand still."""
        self.cursor_blink = False


class FilterBar(QuietInput):
    """Tells whoever holds it what to filter by, a moment after typing stops."""

    DEFAULT_CSS = """
    FilterBar { display: none; dock: bottom; margin-bottom: 1; }
    FilterBar.-open { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear"),
        Binding("enter", "keep", "keep"),
    ]

    class Asked(Message):
        """The filter is another one now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The bar is gone; the filter stays as it was asked last."""

    def __init__(self, hint: str) -> None:
        super().__init__(placeholder=hint)
        self._timer: Timer | None = None
        self._asked = ""

    def open(self) -> None:
        """Come into view and take the keys."""
        self.add_class("-open")
        self.focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._ask)

    def _ask(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        text = self.value.strip()
        if text != self._asked:
            self._asked = text
            self.post_message(self.Asked(text))

    def action_keep(self) -> None:
        """Ask at once, and close."""
        self._ask()
        self._close()

    def action_clear(self) -> None:
        """Ask for everything again, and close."""
        self.value = ""
        self._ask()
        self._close()

    def _close(self) -> None:
        self.remove_class("-open")
        self.post_message(self.Closed())
