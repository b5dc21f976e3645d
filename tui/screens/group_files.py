"""The files of one group of duplicates: copies in a list, pictures that look alike side by side."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from core.errors import ShelverError
from tui.asking import ask_anew
from tui.screens.duplicate_choices import Choices
from tui.screens.duplicate_lines import card_lines, file_line, why_line
from tui.widgets.board import Board, Row
from tui.widgets.file_pane import FilePane
from tui.widgets.line import EMPTY, Ends, Line
from tui.widgets.line_list import LineList
from tui.widgets.picture_card import Card, PictureCards
from tui.wire import exact_path
from tui.wire_looks import Duplicate, DuplicateGroup, Raster

if TYPE_CHECKING:
    from tui.face import Face

KEPT_PICTURES = 64


class GroupFiles(Vertical):
    """Shows one group after another; what stays of it is told by the choices."""

    DEFAULT_CSS = """
    GroupFiles Ends { background: $surface; }
    GroupFiles PictureCards { display: none; }
    GroupFiles.-near PictureCards { display: block; }
    GroupFiles.-near Board { display: none; }
    GroupFiles FilePane { display: none; height: 2fr; border-top: hkey $rule; padding: 1 2; }
    """

    def __init__(self, choices: Choices, *, id: str) -> None:
        super().__init__(id=id)
        self._choices = choices
        self._group: DuplicateGroup | None = None
        self._pictures: OrderedDict[tuple[str, int, int], Raster | None] = OrderedDict()

    def compose(self) -> ComposeResult:
        """Hold why what stays, and the files; the one under the cursor at a glance where there is room."""
        yield Ends(id="files-title")
        yield Board(id="files")
        yield PictureCards()
        yield FilePane()

    @property
    def face(self) -> Face:
        """The application."""
        return cast("Face", self.app)

    @property
    def half(self) -> Board | PictureCards:
        """What takes the keys: the pictures, or the list."""
        return self.query_one(PictureCards) if self.has_class("-near") else self.query_one(Board)

    @property
    def file(self) -> Duplicate | None:
        """The file under the cursor."""
        files = self._group.files if self._group is not None else []
        if not files:
            return None
        if self.has_class("-near"):
            return files[min(self.query_one(PictureCards).cursor, len(files) - 1)]
        current = self.query_one(Board).current
        return current if isinstance(current, Duplicate) else files[0]

    # -- drawing -----------------------------------------------------------------------------------------

    def show(self, group: DuplicateGroup | None, where: str) -> None:
        """Show a group, and where it stands among the others; None for nothing."""
        self._group = group
        title = self.query_one(Ends)
        if group is None:
            title.show(EMPTY)
            self.query_one(Board).show([])
            self.query_one(PictureCards).show([])
            self.query_one(FilePane).look(b"")
            return
        room = max(max(title.size.width, 20) - len(where) - 5, 8)
        title.show(((f" {where} · ", "dim"), *why_line(group, self._choices, room)))
        if self.has_class("-near"):
            self._draw_cards()
        else:
            self.query_one(Board).show([self._row(group, file) for file in group.files])
            self._look_closer()

    def _row(self, group: DuplicateGroup, file: Duplicate) -> Row:
        shows = (self._choices.keeps(group), file, group.group)
        return Row(file.path, partial(self._file_line, group, file), shows, file)

    def _file_line(self, group: DuplicateGroup, file: Duplicate, width: int) -> Line:
        return file_line(group, file, self._choices, self.face.around, width)

    @on(LineList.Highlighted)
    def _look_closer(self) -> None:
        pane = self.query_one(FilePane)
        if pane.display and self.file is not None and not self.has_class("-near"):
            pane.look(path_of(self.file))

    @on(PictureCards.Moved)
    def _draw_cards(self) -> None:
        if self._group is not None and self.has_class("-near"):
            self._show_cards(self._group)
            ask_anew(self, self._ask_pictures, "pictures")

    def _show_cards(self, group: DuplicateGroup) -> None:
        cards = self.query_one(PictureCards)
        told = partial(card_lines, kept=self._choices.keeps(group), around=self.face.around)
        room = cards.room
        cards.show([Card(self._pictures.get((file.path, *room)), partial(told, file)) for file in group.files])

    async def _ask_pictures(self) -> None:
        group, cards = self._group, self.query_one(PictureCards)
        if group is None:
            return
        room = cards.room
        for number in cards.in_view:
            file = group.files[number]
            asked = (file.path, *room)
            if asked not in self._pictures:
                self._pictures[asked] = await self._picture(file, *room)
                while len(self._pictures) > KEPT_PICTURES:
                    self._pictures.popitem(last=False)
                self._show_cards(group)

    async def _picture(self, file: Duplicate, columns: int, rows: int) -> Raster | None:
        try:
            return (await self.face.inquiries.preview(path_of(file), columns, rows)).picture
        except ShelverError:
            return None  # the file is gone, or no picture: its place stays empty


def path_of(file: Duplicate) -> bytes:
    """Return the exact path of a file of a group."""
    return exact_path(file.path, file.path_b64) or b""
