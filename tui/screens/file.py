"""A file in full: its picture or text as large as the terminal is."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.names import shown
from tui.screens.place import Banner, Place
from tui.widgets.file_pane import FilePane
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends, shortened


class FileScreen(Place):
    """One file to look at."""

    DEFAULT_CSS = """
    FileScreen Ends { background: $surface; }
    FileScreen FilePane { padding: 1 2 0 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "explain", "explain"),
        Binding("y", "copy", "copy path"),
        Binding("f5", "again", "look again"),
        Binding("p", "back", "back", show=False),
    ]

    def __init__(self, path: bytes) -> None:
        super().__init__()
        self._path = path

    def compose(self) -> ComposeResult:
        """Hold where it lies, the file, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield FilePane()
        yield KeyBar()

    def on_mount(self) -> None:
        """Look."""
        self.query_one(FilePane).look(self._path)

    def live_changed(self) -> None:
        """Tell whether the agent is there."""
        folder = self.around.tilde(os.fsdecode(os.path.dirname(self._path)))
        room = max(self.size.width - 12, 10)
        self.query_one("#title", Ends).show(((" Preview", "strong"),), ((f"{shortened(shown(folder), room)} ", "dim"),))
        self.tell_age(self.query_one(Banner))

    def action_explain(self) -> None:
        """Say what the rules would do with it."""
        self.face.looks.explain(self._path)

    def action_copy(self) -> None:
        """Hand its path to the terminal's clipboard."""
        self.face.looks.copy(self._path)

    def action_again(self) -> None:
        """Look anew."""
        self.query_one(FilePane).again()
