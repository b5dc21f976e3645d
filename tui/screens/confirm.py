"""Asking before something is done. The answer nearest at hand is no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from core.names import shown
from tui.keys import Named
from tui.screens.place import Box, Dialog, T
from tui.widgets.line import INKS, Line, Lines, cut, ink


class Choice(Named, Widget, can_focus=True):
    """A button of one line; its label is data, never markup."""

    DEFAULT_CSS = """
    Choice { height: 1; width: auto; min-width: 10; margin: 0 1; background: $surface; }
    Choice:focus { background: $accent; }
    """
    COMPONENT_CLASSES = INKS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "press", "choose")]

    label: reactive[str] = reactive("", layout=True)

    class Pressed(Message):
        """A person chose it."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """The button."""
            return self.choice

    def __init__(self, label: str, *, id: str, disabled: bool = False) -> None:
        super().__init__(id=id, disabled=disabled)
        self.label = label

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the label's width, with some air."""
        return cell_len(shown(self.label)) + 4

    def render_line(self, y: int) -> Strip:
        """Draw the label in the middle."""
        width = self.size.width
        label = cut(self.label, width)
        role = "chosen" if self.has_focus else "faint" if self.disabled else "text"
        return ink(self, ((" " * ((width - cell_len(label)) // 2), "text"), (label, role)), width)

    def action_press(self) -> None:
        """Choose it."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Choose it."""
        self.action_press()


class Question(Dialog[T]):
    """A dialog with two buttons. The one that does nothing has the focus; the other wants to be gone to.

    It is never the key that opened the dialog which confirms, and keys that come faster than a person
    types do not confirm either: text pasted into the wrong window changes nothing.
    """

    DEFAULT_CSS = """
    Question > .box { padding: 1 2; }
    Question .buttons { height: 1; width: 100%; align-horizontal: center; margin-top: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,left,right,h,l", "other", "other button", show=False),
    ]
    AUTO_FOCUS = "#no"

    @property
    def keys(self) -> str:
        """The keys that choose between the buttons."""
        return self.hints(("other button", "other button"), ("choose", "choose"), ("cancel", "cancel"))

    def buttons(self, verb: str, *, no: str = "Cancel", ready: bool = True) -> ComposeResult:
        """Hold the two buttons."""
        with Horizontal(classes="buttons"):
            yield Choice(no, id="no")
            yield Choice(verb, id="yes", disabled=not ready)

    def action_other(self) -> None:
        """Go to the other button."""
        self.focus_next(Choice)

    @on(Choice.Pressed, "#no")
    def _no(self) -> None:
        self.dismiss(None)

    @on(Choice.Pressed, "#yes")
    def _yes(self) -> None:
        if not self.face.rhythm.hurried:
            self.confirmed()

    def confirmed(self) -> None:
        """A person means it."""
        raise NotImplementedError


class Confirm(Question[bool]):
    """A plain question."""

    def __init__(self, title: str, lines: Sequence[Line], verb: str, *, no: str = "Cancel") -> None:
        super().__init__()
        self._heading = title
        self._said = list(lines)
        self._verb = verb
        self._no_verb = no

    def compose(self) -> ComposeResult:
        """Hold what would happen, and the two buttons."""
        with Box(self._heading, self.keys):
            yield Lines(self._said)
            yield from self.buttons(self._verb, no=self._no_verb)

    def confirmed(self) -> None:
        """Yes."""
        self.dismiss(True)
