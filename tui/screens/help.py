"""Every key of a place, made from its bindings: what is here works, what works is here."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.screens.place import Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.key_bar import key_name
from tui.widgets.line import Line, fitted


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
        self._keys = keys_of(place)

    def compose(self) -> ComposeResult:
        """Hold the list."""
        with Box("Keys"):
            yield Board(id="keys")

    def on_mount(self) -> None:
        """Show the keys."""
        rows = [
            Row(said, lambda width, k=keys, s=said: _line(k, s, width), (keys, said))
            for said, keys in self._keys.items()
        ]
        hints = ("Hold shift to select text with the mouse.", "Nothing that runs is stopped by leaving.")
        rows += [
            Row(hint, lambda width, h=hint: (("  " + h if h else "", "faint"),), hint, selectable=False)
            for hint in ("", *hints)
        ]
        self.query_one(Board).show(rows)

    def on_line_list_opened(self) -> None:
        """There is nothing behind a key."""
        self.dismiss()


def keys_of(place: Screen[None]) -> dict[str, list[str]]:
    """Return what the keys of a place do, and which keys do it."""
    keys: dict[str, list[str]] = {}
    for active in place.active_bindings.values():
        binding = active.binding
        if binding.description and not binding.system:
            name = key_name(binding.key_display or binding.key) if binding.show else key_name(binding.key)
            known = keys.setdefault(binding.description, [])
            if name not in known:
                known.append(name)
    return keys


def _line(keys: list[str], said: str, width: int) -> Line:
    return ((fitted("  ".join(keys), 18), "accent"), (fitted(said, width - 18), "text"))
