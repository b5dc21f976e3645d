"""Looking a big proposal over: by the folders that its files go into, each of which opens; some are taken out."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from core.errors import ShelverError
from core.model import Operation
from tui import words
from tui.screens.leaving import Leaving
from tui.screens.operation import OperationScreen
from tui.screens.operation_lines import heading
from tui.screens.place import Banner, Place
from tui.screens.review_rows import destination_line, review_about, sample_line
from tui.selection import Selection, is_reviewed_by_folder
from tui.widgets.board import Board, Row
from tui.widgets.glance import Glance
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Line, Lines, cut, ending
from tui.widgets.line_list import LineList
from tui.wire import Destination

AROUND_SAMPLE = 5
"""Lines beside the folders that show no file: air, a title, how many more there are."""


def place_of(operation: Operation, text: str = "") -> Place:
    """Return the screen that suits an operation: where it waits and is big, the one to look it over by folder."""
    if is_reviewed_by_folder(operation) and not text:
        return Review(operation)
    return OperationScreen(operation, text)


class Destinations(Board):
    """The folders; what stands before each tells whether its files go."""

    selection = Selection()

    def sign(self, index: int) -> tuple[str, str]:
        """Return a minus before a folder that nothing goes into any more, a dot before one that not all go into."""
        number = self.rows[index].subject
        if not isinstance(number, int):
            return (" ", "text")
        staying = self.selection.staying_of(number)
        if not staying:
            return (" ", "text")
        return ("-", "warn") if staying == self.selection.destinations[number].files else ("·", "warn")


class Review(Leaving, Place):
    """A proposal, by folder. It is approved here, whole or without what was taken out, or rejected."""

    DEFAULT_CSS = """
    Review #title, Review #position { background: $surface; }
    Review #about { padding: 0 1; margin-bottom: 1; }
    Review Destinations { width: 6fr; }
    Review Glance { display: none; width: 5fr; }
    Review.-wide Glance { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve"),
        Binding("x", "reject", "reject"),
        Binding("space", "take_out", "take out", key_display="space"),
        Binding("v", "every_file", "every file"),
        Binding("i", "turn", "turn round", show=False),
    ]
    CHANGES = frozenset({"approve", "reject"})
    AUTO_FOCUS = "Destinations"

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self._operation = operation
        self._selection = Selection()
        self._told = "Looking where everything goes…"

    def compose(self) -> ComposeResult:
        """Hold what it is about, the folders, a look into the one under the cursor, how much goes, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="about")
        with Horizontal():
            yield Destinations(id="destinations")
            yield Glance(self.around)
        yield Ends(id="position")
        yield KeyBar()

    @property
    def operation(self) -> Operation:
        """The operation as it is known now."""
        return self.live.operations.get(self._operation.id, self._operation)

    @property
    def board(self) -> Destinations:
        """The folders."""
        return self.query_one(Destinations)

    # -- asking ------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Ask where everything goes."""
        self.run_worker(self._ask(), group="destinations", exit_on_error=False)

    async def _ask(self) -> None:
        try:
            self._selection = Selection(await self.face.agent.destinations(self._operation.id))
            self.board.selection = self._selection
        except ShelverError as error:
            self._told = str(error)
        self._draw()

    @on(LineList.Highlighted)
    def _look_in(self) -> None:
        self._tell_place()
        number = self.board.current
        if self.query_one(Glance).display and isinstance(number, int):
            self._show_sample(number)

    @work(group="sample", exclusive=True, exit_on_error=False)
    async def _show_sample(self, number: int) -> None:
        """Show some of the files that go into a folder."""
        try:
            limit = max(self.board.size.height - AROUND_SAMPLE, 1)
            page = await self.face.agent.steps(self._operation.id, limit=limit, into=number)
        except ShelverError:
            return  # the banner tells it
        path = self._selection.destinations[number].path
        beneath = self.live.path_of(self._operation.folder)

        def lines(width: int) -> list[Line]:
            title = ending(self.around.tilde(path) + "/", width) if path else self._said_of(number)
            more = page.total - len(page.steps)
            return [
                ((title, "strong"),),
                EMPTY,
                *(sample_line(step, beneath, self.around, width) for step in page.steps),
                *([((f"and {words.files(more)} more", "dim"),)] if more else []),
            ]

        self.query_one(Glance).tell(lines)

    def _said_of(self, number: int) -> str:
        return {"trash": "the trash", "stays": "stay as they are"}.get(self._selection.destinations[number].fate, "")

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Draw what changed; once it waits no more, show it as it runs."""
        if self.operation.state != "proposed":
            self.app.switch_screen(OperationScreen(self.operation))
            return
        self._draw()

    def _draw(self) -> None:
        operation = self.operation
        self.query_one("#title", Ends).show(*heading(operation, self.around))
        self.tell_age(self.query_one(Banner))
        width = max(self.size.width - 2, 20)
        self.query_one("#about", Lines).show(review_about(operation, self._selection, width))
        rows = [self._row(number, each) for number, each in enumerate(self._selection.destinations)]
        told = self._told
        waiting = Row("waiting", lambda room: (("  " + cut(told, room - 2), "dim"),), told, selectable=False)
        self.board.show(rows or [waiting])
        self._look_in()

    def _row(self, number: int, destination: Destination) -> Row:
        staying = self._selection.staying_of(number)
        beneath = self.live.path_of(self._operation.folder)
        draw = partial(destination_line, destination, staying, beneath, self.around)
        return Row(f"into {number}", draw, (destination, staying, self._selection.is_turned), number)

    def _tell_place(self) -> None:
        selection, board = self._selection, self.board
        place = f" {words.count(board.cursor + 1)} of {words.count(board.count())}" if selection.destinations else ""
        going, total = selection.going_of(self.operation), selection.total_of(self.operation)
        told = "" if selection.is_whole else f"{words.count(going)} of {words.files(total)} go "
        self.query_one("#position", Ends).show(((place, "dim"),), ((told, "accent"),))

    def on_resize(self) -> None:
        """Lines that depend on the width are made anew."""
        self.call_after_refresh(self._draw)

    def on_screen_resume(self) -> None:
        """Count again what was taken out in a folder that was open."""
        self.live_changed()

    # -- keys --------------------------------------------------------------------------------------------

    @on(LineList.Opened)
    def _open(self) -> None:
        number = self.board.current
        if isinstance(number, int):
            self.app.push_screen(OperationScreen(self.operation, selection=self._selection, into=number))

    def action_every_file(self) -> None:
        """Show all files in one list."""
        self.app.push_screen(OperationScreen(self.operation, selection=self._selection))

    def action_take_out(self) -> None:
        """Take out all that goes into the folder under the cursor, or put it back."""
        number = self.board.current
        if isinstance(number, int) and self._selection.destinations[number].fate != "stays":
            self._selection.toggle_folder(number)
            self._draw()
            self.board.action_move(1)

    def action_turn(self) -> None:
        """Let only that go which was taken out."""
        self._selection.turn()
        self._draw()

    def action_approve(self) -> None:
        """Ask, then let it run without what was taken out."""
        self.face.acts.approve(self.operation, self._selection)

    def action_reject(self) -> None:
        """Ask, then refuse it; its files are left alone from then on."""
        self.face.acts.reject(self.operation)
