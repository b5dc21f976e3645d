"""One operation: what it is about in two lines, and its steps, of which there may be a million."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from core.model import Operation, Outcome, StepView
from tui import words
from tui.looks import path_now
from tui.screens.operation_lines import about, heading, position, step_line
from tui.screens.place import Banner, Place
from tui.screens.step import step_facts
from tui.widgets.filter_bar import FilterBar
from tui.widgets.glance import Glance
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends, Lines
from tui.widgets.line_list import LineList
from tui.widgets.paged_list import PagedList
from tui.wire import exact_path

OUTCOMES: tuple[Outcome | None, ...] = (None, "done", "skipped", "failed", "pending")


class OperationScreen(Place):
    """The plan and what became of it. A plan that waits is approved or rejected here."""

    DEFAULT_CSS = """
    OperationScreen #title, OperationScreen #position { background: $surface; }
    OperationScreen #about { padding: 0 1; }
    OperationScreen PagedList { width: 7fr; }
    OperationScreen Glance { display: none; width: 4fr; }
    OperationScreen.-wide Glance { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve"),
        Binding("x", "reject", "reject"),
        Binding("c", "cancel", "stop it"),
        Binding("u", "undo", "undo"),
        Binding("space", "mark", "mark", key_display="space"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("o", "outcome", "outcome"),
        Binding("e", "explain", "explain"),
        Binding("p", "preview", "preview"),
        Binding("f", "follow", "follow", show=False),
        Binding("y", "copy", "copy path", show=False),
        Binding("Y", "detail", "show path", show=False),
        Binding("q", "quit", "quit", show=False),
    ]
    CHANGES = frozenset({"approve", "reject", "cancel", "undo"})
    AUTO_FOCUS = "PagedList"

    def __init__(self, operation: Operation, text: str = "") -> None:
        super().__init__()
        self._operation = operation
        self._text = text
        self._outcome: Outcome | None = None
        self._follow = False
        self._seen: object = None
        self._done = -1
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """Hold what it is about, the steps, where one is in them, a filter, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="about")
        with Horizontal():
            yield PagedList[StepView](self._fetch, self._draw_step, id="steps")
            yield Glance(self.around)
        yield FilterBar("a part of a path; !part for all others")
        yield Ends(id="position")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for the first steps."""
        self.query_one(FilterBar).value = self._text
        self.steps.reload()

    @property
    def steps(self) -> PagedList[StepView]:
        """The list of steps."""
        return self.query_one(PagedList)

    @property
    def operation(self) -> Operation:
        """The operation as it is known now."""
        return self.live.operations.get(self._operation.id, self._operation)

    async def _fetch(self, start: int, limit: int) -> tuple[Sequence[StepView], int]:
        page = await self.face.agent.steps(
            self._operation.id, start=start, limit=limit, text=self._text, outcome=self._outcome
        )
        return page.steps, page.total

    def _draw_step(self, step: StepView, width: int) -> tuple[tuple[str, str], ...]:
        return step_line(step, self.operation, self.around, self._beneath, width)

    @property
    def _beneath(self) -> str:
        return self.live.path_of(self._operation.folder)

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Draw what changed; ask for the steps anew if something may have become of those that are seen."""
        operation = self.operation
        progress = self.live.progress.get(operation.id)
        self.query_one("#title", Ends).show(*heading(operation, self.around))
        self.tell_age(self.query_one(Banner))
        self._draw_about()
        if self._seen != (operation.state, operation.counts):
            self._seen = (operation.state, operation.counts)
            self.steps.freshen()
        elif progress is not None and self._done != progress.done:
            self._done = progress.done
            self._freshen_soon()
            if self._follow and not (self._text or self._outcome):
                self.steps.cursor = progress.done
        self.refresh_bindings()

    def _freshen_soon(self) -> None:
        """Ask anew for what is seen, in a while and only if something is still to come of it: it costs the agent."""

        def freshen() -> None:
            self._soon = None
            if any(step.outcome == "pending" for step in self.steps.seen()):
                self.steps.freshen()

        if self._soon is None:
            self._soon = self.set_timer(4 * self.around.beat, freshen)

    def on_resize(self) -> None:
        """Lines that depend on the width are made anew."""
        self.call_after_refresh(self._draw_about)

    def _draw_about(self) -> None:
        lines = self.query_one("#about", Lines)
        width = max(self.size.width - 2, 20)
        lines.show(about(self.operation, self.live.progress.get(self._operation.id), width))

    @on(LineList.Highlighted)
    @on(PagedList.Loaded)
    def _where(self) -> None:
        steps = self.steps
        step = steps.current
        if self.query_one(Glance).display and step is not None:
            self.query_one(Glance).tell(lambda width: step_facts(step, self.operation, self.around, width))
        told = position(steps.cursor, steps.total, len(steps.marks))
        if steps.known and not steps.total:
            told = ((" no step fits the filter" if self._text or self._outcome else " no steps yet", "dim"),)
        wanted = " · ".join(filter(None, (self._text, self._outcome)))
        asked = (("filter: ", "dim"), (wanted, "accent"), (" ", "text")) if wanted else ()
        follow = (("following ", "accent"),) if self._follow else ()
        self.query_one("#position", Ends).show(told, (*asked, *follow))

    @on(PagedList.Failed)
    def _failed(self, event: PagedList.Failed) -> None:
        self.query_one("#position", Ends).show(((f" {event.error}", "bad"),))

    # -- filters -----------------------------------------------------------------------------------------

    @on(FilterBar.Asked)
    def _filter(self, event: FilterBar.Asked) -> None:
        if event.text != self._text:
            self._text = event.text
            self.steps.reload()

    @on(FilterBar.Closed)
    def _when_closed(self) -> None:
        self.steps.focus()

    def action_filter(self) -> None:
        """Ask for fewer steps."""
        self.query_one(FilterBar).open()

    def action_outcome(self) -> None:
        """Show steps of the next outcome only: all, done, skipped, failed, pending."""
        self._outcome = OUTCOMES[(OUTCOMES.index(self._outcome) + 1) % len(OUTCOMES)]
        self.steps.reload()

    # -- keys --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the operation's state allows."""
        operation = self.operation
        offered = {
            "approve": operation.state in ("proposed", "interrupted", "failed"),
            "reject": operation.state == "proposed",
            "cancel": operation.state in words.STOPPABLE,
            "undo": words.can_undo(operation),
            "follow": operation.state in words.UNDERWAY,
            "mark": operation.state == "proposed" or words.can_undo(operation),
        }
        return super().check_action(action, parameters) if offered.get(action, True) else False

    def _marked(self) -> list[bytes] | None:
        """Return the paths of what is marked: where each file is now. None: nothing is marked, so all is meant."""
        paths = [
            exact_path(step.destination, step.destination_b64)
            if step.outcome == "done" and step.destination
            else exact_path(step.source, step.source_b64)
            for step in self.steps.marks.values()
        ]
        return [path for path in paths if path is not None] or None

    def action_approve(self) -> None:
        """Ask, then let it run: what is marked, or all."""
        self.face.acts.approve(self.operation, self._marked())

    def action_reject(self) -> None:
        """Ask, then refuse it; its files are left alone from then on."""
        self.face.acts.reject(self.operation)

    def action_cancel(self) -> None:
        """Ask, then stop it between two files."""
        self.face.acts.cancel(self.operation)

    def action_undo(self) -> None:
        """Show what taking it back would do: what is marked, or all."""
        self.face.acts.show_undo(self.operation, self._marked())

    def action_mark(self) -> None:
        """Mark a step, so that undo and approve mean it alone."""
        self.steps.toggle_mark()
        self._where()

    def action_follow(self) -> None:
        """Stay with the newest step that is done."""
        self._follow = not self._follow
        self._where()

    def action_explain(self) -> None:
        """Say what the rules would do with the file under the cursor, and why."""
        if self.steps.current is not None:
            self.face.looks.explain(path_now(self.steps.current))

    def action_preview(self) -> None:
        """Show the file under the cursor."""
        if self.steps.current is not None:
            self.face.looks.preview(path_now(self.steps.current))

    def action_copy(self) -> None:
        """Hand the path where the file is now to the terminal's clipboard."""
        if self.steps.current is not None:
            self.face.acts.copy_path(self.steps.current)

    @on(LineList.Opened)
    def action_detail(self) -> None:
        """Show a step in full."""
        if self.steps.current is not None:
            self.face.show_step(self.steps.current, self.operation)

    async def action_quit(self) -> None:
        """Leave; the agent goes on."""
        await self.face.action_quit()
