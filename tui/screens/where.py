"""Where a file went: its names through all operations, and the way back for it alone."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from core.errors import ShelverError
from tui import words
from tui.asking import ask_anew
from tui.screens.place import Banner, Place
from tui.screens.where_lines import life_rows, lives, place_after, trace_facts
from tui.widgets.board import Board, Row
from tui.widgets.file_pane import FilePane
from tui.widgets.filter_bar import FilterBar
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Lines, cut
from tui.widgets.line_list import LineList
from tui.wire import Trace

FOUND = 500
"""Passages that are asked for, at most."""


class Where(Place):
    """A search over everything that was ever moved."""

    DEFAULT_CSS = """
    Where #title { background: $surface; }
    Where FilterBar, Where FilterBar.-open { display: block; dock: none; margin: 1 0; }
    Where Board { width: 7fr; }
    Where #closer { display: none; width: 5fr; border-left: vkey $rule; }
    Where.-wide #closer { display: block; }
    Where #facts { padding: 0 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "put_back", "put it back"),
        Binding("e", "explain", "explain"),
        Binding("p", "preview", "preview"),
        Binding("slash", "search", "search", key_display="/"),
        Binding("y", "copy", "copy path", show=False),
    ]
    CHANGES = frozenset({"put_back"})
    AUTO_FOCUS = "FilterBar"

    def __init__(self) -> None:
        super().__init__()
        self._sought = ""
        self._traces: list[Trace] = []
        self._answered = ""
        self._told = "Type a part of a name, as it is now or as it once was."

    def compose(self) -> ComposeResult:
        """Hold a line to type into, what was found, and the file itself where there is room."""
        yield from super().compose()
        yield Ends(((" Where did it go", "strong"),), id="title")
        yield Banner(id="banner")
        yield FilterBar("a part of a name")
        with Horizontal():
            yield Board(id="found")
            with Vertical(id="closer"):
                yield Lines(id="facts")
                yield FilePane()
        yield KeyBar()

    def on_mount(self) -> None:
        """Say what to do."""
        self.query_one(FilterBar).open()
        self._draw()

    # -- asking ------------------------------------------------------------------------------------------

    @on(FilterBar.Asked)
    def _search(self, event: FilterBar.Asked) -> None:
        self._sought = event.text
        ask_anew(self, self._look, "where")

    async def _look(self) -> None:
        text = self._sought
        try:
            self._traces = await self.face.agent.history(text, limit=FOUND) if text else []
            self._told = "Nothing of that name was ever moved here." if text else "Type a part of a name."
        except ShelverError as error:
            self._traces, self._told = [], str(error)
        self._answered = text
        self._draw()
        if self._traces and not self.query_one(FilterBar).has_class("-open"):
            self.query_one(Board).focus()

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Tell whether the agent is there."""
        self.tell_age(self.query_one(Banner))

    def on_resize(self) -> None:
        """A wider terminal may show more."""
        self.call_after_refresh(self._look_closer)

    def _draw(self) -> None:
        found = lives(self._traces)
        many = "at least " if len(self._traces) >= FOUND else ""
        told = f"{many}{words.files(len(found))} found " if found else ""
        self.query_one("#title", Ends).show(((" Where did it go", "strong"),), ((told, "dim"),))
        rows = [row for number, life in enumerate(found) for row in life_rows(life, number, self.around)]
        said = self._told
        empty = Row("nothing", lambda width: (("  " + cut(said, width - 2), "dim"),), said, selectable=False)
        self.query_one(Board).show(rows or [empty])
        self._look_closer()

    @on(LineList.Highlighted)
    def _look_closer(self) -> None:
        trace, facts = self.trace, self.query_one("#facts", Lines)
        if not self.query_one("#closer").display:
            return
        width = max(facts.content_size.width, 20)
        facts.show([*trace_facts(trace, self.around, width), EMPTY] if trace is not None else [])
        self.query_one(FilePane).look(place_after(trace) if trace is not None and trace.kind != "trash" else b"")

    # -- keys --------------------------------------------------------------------------------------------

    @property
    def trace(self) -> Trace | None:
        """The passage under the cursor."""
        current = self.query_one(Board).current
        return current if isinstance(current, Trace) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what there is a file for."""
        if action in ("put_back", "explain", "preview", "copy") and self.trace is None:
            return False
        if action in ("explain", "preview") and self.trace is not None and self.trace.kind == "trash":
            return False
        return super().check_action(action, parameters)

    @on(FilterBar.Closed)
    def _when_closed(self) -> None:
        if self._traces and self._answered == self._sought:
            self.query_one(Board).focus()
        elif not self._sought:
            self.dismiss()
        elif self._answered == self._sought:  # there is nothing to go to: type on
            self.query_one(FilterBar).open()

    @on(LineList.Opened)
    def _open(self) -> None:
        trace = self.trace
        if trace is not None:
            name = os.path.basename(trace.source or trace.destination or "")
            self.face.show_operation_named(trace.operation, name)

    def action_put_back(self) -> None:
        """Show what taking back this one move would do, and nothing else of its operation."""
        trace = self.trace
        if trace is not None:
            path = place_after(trace)
            self.face.attempt(
                lambda: self.face.agent.operation(trace.operation),
                lambda operation: self.face.acts.show_undo(operation, [path]),
            )

    def action_explain(self) -> None:
        """Say what the rules would do with the file where it is now."""
        if self.trace is not None:
            self.face.looks.explain(place_after(self.trace))

    def action_preview(self) -> None:
        """Show the file."""
        if self.trace is not None:
            self.face.looks.preview(place_after(self.trace))

    def action_copy(self) -> None:
        """Hand the path where the file went to the terminal's clipboard."""
        if self.trace is not None:
            self.face.looks.copy(place_after(self.trace))

    def action_search(self) -> None:
        """Search for something else."""
        self.query_one(FilterBar).open()
