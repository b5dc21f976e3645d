"""A list of which only the pages near to what is seen are kept: a million rows cost what fifty cost."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Generic, TypeVar

from textual.message import Message

from core.errors import ShelverError
from tui.widgets.line import EMPTY, Line
from tui.widgets.line_list import LineList

T = TypeVar("T")

PAGE = 200
KEPT_PAGES = 16

Fetch = Callable[[int, int], Awaitable[tuple[Sequence[T], int]]]
"""Called with where to start and how many; answers with rows, and how many there are in all."""
Draw = Callable[[T, int], Line]


class PagedList(LineList, Generic[T]):
    """Rows that are asked for when they are about to be seen."""

    class Failed(Message):
        """A page could not be had."""

        def __init__(self, error: ShelverError) -> None:
            super().__init__()
            self.error = error

    class Loaded(Message):
        """Rows came, and with them how many there are."""

    def __init__(self, fetch: Fetch[T], draw: Draw[T], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fetch = fetch
        self._draw = draw
        self._pages: OrderedDict[int, Sequence[T]] = OrderedDict()
        self._stale: set[int] = set()
        self._total = 0
        self._known = False
        self._generation = 0
        self._loading = False
        self.marks: dict[int, T] = {}
        """What a person marked, by line."""

    @property
    def total(self) -> int:
        """How many rows there are, as far as is known."""
        return self._total

    @property
    def known(self) -> bool:
        """Whether a first answer came."""
        return self._known

    def row(self, index: int) -> T | None:
        """Return a row, or None when it is not at hand."""
        page = self._pages.get(index // PAGE)
        return page[index % PAGE] if page is not None and index % PAGE < len(page) else None

    # -- asking ------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Forget everything and ask anew, from the top: another filter, another list."""
        self._generation += 1
        self._pages.clear()
        self._stale.clear()
        self.marks.clear()
        self.scroll_to(y=0, animate=False, immediate=True)
        self.cursor = 0
        self._known = False
        self._load()

    def seen(self) -> Iterator[T]:
        """Yield the rows that are in view and at hand."""
        top = self.scroll_offset.y
        for index in range(top, min(top + self.size.height, self._total)):
            row = self.row(index)
            if row is not None:
                yield row

    def freshen(self) -> None:
        """Ask anew for what is seen; the old rows stay until the new ones come."""
        self._stale.update(self._pages)
        self._stale.add(0)
        self._load()

    def _load(self) -> None:
        if not self._loading and self.is_attached:
            self._loading = True
            self.run_worker(self._load_wanted(), group="pages", exit_on_error=False)

    async def _load_wanted(self) -> None:
        """Ask for page after page until all that is seen is at hand; what was scrolled past is never asked for."""
        try:
            while (number := self._wanted()) is not None:
                generation = self._generation
                rows, total = await self._fetch(number * PAGE, PAGE)
                if generation == self._generation:
                    self._keep(number, rows, total)
        except ShelverError as error:
            self._stale.clear()
            self.post_message(self.Failed(error))
        finally:
            self._loading = False

    def _wanted(self) -> int | None:
        if not self._known:
            return 0
        top = self.scroll_offset.y
        seen = range(top // PAGE, (top + max(self.size.height, 1)) // PAGE + 1)
        for number in seen:
            if (number == 0 or number * PAGE < self._total) and (number not in self._pages or number in self._stale):
                return number
        return None

    def _keep(self, number: int, rows: Sequence[T], total: int) -> None:
        before = (self._pages.get(number), self._total, self._known)
        self._pages[number] = rows
        self._pages.move_to_end(number)
        self._stale.discard(number)
        while len(self._pages) > KEPT_PAGES:
            self._stale.discard(self._pages.popitem(last=False)[0])
        self._total, self._known = total, True
        if before[1] != total:
            self.recount()
        elif before[0] != rows:
            self._redraw(number, before[0] or (), rows)
        self.post_message(self.Loaded())
        self.refresh_bindings()

    def _redraw(self, number: int, before: Sequence[T], rows: Sequence[T]) -> None:
        top = self.scroll_offset.y
        for index in range(max(top, number * PAGE), min(top + self.size.height, number * PAGE + len(rows))):
            offset = index % PAGE
            if offset >= len(before) or before[offset] != rows[offset]:
                self.refresh_line(index)

    # -- drawing -----------------------------------------------------------------------------------------

    def count(self) -> int:
        """Return how many rows there are."""
        return self._total

    def line(self, index: int, width: int) -> Line:
        """Return a row, or a sign that it is on its way."""
        row = self.row(index)
        if row is None:
            self.call_later(self._load)
            return (("·", "faint"),) if width else EMPTY
        return self._draw(row, width)

    # -- marking -----------------------------------------------------------------------------------------

    def marked(self, index: int) -> bool:
        """Tell whether a person marked a row."""
        return index in self.marks

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        row = self.row(self.cursor)
        if row is not None:
            if self.marks.pop(self.cursor, None) is None:
                self.marks[self.cursor] = row
            self.refresh_line(self.cursor)
            self.action_move(1)

    @property
    def current(self) -> T | None:
        """The row under the cursor, if it is at hand."""
        return self.row(self.cursor)
