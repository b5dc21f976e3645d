"""A folder: how it is, its rules in order, and what can be done with it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.errors import ShelverError
from core.model import FolderStatus
from core.names import shown
from tui.asking import ask_anew
from tui.screens.folder_lines import rule_facts, rule_rows, settings_lines, state_lines
from tui.screens.on_folder import OnFolder
from tui.screens.place import Banner, Box, Dialog
from tui.widgets.board import Board, Row
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Line, Lines, cut, shortened
from tui.widgets.line_list import LineList
from tui.wire_looks import FolderRules, RuleView


class FolderScreen(OnFolder):
    """One folder of the config."""

    DEFAULT_CSS = """
    FolderScreen Ends { background: $surface; }
    FolderScreen #about { padding: 0 2; margin: 1 0 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "organize", "organize"),
        Binding("s", "sync", "sync"),
        Binding("C", "conflicts", "conflicts", key_display="C"),
        Binding("P", "pause", "pause", key_display="P"),
        Binding("P", "resume", "resume", key_display="P"),
        Binding("E", "edit", "edit config", key_display="E"),
        Binding("e", "explain", "explain"),
        Binding("d", "duplicates", "duplicates"),
        Binding("l", "operations", "list"),
        Binding("f5", "again", "look again", show=False),
    ]
    CHANGES = OnFolder.CHANGES | {"edit"}
    AUTO_FOCUS = "Board"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._named = name
        self._rules: FolderRules | None = None
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Hold how it is, its rules, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="about")
        yield Board(id="rules")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for the rules."""
        self.action_again()

    def on_screen_resume(self) -> None:
        """Ask anew: the config may be another one now."""
        self.action_again()
        super().on_screen_resume()

    def action_again(self) -> None:
        """Ask for the rules anew."""
        ask_anew(self, self._ask, "rules")

    async def _ask(self) -> None:
        try:
            self._rules, self._trouble = await self.face.inquiries.rules(self._named), ""
        except ShelverError as error:
            self._rules, self._trouble = None, str(error)
        self._draw()

    @property
    def folder(self) -> FolderStatus | None:
        """The folder as it is now."""
        return self.live.folders.get(self._named)

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Draw how it is now."""
        self.tell_age(self.query_one(Banner))
        self._draw()
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        folder = self.folder
        name = self.around.tilde(self._named)
        path = self.around.tilde(folder.path) if folder is not None else ""
        room = max(self.size.width - len(name) - 6, 8)
        self.query_one("#title", Ends).show(((f" {name}", "strong"),), ((f"{shortened(path, room)} ", "dim"),))
        self.query_one("#about", Lines).show(self._about(max(self.size.width - 4, 30)))
        board = self.query_one(Board)
        if self._rules is not None:
            board.show(rule_rows(self._rules, board.scrollable_content_region.width or self.size.width))
        else:
            told = self._trouble or "Looking…"
            board.show([Row("told", lambda width: (("  " + cut(told, width - 2), "dim"),), told, selectable=False)])

    def _about(self, width: int) -> list[Line]:
        folder = self.folder
        if folder is None:
            return [((f"{shown(self._named)} is in the config no more.", "warn"),), EMPTY]
        lines = state_lines(folder, self.around, self.key, width)
        if self._rules is not None:
            lines += settings_lines(self._rules.settings, width)
        return [*lines, EMPTY]

    # -- keys --------------------------------------------------------------------------------------------

    @on(LineList.Opened)
    def _open(self) -> None:
        rule = self.query_one(Board).current
        if isinstance(rule, RuleView) and self._rules is not None:
            self.face.push_screen(RuleDetail(rule, self._rules.days))

    def action_conflicts(self) -> None:
        """Show what both it and its bucket changed."""
        self.face.looks.conflicts(self._named)

    def action_edit(self) -> None:
        """Edit the config."""
        self.face.looks.edit_config()

    def action_operations(self) -> None:
        """Show what was done there."""
        self.face.show_operations(self._named)


class RuleDetail(Dialog[None]):
    """A rule with nothing cut off."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "close", "close", show=False)]

    def __init__(self, rule: RuleView, days: int) -> None:
        super().__init__()
        self._rule = rule
        self._days = days

    def compose(self) -> ComposeResult:
        """Hold the facts."""
        with Box(cut(self._rule.name, 60), self.hints(("cancel", "close"))):
            yield Lines(id="facts")

    def on_mount(self) -> None:
        """Show them as wide as the box is."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        facts = self.query_one("#facts", Lines)
        facts.show([*rule_facts(self._rule, self._days, max(facts.size.width, 30)), EMPTY])
