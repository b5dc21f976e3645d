"""All operations, newest first, by the day; the agent filters, and sends a page at a time."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from core.errors import ShelverError
from core.model import Operation
from tui import words
from tui.screens.operation_lines import advice_lines
from tui.screens.operations_rows import key_of, rows_by_day
from tui.screens.place import Banner, Place
from tui.screens.turns import Many
from tui.widgets.board import Board, Row
from tui.widgets.filter_bar import FilterBar
from tui.widgets.glance import Glance
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Line, Lines, cut
from tui.widgets.line_list import LineList

PAGE = 200


class Past(Board):
    """The rows; it tells when a person wants to see the last of them, which may not be here yet."""

    class SentToEnd(Message):
        """To the end, wherever that is."""

    def action_edge(self, side: int) -> None:
        """Go to the first or the last line."""
        super().action_edge(side)
        if side > 0:
            self.post_message(self.SentToEnd())


class Operations(Place):
    """A list that grows as one goes down it."""

    DEFAULT_CSS = """
    Operations Ends { background: $surface; }
    Operations #advice { padding: 0 1; height: 1; }
    Operations Past { width: 9fr; }
    Operations Glance { display: none; width: 4fr; }
    Operations.-wide Glance { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "undo"),
        Binding("u", "redo", "redo"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("w", "where", "where"),
    ]
    CHANGES = frozenset({"undo", "redo"})
    AUTO_FOCUS = "Past"

    def __init__(self, folder: str | None = None, *, filtering: bool = False) -> None:
        super().__init__()
        self._folder = folder
        self._text = ""
        self._filtering = filtering
        self._operations: list[Operation] = []
        self._opened: set[str] = set()
        self._whole = False
        self._to_the_end = False
        self._generation = 0
        self._meetings = 0
        self._asking = False
        self._refused = ""

    def compose(self) -> ComposeResult:
        """Hold a title, the list, what to do about the line under the cursor, a filter, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        with Horizontal():
            yield Past(id="operations")
            yield Glance(self.around)
        yield Lines(id="advice")
        yield FilterBar("a folder, a state, who asked, why; !word for all others")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for the first page."""
        if self._folder:
            self.query_one(FilterBar).value = self._folder
        self._meetings = self.live.meetings
        self._restart()
        if self._filtering:
            self.action_filter()

    @property
    def board(self) -> Past:
        """The rows."""
        return self.query_one(Past)

    # -- asking ------------------------------------------------------------------------------------------

    def _restart(self) -> None:
        self._generation += 1
        self._whole, self._asking, self._to_the_end, self._refused = False, False, False, ""
        self._more(anew=True)

    def _more(self, *, anew: bool = False) -> None:
        if not self._asking and not self._whole:
            self._asking = True
            self.run_worker(self._ask(anew), group="operations", exit_on_error=False)

    async def _ask(self, anew: bool) -> None:
        """Ask for a page, and for the next ones until there is something to see below the cursor."""
        generation = self._generation
        before = None if anew or not self._operations else self._operations[-1].id
        try:
            page = await self.face.agent.operations(folder=self._folder, text=self._text, limit=PAGE, before=before)
        except ShelverError as error:
            page, self._refused = [], str(error)
        if generation != self._generation:
            return
        self._operations = page if before is None else [*self._operations, *page]
        self._whole = len(page) < PAGE
        self._asking = False
        self._draw()
        if before is None and self._folder:  # who asks for one folder wants to see its newest in full
            newest = next((row.subject for row in self.board.rows if isinstance(row.subject, Many)), None)
            self._opened |= {key_of(newest)} if newest else set()
            self._draw()
        if self._to_the_end:
            self.board.action_edge(1)
        if self._to_the_end or self._is_near_the_end:
            self._more()

    @property
    def _is_near_the_end(self) -> bool:
        return self.board.cursor >= self.board.count() - 2 * max(self.board.size.height, 1)

    @work(group="fresh", exclusive=True, exit_on_error=False)
    async def _ask_for_fresh(self) -> None:
        """Ask which of the operations that began meanwhile fit the filter."""
        generation = self._generation
        try:
            page = await self.face.agent.operations(folder=self._folder, text=self._text, limit=PAGE)
        except ShelverError:
            return  # the banner tells it
        if generation == self._generation:
            self._put_first(page)
            self._draw()

    def _put_first(self, operations: list[Operation]) -> None:
        newest = max((operation.sequence for operation in self._operations), default=-1)
        fresh = [operation for operation in operations if operation.sequence > newest]
        if self._operations or self._whole:
            self._operations = [*fresh, *self._operations]

    @on(LineList.Highlighted)
    def _reached(self) -> None:
        if self._is_near_the_end:
            self._more()
        self._advise()

    @on(FilterBar.Asked)
    def _filter(self, event: FilterBar.Asked) -> None:
        self._folder, self._text = None, event.text
        self._restart()

    @on(FilterBar.Closed)
    def _when_closed(self) -> None:
        self.board.focus()

    def on_resize(self) -> None:
        """A wider terminal may show more."""
        self.call_after_refresh(self._advise)

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Take over what is newer in the live picture, and what began meanwhile."""
        if self._meetings != self.live.meetings:  # more may have come in an absence than the picture holds
            self._meetings = self.live.meetings
            self._restart()
        known = {operation.id for operation in self._operations}
        self._operations = [self.live.operations.get(operation.id, operation) for operation in self._operations]
        newest = max((operation.sequence for operation in self._operations), default=-1)
        fresh = [o for o in self.live.newest_first() if o.id not in known and o.sequence > newest]
        if self._text and fresh:
            self._ask_for_fresh()
        elif not self._text:
            self._put_first([operation for operation in fresh if self._folder in (None, operation.folder)])
        self._draw()

    def _draw(self) -> None:
        wanted = self._text or self._folder or ""
        title: Line = ((" Operations", "strong"), (f" · {wanted}" if wanted else "", "accent"))
        told = [each for each in self._operations if self._text or words.is_worth_telling(each)]
        some = f"{words.count(len(told))}{'' if self._whole else ' or more'} "
        self.query_one("#title", Ends).show(title, ((some if told else "", "dim"),))
        self.tell_age(self.query_one(Banner))
        rows = list(rows_by_day(told, self._opened, self.around))
        if not rows and not self._asking:
            why = self._refused or ("Nothing fits this filter." if wanted else "Nothing was done yet.")
            rows = [Row("nothing", lambda width: (("  " + cut(why, width - 2), "dim"),), why, selectable=False)]
        self.board.show(rows)
        self._advise()

    def _advise(self) -> None:
        """Say what can be done about what the cursor is on."""
        if self.query_one(Glance).display:
            self.query_one(Glance).look(self.board.current, self.live)
        lines = advice_lines(self.operation, self.key, self.size.width - 20) if self.operation is not None else []
        self.query_one("#advice", Lines).show(
            [((self.key("open"), "accent"), (" opens it: ", "dim"), *lines[0])] if lines else [EMPTY]
        )

    # -- keys --------------------------------------------------------------------------------------------

    @property
    def operation(self) -> Operation | None:
        """The operation under the cursor."""
        current = self.board.current
        return current if isinstance(current, Operation) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the operation under the cursor allows."""
        redoes = self.operation is not None and words.can_redo(self.operation)
        if action in ("undo", "redo") and redoes != (action == "redo"):
            return False
        if action == "undo" and (self.operation is None or not words.can_undo(self.operation)):
            return None
        return super().check_action(action, parameters)

    @on(LineList.Opened)
    def _open(self) -> None:
        current = self.board.current
        if isinstance(current, Operation):
            self.face.open_operation(current)
        elif isinstance(current, Many):
            self._opened ^= {key_of(current)}
            self._draw()

    @on(Past.SentToEnd)
    def _go_to_the_first(self) -> None:
        """Go on asking until the very first operation is there, however many pages away."""
        self._to_the_end = True
        self._more()

    def action_filter(self) -> None:
        """Ask for fewer."""
        self.query_one(FilterBar).open()

    def action_undo(self) -> None:
        """Show what taking it back would do."""
        if self.operation is not None:
            self.face.acts.show_undo(self.operation)

    def action_redo(self) -> None:
        """Show what doing it again would do."""
        if self.operation is not None:
            self.face.acts.redo(self.operation)

    def action_where(self) -> None:
        """Search where a file went."""
        self.face.show_where()
