"""Every key of a place, made from its bindings: what is here works, what works is here."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.screens.place import Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.key_bar import key_name
from tui.widgets.line import Line, fitted, rule
from tui.widgets.line_list import LineList


class Help(Dialog[None]):
    """A list of keys over the place that they belong to."""

    DEFAULT_CSS = """
    Help > .box { height: 90%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q", "close", "close", show=False),
    ]
    AUTO_FOCUS = "Board"

    def __init__(self, place: Screen[None]) -> None:
        super().__init__()
        self._sections = sections(place)

    def compose(self) -> ComposeResult:
        """Hold the list."""
        with Box("Keys", "esc close"):
            yield Board(id="keys")

    def on_mount(self) -> None:
        """Show the keys."""
        rows: list[Row] = []
        for title, keys in self._sections.items():
            rows.append(Row(title, partial(_title, title), title, selectable=False))
            rows += [Row(said, partial(_line, names, said), names) for said, names in keys.items()]
        rows += [Row(hint, partial(_hint, hint), hint, selectable=False) for hint in HINTS]
        self.query_one(Board).show(rows)

    def on_line_list_opened(self) -> None:
        """There is nothing behind a key."""
        self.dismiss()


HINTS = (
    "",
    "Hold shift to select text with the mouse.",
    "Leaving stops nothing: the agent goes on.",
)


def sections(place: Screen[None]) -> dict[str, dict[str, list[str]]]:
    """Return what the keys of a place do, and which keys do it: its own, those of lists, and those of everywhere."""
    found: dict[str, dict[str, list[str]]] = {"Here": {}, "In a list": {}, "Everywhere": {}}
    for active in place.active_bindings.values():
        binding = active.binding
        if not binding.description or binding.action.startswith(_NOT_OURS):
            continue
        where = "Everywhere" if active.node is place.app or binding.action in ("back", "show_help") else "Here"
        section = found["In a list" if isinstance(active.node, LineList) else where]
        names = section.setdefault(binding.description, [])
        if (name := key_name(binding.key)) not in names:
            names.append(name)
    return {title: keys for title, keys in found.items() if keys}


_NOT_OURS = ("app.focus", "screen.copy", "app.help_quit")


def _line(keys: list[str], said: str, width: int) -> Line:
    return ((fitted("  ".join(keys), 18), "accent"), (fitted(said, width - 18), "text"))


def _title(title: str, width: int) -> Line:
    return rule(width, title)


def _hint(hint: str, width: int) -> Line:
    return ((fitted("  " + hint, width), "faint"),)
