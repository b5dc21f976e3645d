"""Which file of every group shall stay: one policy for all."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.screens.duplicate_choices import BEST, POLICIES
from tui.screens.place import Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.line import EMPTY, Line, Lines, fitted
from tui.widgets.line_list import LineList

AS_CONFIGURED = ""


class KeepPolicy(Dialog[str]):
    """Asks for a policy; answers with its name, or nothing for what the config says."""

    DEFAULT_CSS = """
    KeepPolicy Board { height: auto; margin: 1 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "cancel")]
    AUTO_FOCUS = "Board"

    def __init__(self, near: bool) -> None:
        super().__init__()
        nobody = "leave all of them alone until you decide" if near else "as the config says"
        best = {BEST: "the one with the most pixels"} if near else {}
        self._policies = {**best, **POLICIES, AS_CONFIGURED: nobody}
        self._near = near

    def compose(self) -> ComposeResult:
        """Hold the policies."""
        of = "Of pictures that look alike, which" if self._near else "Of each file, which copy"
        what = f"{of} shall stay?"
        with Box("Keep by policy", "enter choose · esc cancel"):
            yield Lines([((what, "text"),)])
            yield Board()
            yield Lines([(("Nothing is done before you have seen the plan.", "dim"),), EMPTY])

    def on_mount(self) -> None:
        """Show them."""
        board = self.query_one(Board)
        rows = [Row(name or "config", partial(_line, name, said), name, name) for name, said in self._policies.items()]
        board.styles.height = len(rows)
        board.show(rows)

    @on(LineList.Opened)
    def _chosen(self) -> None:
        self.dismiss(str(self.query_one(Board).current or AS_CONFIGURED))


def _line(name: str, said: str, width: int) -> Line:
    return ((fitted(name or "—", 12), "strong"), (fitted(said, width - 12), "text"))
