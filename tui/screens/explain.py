"""Explain: each rule in turn, the facts it looked at, what is remembered, and where a file would go."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from core.errors import ShelverError
from core.names import shown
from tui.asking import ask_anew
from tui.screens.explain_lines import explanation_rows
from tui.screens.place import Banner, Box, Dialog, Place
from tui.widgets.board import Board, Row
from tui.widgets.file_pane import FilePane
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Lines, cut, folded
from tui.widgets.path_input import PathInput
from tui.widgets.still_board import StillBoard
from tui.wire import exact_path
from tui.wire_looks import Explanation


class Explain(Place):
    """One file before the rules of its folder."""

    DEFAULT_CSS = """
    Explain Ends { background: $surface; }
    Explain #path { padding: 0 2; height: auto; margin: 1 0 0 0; }
    Explain Board { width: 7fr; }
    Explain FilePane { display: none; width: 5fr; border-left: vkey $rule; }
    Explain.-wide FilePane { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "preview", "preview"),
        Binding("r", "rules", "folder and rules"),
        Binding("e", "another", "explain another"),
        Binding("y", "copy", "copy path", show=False),
        Binding("f5", "again", "look again", show=False),
    ]
    AUTO_FOCUS = "StillBoard"

    def __init__(self, path: bytes) -> None:
        super().__init__()
        self._path = path
        self._told: Explanation | None = None
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Hold the file's path, the verdict with the rules and facts, the file itself where there is room."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="path")
        with Horizontal():
            yield StillBoard(id="told")
            yield FilePane()
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask."""
        self.action_again()

    def action_again(self) -> None:
        """Ask anew: the file, the rules or the decisions may have changed."""
        ask_anew(self, self._ask, "explain")

    async def _ask(self) -> None:
        try:
            self._told, self._trouble = await self.face.inquiries.explain(self._path), ""
        except ShelverError as error:
            self._told, self._trouble = None, str(error)
        self._draw()

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Tell whether the agent is there."""
        self.tell_age(self.query_one(Banner))
        self._draw()

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        told = self._told
        folder = self.around.tilde(told.folder) if told else ""
        self.query_one("#title", Ends).show(
            ((" Explain", "strong"), (f"  {shown(os.path.basename(self._path))}", "text")), ((f"{folder} ", "dim"),)
        )
        path = self.around.tilde(os.fsdecode(self._path))
        self.query_one("#path", Lines).show([*(((part, "dim"),) for part in folded(path, self.size.width - 4)), EMPTY])
        board = self.query_one(Board)
        if told is not None:
            board.show(explanation_rows(told, self.around, max(board.scrollable_content_region.width - 1, 40)))
        else:
            board.show([_said(part) for part in folded(self._trouble or "Looking…", max(self.size.width - 4, 20))])
        if self.query_one(FilePane).display:
            self.query_one(FilePane).look(self._path)

    # -- keys --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the rules of a folder that is known."""
        if action == "rules" and (self._told is None or self._told.folder not in self.live.folders):
            return False
        return super().check_action(action, parameters)

    def action_preview(self) -> None:
        """Show the file."""
        self.face.looks.preview(self._path)

    def action_rules(self) -> None:
        """Show the folder that it lies in."""
        if self._told is not None:
            self.face.looks.folder(self._told.folder)

    def action_another(self) -> None:
        """Ask for another file."""
        self.face.looks.ask_what_to_explain(os.path.dirname(self._path))

    def action_copy(self) -> None:
        """Hand its path to the terminal's clipboard."""
        told = self._told
        if told is not None:
            self.face.looks.copy(exact_path(told.path, told.path_b64) or b"")


def _said(text: str) -> Row:
    return Row(text, lambda width: (("  " + cut(text, width - 2), "dim"),), text, selectable=False)


class AskFile(Dialog[bytes]):
    """Asks which file shall be explained."""

    DEFAULT_CSS = """
    AskFile PathInput { margin: 1 0 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "cancel")]
    AUTO_FOCUS = "PathEntry"

    def __init__(self, start: str) -> None:
        super().__init__()
        self._start = start

    def compose(self) -> ComposeResult:
        """Hold a line to type into."""
        keys = self.hints(("complete the path", "complete"), ("take the path", "explain"), ("cancel", "cancel"))
        with Box("Explain a file", keys):
            yield Lines([(("What would the rules do with which file, and why?", "text"),)])
            yield PathInput(self.around.home, value=self._start, hint="~/Downloads/invoice.pdf", files=True)

    @on(PathInput.Given)
    def _given(self, event: PathInput.Given) -> None:
        self.dismiss(event.path)
