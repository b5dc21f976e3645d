"""Looking at a folder that is not watched yet: a plan first, and how to have it watched."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.screens.place import Box, Dialog
from tui.widgets.filter_bar import QuietInput
from tui.widgets.line import EMPTY, Lines


class AddFolder(Dialog[str]):
    """Asks for a folder's path."""

    DEFAULT_CSS = """
    AddFolder QuietInput { margin: 1 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "cancel")]
    AUTO_FOCUS = "QuietInput"

    def compose(self) -> ComposeResult:
        """Hold a line to type into, and what will happen."""
        with Box("Add a folder", "enter show the plan · esc cancel"):
            yield Lines([(("Which folder shall Shelver look at?", "text"),)])
            yield QuietInput(placeholder="~/Downloads")
            yield Lines(
                (
                    (("enter", "accent"), (" shows what would move where. Nothing moves before you approve.", "dim")),
                    EMPTY,
                    (("To have it watched from then on, add this to config.toml:", "dim"),),
                    (("    [[folder]]", "text"),),
                    (('    name = "downloads"', "text"),),
                    (('    path = "~/Downloads"', "text"),),
                )
            )

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        path = event.value.strip()
        if path:
            home = self.around.home
            path = home + path[1:] if path == "~" or path.startswith("~/") else path
            self.dismiss(os.path.abspath(path))
