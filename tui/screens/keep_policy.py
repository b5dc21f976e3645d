"""Which file of every group shall stay: one policy for all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.names import shown
from tui.screens.duplicate_choices import BEST, POLICIES, Policy, folder_policies
from tui.screens.place import Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.line import EMPTY, Line, Lines, cut, fitted
from tui.widgets.line_list import LineList

MOST_SHOWN = 12
"""Policies in sight at once: folders may be many."""
NAME, SAID = 12, 24
"""Cells of a policy's name and of what it says, at least."""


class Chosen(NamedTuple):
    """The answer: a policy, or none for what the config says."""

    policy: Policy | None


class KeepPolicy(Dialog[Chosen]):
    """Asks for a policy. `folders`: the path of each local folder, by name."""

    DEFAULT_CSS = """
    KeepPolicy Board { height: auto; margin: 1 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "cancel")]
    AUTO_FOCUS = "Board"

    def __init__(self, near: bool, folders: Mapping[str, str]) -> None:
        super().__init__()
        self._near = near
        self._folders = folders

    def compose(self) -> ComposeResult:
        """Hold the policies."""
        of = "Of pictures that look alike, which" if self._near else "Of each file, which copy"
        what = f"{of} shall stay?"
        with Box("Keep by policy", self.hints(("open", "choose"), ("cancel", "cancel"))):
            yield Lines([((what, "text"),)])
            yield Board()
            yield Lines([(("Nothing is done before you have seen the plan.", "dim"),), EMPTY])

    def on_mount(self) -> None:
        """Show them."""
        rows = self._rows()
        board = self.query_one(Board)
        board.styles.height = min(len(rows), MOST_SHOWN)
        board.show(rows)

    def _rows(self) -> list[Row]:
        """Return the policies, those that need no folder first, then what the config says."""
        nobody = "leave all of them alone until you decide" if self._near else "as the config says"
        plain = [*([BEST] if self._near else []), *POLICIES]
        by_folder = folder_policies(self._folders)
        wide = max(NAME, *(len(shown(policy.name)) + 2 for policy in by_folder)) if by_folder else NAME
        return [
            *(_row(policy.name, policy.said, wide, Chosen(policy)) for policy in plain),
            _row("", nobody, wide, Chosen(None)),
            *(_row(policy.name, policy.said, wide, Chosen(policy)) for policy in by_folder),
        ]

    @on(LineList.Opened)
    def _chosen(self) -> None:
        chosen = self.query_one(Board).current
        self.dismiss(chosen if isinstance(chosen, Chosen) else None)


def _row(name: str, said: str, wide: int, chosen: Chosen) -> Row:
    return Row(name or "config", partial(_line, name, said, wide), name, chosen)


def _line(name: str, said: str, wide: int, width: int) -> Line:
    room = min(wide, max(width - SAID, NAME))
    return ((fitted(cut(name or "—", room - 2), room), "strong"), (fitted(said, max(width - room, 0)), "text"))
