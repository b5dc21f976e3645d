"""All operations, newest first; the agent filters, and sends a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.errors import ShelverError
from core.model import Operation, State
from tui import words
from tui.screens.place import Banner, Place
from tui.surroundings import Surroundings
from tui.widgets.board import Board, Row
from tui.widgets.filter_bar import FilterBar
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends, Line, cut, fitted, right
from tui.widgets.line_list import LineList

PAGE = 100
STATES = frozenset(get_args(State))


class Operations(Place):
    """A list that grows as one goes down it."""

    DEFAULT_CSS = """
    Operations Ends { background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("u", "undo", "undo"),
        Binding("w", "where", "where"),
        Binding("q", "quit", "quit", show=False),
    ]
    CHANGES = frozenset({"undo"})
    AUTO_FOCUS = "Board"

    def __init__(self, folder: str | None = None, *, filtering: bool = False) -> None:
        super().__init__()
        self._folder = folder
        self._state: str | None = None
        self._filtering = filtering
        self._operations: list[Operation] = []
        self._whole = False
        self._generation = 0
        self._asking = False
        self._refused = ""

    def compose(self) -> ComposeResult:
        """Hold a title, the list, a filter when it is asked for, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Board(id="operations")
        yield FilterBar("a folder, a state, or both: camera failed")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for the first page."""
        if self._folder:
            self.query_one(FilterBar).value = self._folder
        self._restart()
        if self._filtering:
            self.action_filter()

    # -- asking ------------------------------------------------------------------------------------------

    def _restart(self) -> None:
        self._generation += 1
        self._whole, self._asking, self._refused = False, False, ""
        self._more(anew=True)

    def _more(self, *, anew: bool = False) -> None:
        if not self._asking and not self._whole:
            self._asking = True
            self.run_worker(self._ask(anew), group="operations", exit_on_error=False)

    async def _ask(self, anew: bool) -> None:
        generation = self._generation
        before = None if anew or not self._operations else self._operations[-1].id
        try:
            page = await self.face.agent.operations(folder=self._folder, state=self._state, limit=PAGE, before=before)
        except ShelverError as error:
            page, self._refused = [], str(error)
        if generation != self._generation:
            return
        self._operations = page if before is None else [*self._operations, *page]
        self._whole = len(page) < PAGE
        self._asking = False
        self._draw()

    @on(LineList.Highlighted)
    def _reached(self) -> None:
        if self.query_one(Board).cursor >= len(self._operations) - PAGE // 4:
            self._more()

    @on(FilterBar.Asked)
    def _filter(self, event: FilterBar.Asked) -> None:
        given = event.text.split()
        states = [word for word in given if word in STATES]
        self._state = states[0] if states else None
        self._folder = " ".join(word for word in given if word not in states) or None
        self._restart()

    @on(FilterBar.Closed)
    def _when_closed(self) -> None:
        self.query_one(Board).focus()

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Take over what is newer in the live picture, and what began meanwhile."""
        known = {operation.id for operation in self._operations}
        self._operations = [self.live.operations.get(operation.id, operation) for operation in self._operations]
        newest = max((operation.sequence for operation in self._operations), default=-1)
        fresh = [o for o in self.live.newest_first() if o.id not in known and o.sequence > newest and self._fits(o)]
        if self._operations or self._whole:
            self._operations = [*fresh, *self._operations]
        self._draw()

    def _fits(self, operation: Operation) -> bool:
        return self._folder in (None, operation.folder) and self._state in (None, operation.state)

    def _draw(self) -> None:
        wanted = " ".join(filter(None, (self._folder, self._state)))
        title: Line = ((" Operations", "strong"), (f" · {wanted}" if wanted else "", "accent"))
        some = f"{words.count(len(self._operations))}{'' if self._whole else ' or more'} "
        self.query_one("#title", Ends).show(title, ((some if self._operations else "", "dim"),))
        self.tell_age(self.query_one(Banner))
        rows = [_row(operation, self.around) for operation in self._operations]
        if not rows and not self._asking:
            told = self._refused or ("Nothing fits this filter." if wanted else "Nothing was done yet.")
            rows = [Row("nothing", lambda width: (("  " + cut(told, width - 2), "dim"),), told, selectable=False)]
        self.query_one(Board).show(rows)

    # -- keys --------------------------------------------------------------------------------------------

    @property
    def operation(self) -> Operation | None:
        """The operation under the cursor."""
        current = self.query_one(Board).current
        return current if isinstance(current, Operation) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the operation under the cursor allows."""
        if action == "undo" and (self.operation is None or not words.can_undo(self.operation)):
            return None
        return super().check_action(action, parameters)

    @on(LineList.Opened)
    def _open(self) -> None:
        if self.operation is not None:
            self.face.show_operation(self.operation)

    def action_filter(self) -> None:
        """Ask for fewer."""
        self.query_one(FilterBar).open()

    def action_undo(self) -> None:
        """Show what taking it back would do."""
        if self.operation is not None:
            self.face.acts.show_undo(self.operation)

    def action_where(self) -> None:
        """Search where a file went."""
        self.face.show_where()

    async def action_quit(self) -> None:
        """Leave; the agent goes on."""
        await self.face.action_quit()


def _row(operation: Operation, around: Surroundings) -> Row:
    return Row(operation.id, _drawer(operation, around), (operation, around.now().date()), operation)


def _drawer(operation: Operation, around: Surroundings) -> Callable[[int], Line]:
    def draw(width: int) -> Line:
        word, role = words.state(operation)
        time = words.moment(operation.finished or operation.created, around.now())
        by = around.person(operation.requested_by) if width >= 110 else ""
        names = min(max(width * 28 // 100, 14), 36)
        kind = words.kind(operation)
        room = width - 14 - names - 2 - 16 - (24 if width >= 110 else 0)
        return (
            (f"{time:<14}", "dim"),
            (kind + " ", "dim"),
            (fitted(around.tilde(operation.folder), names - len(kind) - 1) + "  ", "text"),
            (fitted(cut(words.summary(operation), room), room), "text"),
            *(((fitted(by, 14), "dim"), (fitted(operation.id, 10), "faint")) if width >= 110 else ()),
            (right(word, 16), role),
        )

    return draw
