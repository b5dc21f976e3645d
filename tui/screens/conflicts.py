"""The files of a folder that both it and its bucket changed, both versions side by side; which one is kept."""

from __future__ import annotations

import os
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.errors import ShelverError
from core.model import ConflictView, FolderStatus, Resolution
from core.names import shown
from tui import words
from tui.asking import ask_anew
from tui.screens.conflict_lines import conflict_facts, conflict_line, head, said
from tui.screens.place import Banner, Place
from tui.widgets.board import Board, Row
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends, Lines, cut, shortened
from tui.widgets.line_list import LineList
from tui.wire import exact_path


class ConflictBoard(Board):
    """The conflicts. `marks`: the copies of those that a person marked."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: set[bytes] = set()

    def marked(self, index: int) -> bool:
        """Tell whether a person marked it."""
        conflict = self.rows[index].subject
        return isinstance(conflict, ConflictView) and copy_of(conflict) in self.marks

    def chosen(self) -> list[bytes]:
        """Return the copies that are meant: the marked ones, else the one under the cursor."""
        known = [copy_of(row.subject) for row in self.rows if isinstance(row.subject, ConflictView)]
        marked = [copy for copy in known if copy in self.marks]
        return marked or [copy_of(each) for each in (self.current,) if isinstance(each, ConflictView)]


class Conflicts(Place):
    """What waits to be settled in one folder."""

    DEFAULT_CSS = """
    Conflicts Ends { background: $surface; }
    Conflicts #about { padding: 0 2; margin: 1 0; }
    Conflicts #facts { padding: 0 2; border-top: solid $rule; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "keep('mine')", "keep mine"),
        Binding("t", "keep('theirs')", "keep theirs"),
        Binding("b", "keep('both')", "keep both"),
        Binding("space", "mark", "mark", key_display="space"),
        Binding("a", "mark_all", "mark all"),
        Binding("f5", "again", "look again", show=False),
    ]
    CHANGES = frozenset({"keep"})
    AUTO_FOCUS = "ConflictBoard"

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._named = folder
        self._conflicts: list[ConflictView] | None = None
        self._trouble = ""
        self._counted = -1

    def compose(self) -> ComposeResult:
        """Hold what it is about, the files, both versions of one of them, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="about")
        yield Lines(id="head")
        yield ConflictBoard()
        yield Lines(id="facts")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for them."""
        self.action_again()

    def on_screen_resume(self) -> None:
        """Ask anew: some may have been settled meanwhile."""
        self.action_again()
        super().on_screen_resume()

    def action_again(self) -> None:
        """Ask for the conflicts anew."""
        ask_anew(self, self._ask, "conflicts")

    async def _ask(self) -> None:
        try:
            self._conflicts, self._trouble = await self.face.agent.conflicts(self._named), ""
        except ShelverError as error:
            self._conflicts, self._trouble = None, str(error)
        self._draw()

    @property
    def folder(self) -> FolderStatus | None:
        """The folder as it is now."""
        return self.live.folders.get(self._named)

    @property
    def board(self) -> ConflictBoard:
        """The conflicts."""
        return self.query_one(ConflictBoard)

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Draw how it is now; where their number changed, ask for them anew."""
        self.tell_age(self.query_one(Banner))
        counted = self.folder.conflicts if self.folder is not None else -1
        if self._counted not in (-1, counted):
            self.action_again()
        self._counted = counted
        self._draw()

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        folder, found = self.folder, self._conflicts or []
        name = shortened(self.around.tilde(self._named), max(self.size.width - 30, 20))
        count = f"  {words.conflicts(len(found))}" if found else ""
        bucket = folder.bucket if folder is not None else ""
        room = max(self.size.width - len(name) - len(count) - 4, 8)
        title = ((f" {name}", "strong"), (count, "warn"))
        self.query_one("#title", Ends).show(title, ((f"{shortened(bucket, room)} ", "dim"),))
        about = said(folder, len(found), max(self.size.width - 4, 30)) if self._conflicts is not None else []
        self.query_one("#about", Lines).show(about)
        board = self.board
        width = max(board.scrollable_content_region.width - 3, 30)
        names = max((cell_len(shown(each.path)) for each in found), default=0)
        self.query_one("#head", Lines).show([head(names, width)] if found else [])
        rows = [
            Row(
                f"conflict {each.copy}",
                partial(conflict_line, each, names, self.around),
                (each, names, self.around.now()),
                each,
            )
            for each in found
        ]
        told = self._trouble or ("Looking…" if self._conflicts is None else "")
        waiting = Row("told", lambda room: (("  " + cut(told, room - 2), "dim"),), told, selectable=False)
        board.marks &= {copy_of(each) for each in found}
        board.show(rows or [waiting])
        self._show_facts()

    def _row(self, conflict: ConflictView, names: int) -> Row:
        shows = (conflict, names, self.around.now().date())
        return Row(f"conflict {conflict.copy}", partial(conflict_line, conflict, names, self.around), shows, conflict)

    @on(LineList.Highlighted)
    def _show_facts(self) -> None:
        current, facts = self.board.current, self.query_one("#facts", Lines)
        facts.display = isinstance(current, ConflictView) and self.size.height >= 18
        if isinstance(current, ConflictView):
            facts.show(conflict_facts(current, self.around, max(self.size.width - 4, 30)))

    # -- keys --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what there is something for."""
        if action in ("keep", "mark", "mark_all") and not self._conflicts:
            return False
        return super().check_action(action, parameters)

    def action_keep(self, resolution: Resolution) -> None:
        """Plan it for the marked ones, or the one under the cursor, and show the plan."""
        copies = self.board.chosen()
        if copies:
            self.face.acts.plan_resolution(self._named, copies, resolution)

    @on(LineList.Opened)
    def _look_at_it(self) -> None:
        """Show the version that lies here."""
        current, folder = self.board.current, self.folder
        if isinstance(current, ConflictView) and folder is not None:
            root = self.live.path_of(folder.name)
            self.face.looks.preview(os.fsencode(root) + b"/" + copy_of(current))

    def action_mark(self) -> None:
        """Mark or unmark the one under the cursor."""
        board, current = self.board, self.board.current
        if isinstance(current, ConflictView):
            board.marks ^= {copy_of(current)}
            board.refresh_line(board.cursor)
            board.action_move(1)

    def action_mark_all(self) -> None:
        """Mark all, or none where all are marked."""
        board, every = self.board, {copy_of(each) for each in self._conflicts or ()}
        board.marks = set() if board.marks == every else every
        board.refresh()


def copy_of(conflict: ConflictView) -> bytes:
    """Return the path of a conflict's copy, exactly."""
    return exact_path(conflict.copy, conflict.copy_b64) or b""
