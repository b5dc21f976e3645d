"""Every key of a place, made from its bindings: what is here works, what works is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from tui.keys import key_name
from tui.screens.place import Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.filter_bar import FilterBar
from tui.widgets.line import Line, fitted, rule
from tui.widgets.line_list import LineList

KEYS_WIDTH = 18
HERE, IN_A_LIST, EVERYWHERE = "Here", "In a list", "Everywhere"

SHIFT = ("Hold shift to select text with the mouse,", "or start with --no-mouse.")
GOES_ON = "Leaving stops nothing: the agent goes on."


@dataclass
class Deed:
    """Something that keys do: who does it, and whether it can be done now."""

    said: str
    action: str
    node: DOMNode
    able: bool
    keys: list[str] = field(default_factory=list)

    def fits(self, text: str) -> bool:
        """Tell whether it is what somebody looks for: a part of what it does, or one of its keys."""
        return text.lower() in self.said.lower() or text in self.keys


class Help(Dialog[Deed]):
    """A list of keys over the place that they belong to; what is opened in it is done there."""

    DEFAULT_CSS = """
    Help > .box { height: 90%; }
    Help FilterBar { margin-bottom: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q", "close", "close", show=False),
        Binding("slash", "filter", "filter", show=False),
    ]
    AUTO_FOCUS = "Board"

    def __init__(self, place: Screen[Any]) -> None:
        super().__init__()
        self._sections = sections(place)
        self._text = ""

    def compose(self) -> ComposeResult:
        """Hold the list, and a line to look for something in it."""
        with Box("Keys", self.hints(("filter", "find"), ("open", "do it"), ("cancel", "close"))):
            yield Board(id="keys")
            yield FilterBar("what it does, or a key")

    def on_mount(self) -> None:
        """Show the keys."""
        self._show()

    def _show(self) -> None:
        self.query_one(Board).show(list(self._rows()))

    def _rows(self) -> Iterator[Row]:
        for title, deeds in self._sections.items():
            found = [deed for deed in deeds if deed.fits(self._text)]
            if found:
                yield Row(title, partial(_title, title), title, selectable=False)
            for deed in found:
                yield Row(f"{title}/{deed.said}", partial(_line, deed), (deed.said, deed.able), deed)
        if not self._text:
            hints = ("", *(SHIFT if self.face.outfit.mouse else ()), GOES_ON)
            yield from (Row(hint, partial(_hint, hint), hint, selectable=False) for hint in hints)

    @on(FilterBar.Asked)
    def _filter(self, event: FilterBar.Asked) -> None:
        self._text = event.text
        self._show()

    @on(FilterBar.Closed)
    def _when_closed(self) -> None:
        self.query_one(Board).focus()

    def action_filter(self) -> None:
        """Look for something."""
        self.query_one(FilterBar).open()

    @on(LineList.Opened)
    def _do(self) -> None:
        deed = self.query_one(Board).current
        if isinstance(deed, Deed) and deed.able:
            self.dismiss(deed)


def sections(place: Screen[Any]) -> dict[str, list[Deed]]:
    """Return what the keys of a place do: its own, those of lists, and those of everywhere."""
    found: dict[str, dict[str, Deed]] = {HERE: {}, IN_A_LIST: {}, EVERYWHERE: {}}
    for active in place.active_bindings.values():
        binding = active.binding
        if not binding.description or binding.action.startswith(_NOT_OURS):
            continue
        section = found[_section(binding, active.node, place)]
        fresh = Deed(binding.description, binding.action, active.node, active.enabled)
        deed = section.setdefault(binding.description, fresh)
        if (name := key_name(binding.key)) not in deed.keys:
            deed.keys.append(name)
    return {title: list(deeds.values()) for title, deeds in found.items() if deeds}


_NOT_OURS = ("app.focus", "screen.copy")
_OF_EVERY_PLACE = ("back", "quit", "show_help")


def _section(binding: Binding, node: DOMNode, place: Screen[Any]) -> str:
    if node is place.app or binding.action in _OF_EVERY_PLACE:
        return EVERYWHERE
    return IN_A_LIST if isinstance(node, LineList) else HERE


def _line(deed: Deed, width: int) -> Line:
    keys = fitted("  ".join(deed.keys), KEYS_WIDTH)
    said = fitted(deed.said, width - KEYS_WIDTH)
    return ((keys, "accent"), (said, "text")) if deed.able else ((keys, "faint"), (said, "faint"))


def _title(title: str, width: int) -> Line:
    return rule(width, title)


def _hint(hint: str, width: int) -> Line:
    return ((fitted("  " + hint, width), "faint"),)
