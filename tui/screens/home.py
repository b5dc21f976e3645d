"""Home: is all well, what is moving, what waits for me, and how do I take it back."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from core.errors import ShelverError
from core.model import FolderStatus, Operation
from tui import words
from tui.screens.home_rows import home_rows
from tui.screens.on_folder import OnFolder
from tui.screens.place import Banner
from tui.screens.turns import Many
from tui.widgets.board import Board
from tui.widgets.chart import Chart
from tui.widgets.glance import Glance
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends
from tui.widgets.line_list import LineList


class Home(OnFolder):
    """The first screen."""

    DEFAULT_CSS = """
    Home Ends { background: $surface; }
    Home Glance { display: none; width: 5fr; }
    Home Board { width: 7fr; }
    Home.-wide Glance { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "organize", "organize"),
        Binding("s", "sync", "sync"),
        Binding("u", "undo", "undo"),
        Binding("d", "duplicates", "duplicates"),
        Binding("w", "where", "where"),
        Binding("P", "pause", "pause", key_display="P"),
        Binding("P", "resume", "resume", key_display="P"),
        Binding("l", "operations", "list"),
        Binding("a", "add", "add folder"),
        Binding("r", "rules", "folder and rules", show=False),
        Binding("e", "explain", "explain", show=False),
        Binding("slash", "filter", "filter the list", show=False),
        Binding("1", "jump('folder')", "to the folders", show=False),
        Binding("2", "jump('running')", "to what runs", show=False),
        Binding("3", "jump('waiting')", "to what waits for you", show=False),
        Binding("4", "jump('ended')", "to what happened lately", show=False),
    ]
    CHANGES = OnFolder.CHANGES | {"undo", "add"}
    AUTO_FOCUS = "Board"

    def compose(self) -> ComposeResult:
        """Hold a title, the board, a closer look where there is room, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        with Horizontal():
            yield Board(id="board")
            yield Glance(self.around)
        yield Chart(self.around)
        yield KeyBar()

    def __init__(self) -> None:
        super().__init__()
        self._counted = -1
        """How many endings the chart knows of."""
        self._soon: Timer | None = None

    @property
    def board(self) -> Board:
        """The rows."""
        return self.query_one(Board)

    def live_changed(self) -> None:
        """Draw the picture anew."""
        live = self.live
        since = ""
        if live.agent is not None and live.agent.started is not None:
            since = f" · agent up since {words.since(live.agent.started, self.around.now())}"
        self.query_one("#title", Ends).show(((" Shelver", "strong"),), ((f"{self.around.host}{since} ", "dim"),))
        self.tell_age(self.query_one(Banner))
        self.board.show(home_rows(live, self.around, self.key, self.board.size.height))
        self._look_closer()
        if live.connected and live.endings != self._counted and self._soon is None:
            self._counted = live.endings
            self.run_worker(self._count_days(), group="activity", exit_on_error=False)
            self._soon = self.set_timer(4 * self.around.beat, self._count_again)

    async def _count_days(self) -> None:
        """Ask what was done on each of the last days."""
        with suppress(ShelverError):  # a chart that is missing is nothing to complain about
            self.query_one(Chart).tell(await self.face.agent.activity())

    def _count_again(self) -> None:
        self._soon = None
        if self._counted != self.live.endings:
            self.live_changed()

    @on(LineList.Highlighted)
    def _look_closer(self) -> None:
        if self.query_one(Glance).display:
            self.query_one(Glance).look(self.board.current, self.live)

    def on_resize(self) -> None:
        """A wider terminal may show more."""
        self.query_one(Chart).fit(self.size)
        self.call_after_refresh(self.live_changed)

    # -- what the keys are about -------------------------------------------------------------------------

    @property
    def folder(self) -> FolderStatus | None:
        """The folder under the cursor."""
        current = self.board.current
        return current if isinstance(current, FolderStatus) else None

    @property
    def undoable(self) -> Operation | None:
        """What `u` would take back: the operation under the cursor, or the last one in the folder under it."""
        current = self.board.current
        if isinstance(current, FolderStatus):
            ended = self.live.ended()
            return next((o for o in ended if o.folder == current.name and words.can_undo(o)), None)
        if isinstance(current, Many):
            current = current.first
        return current if isinstance(current, Operation) and words.can_undo(current) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the row under the cursor allows."""
        if action == "back" or (action == "rules" and self.folder is None):
            return False
        if action == "undo" and self.undoable is None:
            return None
        return super().check_action(action, parameters)

    # -- keys --------------------------------------------------------------------------------------------

    @on(LineList.Opened)
    def _open(self) -> None:
        current = self.board.current
        if isinstance(current, FolderStatus):
            self.face.looks.folder(current.name)
        elif isinstance(current, Many):
            self.face.show_operations(current.first.folder)
        elif isinstance(current, Operation):
            self.face.open_operation(current)

    def action_undo(self) -> None:
        """Show what taking it back would do."""
        if self.undoable is not None:
            self.face.acts.show_undo(self.undoable)

    def action_rules(self) -> None:
        """Show the folder under the cursor, its rules and settings."""
        if self.folder is not None:
            self.face.looks.folder(self.folder.name)

    def action_where(self) -> None:
        """Search where a file went."""
        self.face.show_where()

    def action_operations(self) -> None:
        """Show all operations."""
        self.face.show_operations()

    def action_filter(self) -> None:
        """Show the operations that a person asks for."""
        self.face.show_operations(filtering=True)

    def action_add(self) -> None:
        """Look at a folder that is not watched yet."""
        self.face.acts.add_folder()

    def action_jump(self, section: str) -> None:
        """Go to a section."""
        self.board.jump(section)
