"""Where a file went: its names through all operations."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.errors import ShelverError
from core.model import StepKind, StepView
from tui import words
from tui.screens.place import Banner, Place
from tui.surroundings import Surroundings
from tui.widgets.board import Board, Row
from tui.widgets.filter_bar import FilterBar
from tui.widgets.journey import journey_line
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends, Line, cut, right
from tui.widgets.line_list import LineList
from tui.wire import Trace


class Where(Place):
    """A search over everything that was ever moved."""

    DEFAULT_CSS = """
    Where Ends { background: $surface; }
    Where FilterBar, Where FilterBar.-open { display: block; dock: none; margin: 1 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/"),
    ]
    AUTO_FOCUS = "FilterBar"

    def __init__(self) -> None:
        super().__init__()
        self._sought = ""
        self._traces: list[Trace] = []
        self._told = "Type a part of a name, as it is now or as it once was."

    def compose(self) -> ComposeResult:
        """Hold a line to type into, and what was found."""
        yield from super().compose()
        yield Ends(((" Where did it go", "strong"),), id="title")
        yield Banner(id="banner")
        yield FilterBar("a part of a name")
        yield Board(id="found")
        yield KeyBar()

    def on_mount(self) -> None:
        """Say what to do."""
        self._draw()

    @on(FilterBar.Asked)
    def _search(self, event: FilterBar.Asked) -> None:
        self._sought = event.text
        self.run_worker(self._look(event.text), group="where", exclusive=True, exit_on_error=False)

    async def _look(self, text: str) -> None:
        try:
            self._traces = await self.face.agent.history(text, limit=500) if text else []
            self._told = "Nothing of that name was ever moved here." if text else "Type a part of a name."
        except ShelverError as error:
            self._traces, self._told = [], str(error)
        self._draw()

    def _draw(self) -> None:
        found = f"{words.count(len(self._traces))} found " if self._traces else ""
        self.query_one("#title", Ends).show(((" Where did it go", "strong"),), ((found, "dim"),))
        rows = [
            Row(f"{number} {trace.operation}", _drawer(trace, self.around), trace, trace)
            for number, trace in enumerate(self._traces)
        ]
        told = self._told
        empty = Row("nothing", lambda width: (("  " + cut(told, width - 2), "dim"),), told, selectable=False)
        self.query_one(Board).show(rows or [empty])

    def live_changed(self) -> None:
        """Tell whether the agent is there."""
        self.tell_age(self.query_one(Banner))

    @on(FilterBar.Closed)
    def _when_closed(self) -> None:
        if self._traces:
            self.query_one(Board).focus()
        elif not self._sought:
            self.dismiss()
        else:
            self.query_one(FilterBar).focus()

    @on(LineList.Opened)
    def _open(self) -> None:
        trace = self.query_one(Board).current
        if isinstance(trace, Trace):
            name = os.path.basename(trace.source or trace.destination or "")
            self.face.show_operation_named(trace.operation, name)

    def action_search(self) -> None:
        """Search for something else."""
        self.query_one(FilterBar).open()


def _drawer(trace: Trace, around: Surroundings) -> Callable[[int], Line]:
    step = StepView(
        seq=0,
        kind=cast("StepKind", trace.kind),
        group=0,
        source=trace.source,
        destination=trace.destination,
        outcome="done",
        reason=None,
    )

    def draw(width: int) -> Line:
        time = words.moment(trace.when, around.now()) if trace.when else ""
        did = words.trace(trace.kind, trace.outcome)
        room = width - 14 - 11
        return ((f"{time:<14}", "dim"), *journey_line(step, around, "", room), (right(did, 11), "dim"))

    return draw
