"""One operation: what it is about in two lines, and its steps, of which there may be a million."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from core.model import Counts, Operation, Outcome, State
from tui import words
from tui.looks import path_now
from tui.screens.leaving import Leaving
from tui.screens.operation_lines import about, heading, position, staying_line, steps_line
from tui.screens.place import Banner, Place
from tui.screens.step import StepDetail, steps_facts
from tui.selection import Selection, is_reviewed_by_folder
from tui.widgets.file_pane import FilePane
from tui.widgets.filter_bar import FilterBar
from tui.widgets.glance import Glance
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Ends, Line, Lines, cut, rule
from tui.widgets.line_list import LineList
from tui.widgets.paged_list import PagedList
from tui.widgets.step_list import StepList, Steps, lines_of

ROOMY = 18
"""Terminals at least so high can spare a line between what it is about and the steps."""


class OperationScreen(Leaving, Place):
    """The plan and what became of it. A plan that waits is approved or rejected here, whole or in part.

    `into`: only the files that go to this destination of the plan; `selection`: what was taken out of it already.
    """

    DEFAULT_CSS = """
    OperationScreen #title, OperationScreen #position { background: $surface; }
    OperationScreen #about { padding: 0 1; }
    OperationScreen StepList { width: 7fr; }
    OperationScreen #beside { display: none; width: 4fr; border-left: vkey $rule; }
    OperationScreen.-wide #beside { display: block; }
    OperationScreen Glance { height: auto; max-height: 50%; border: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve"),
        Binding("x", "reject", "reject"),
        Binding("c", "cancel", "stop it"),
        Binding("u", "undo", "undo"),
        Binding("u", "redo", "redo"),
        Binding("space", "mark", "mark", key_display="space"),
        Binding("space", "take_out", "take out", key_display="space"),
        Binding("i", "turn", "turn round", show=False),
        Binding("m", "mark_folder", "mark the folder", show=False),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("o", "outcome", "outcome"),
        Binding("f", "follow", "follow"),
        Binding("f", "pause", "pause"),
        Binding("d", "groups", "duplicates"),
        Binding("e", "explain", "explain"),
        Binding("p", "preview", "preview"),
        Binding("y", "copy", "copy path", show=False),
        Binding("Y", "detail", "show path", show=False),
    ]
    CHANGES = frozenset({"approve", "reject", "cancel", "undo", "redo"})
    AUTO_FOCUS = "StepList"

    def __init__(
        self, operation: Operation, text: str = "", *, selection: Selection | None = None, into: int | None = None
    ) -> None:
        super().__init__()
        self._operation = operation
        self._text = text
        self._into = into
        self._selection = selection or Selection()
        self._outcome: Outcome | None = None
        self._follow = False
        self._followed = 0
        """The line to which following went."""
        self._seen: tuple[State, Counts] | None = None
        self._done = -1
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """Hold what it is about, the steps, where one is in them, a filter, and the keys."""
        yield from super().compose()
        yield Ends(id="title")
        yield Banner(id="banner")
        yield Lines(id="about")
        with Horizontal():
            yield StepList(self._fetch, self._draw_steps, id="steps")
            with Vertical(id="beside"):
                yield Glance(self.around)
                yield FilePane()
        yield FilterBar("a part of a path; !part for all others")
        yield Ends(id="position")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for the first steps."""
        self.query_one(FilterBar).value = self._text
        self.steps.reload()

    @property
    def steps(self) -> StepList:
        """The list of steps."""
        return self.query_one(StepList)

    @property
    def operation(self) -> Operation:
        """The operation as it is known now."""
        return self.live.operations.get(self._operation.id, self._operation)

    @property
    def _is_filtered(self) -> bool:
        return bool(self._text or self._outcome or self._into is not None)

    async def _fetch(self, start: int, limit: int) -> tuple[Sequence[Steps], int]:
        id, agent = self._operation.id, self.face.agent
        if self._is_filtered:  # it finds files, a line each: what goes together with one may not fit the filter
            page = await agent.steps(
                id, start=start, limit=limit, text=self._text, outcome=self._outcome, into=self._into
            )
        else:
            page = await agent.lines(id, start=start, limit=limit)
        return lines_of(page), page.total

    def _draw_steps(self, steps: Steps, width: int) -> Line:
        if self.steps.stays(steps):
            return staying_line(steps, self.around, self._beneath, width)
        return steps_line(steps, self.operation, self.around, self._beneath, width)

    @property
    def _beneath(self) -> str:
        return self.live.path_of(self._operation.folder)

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Draw what changed; ask for the steps anew if something may have become of those that are seen."""
        operation = self.operation
        progress = self.live.progress.get(operation.id)
        self.steps.selection = self._selection if operation.state == "proposed" else None
        self.query_one("#title", Ends).show(*self._heading())
        self.tell_age(self.query_one(Banner))
        self._draw_about()
        if self._is_to_be_reviewed:
            from tui.screens.review import place_of  # noqa: PLC0415  (screens open each other)

            self.app.switch_screen(place_of(operation))
            return
        if self._seen != (operation.state, operation.counts):
            self._seen = (operation.state, operation.counts)
            self.steps.freshen()
        elif progress is not None and self._done != progress.done:
            self._done = progress.done
            self._freshen_soon()
            if self._follow and not self._is_filtered:
                self._stay_with(progress.done)
        self.refresh_bindings()

    @property
    def _is_to_be_reviewed(self) -> bool:
        """Whether a plan that was waited for has just come, and is big."""
        operation = self.operation
        was_awaited = self._seen is not None and self._seen[0] in ("queued", "planning")
        return was_awaited and is_reviewed_by_folder(operation) and not self._is_filtered

    def _heading(self) -> tuple[Line, Line]:
        title, told = heading(self.operation, self.around)
        if self._into is None:
            return title, told
        path = self._selection.destinations[self._into].path
        where = self.around.tilde(path) if path else "the trash"
        return (*title[:1], (f"  → {cut(where, self.size.width // 2)}", "accent")), told

    def _freshen_soon(self) -> None:
        """Ask anew for what is seen, in a while and only if something is still to come of it: it costs the agent."""

        def freshen() -> None:
            self._soon = None
            if any(steps[0].outcome == "pending" for steps in self.steps.seen()):
                self.steps.freshen()

        if self._soon is None:
            self._soon = self.set_timer(4 * self.around.beat, freshen)

    def on_resize(self) -> None:
        """Lines that depend on the width are made anew."""
        self.call_after_refresh(self._draw_about)

    def _draw_about(self) -> None:
        lines = self.query_one("#about", Lines)
        width = max(self.size.width - 2, 20)
        told = about(self.operation, self.live.progress.get(self._operation.id), self.key, width)
        lines.show([*told, rule(width)] if self.size.height >= ROOMY else told)

    def _stay_with(self, line: int) -> None:
        """Go to a line, or to the last one before it of which something became: lines hold more than one file."""
        steps = self.steps
        line = min(line, max(steps.total - 1, 0))
        while line and (row := steps.row(line)) and row[0].outcome == "pending" and steps.row(line - 1):
            line -= 1
        self._followed = line
        steps.cursor = line

    @on(LineList.Highlighted)
    def _moved(self) -> None:
        if self._follow and self.steps.cursor < self._followed:  # who goes back wants to look in peace
            self._follow = False
            self.refresh_bindings()
        self._where()

    @on(PagedList.Loaded)
    def _came(self) -> None:
        if self._follow and not self._is_filtered:
            self._stay_with(self._followed)
        self._where()

    def _where(self) -> None:
        steps = self.steps
        current = steps.current
        if self.query_one("#beside").display and current is not None:
            self.query_one(Glance).tell(lambda width: steps_facts(current, self.operation, self.around, width))
            self.query_one(FilePane).look(path_now(current[0]))
        told = position(steps.cursor, steps.total, self._chosen())
        if steps.known and not steps.total:
            none = " no steps yet" if self.operation.state in words.UNDERWAY else " no steps"
            told = ((" no step fits the filter" if self._is_filtered else none, "dim"),)
        wanted = " · ".join(filter(None, (self._text, self._outcome)))
        asked = (("filter: ", "dim"), (wanted, "accent"), (" ", "text")) if wanted else ()
        follow = (("following ", "accent"),) if self._follow else ()
        self.query_one("#position", Ends).show(told, (*asked, *follow))

    def _chosen(self) -> str:
        """Return what is marked, or what of a proposal goes, in words; empty where that is all."""
        steps = self.steps
        if steps.selection is not None:
            going, total = (count(self.operation) for count in (steps.selection.going_of, steps.selection.total_of))
            return "" if steps.selection.is_whole else f"{words.count(going)} of {words.files(total)} go"
        told = [f"{words.count(len(steps.marks))} marked"] if steps.marks else []
        if steps.folders:
            told.append("1 folder marked" if len(steps.folders) == 1 else f"{len(steps.folders)} folders marked")
        return ", ".join(told)

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
        """Show steps of the next outcome that there is, what needs a look first; at last all again."""
        cycle = words.outcomes(self.operation)
        place = cycle.index(self._outcome) if self._outcome in cycle else -1
        self._outcome = [*cycle, None][(place + 1) % (len(cycle) + 1)]
        self.steps.reload()

    # -- keys --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the operation's state allows."""
        operation = self.operation
        is_proposal, is_underway = operation.state == "proposed", operation.state in words.UNDERWAY
        offered = {
            "approve": operation.state in ("proposed", "interrupted", "failed"),
            "reject": is_proposal,
            "cancel": operation.state in words.STOPPABLE,
            "undo": words.can_undo(operation) and not words.can_redo(operation),
            "redo": words.can_redo(operation),
            "follow": is_underway and not self._follow,
            "pause": is_underway and self._follow,
            "mark": words.can_undo(operation),
            "mark_folder": words.can_undo(operation),
            "take_out": is_proposal,
            "turn": is_proposal,
            "outcome": not is_proposal,
            "groups": operation.kind == "dedupe",
        }
        return super().check_action(action, parameters) if offered.get(action, True) else False

    def action_approve(self) -> None:
        """Let it run, without what was taken out. Who saw all of a small plan is not asked again."""
        steps = self.steps
        is_seen = steps.known and steps.total <= steps.size.height and not self._is_filtered
        self.face.acts.approve(self.operation, self._selection, is_seen=is_seen)

    def action_reject(self) -> None:
        """Ask, then refuse it; its files are left alone from then on."""
        self.face.acts.reject(self.operation)

    def action_cancel(self) -> None:
        """Ask, then stop it between two files."""
        self.face.acts.cancel(self.operation)

    def action_undo(self) -> None:
        """Show what taking it back would do: what is marked, or all."""
        self.face.acts.show_undo(self.operation, self.steps.meant() or None)

    def action_redo(self) -> None:
        """Show what doing it again would do."""
        self.face.acts.redo(self.operation, self.steps.meant() or None)

    def action_mark(self) -> None:
        """Mark files, so that undo means them alone."""
        self.steps.toggle()
        self._where()

    def action_take_out(self) -> None:
        """Take files out of the proposal, or put them back."""
        self.action_mark()

    def action_mark_folder(self) -> None:
        """Mark all files in the folder of the one under the cursor, so that undo means them."""
        self.steps.toggle_folder()
        self._where()

    def action_turn(self) -> None:
        """Let only that go which was taken out."""
        self._selection.turn()
        self.steps.refresh()
        self._where()

    def action_follow(self) -> None:
        """Stay with the newest step that is done."""
        self._follow = True
        self._done = -1
        self.live_changed()
        self._where()

    def action_pause(self) -> None:
        """Stay where the cursor is."""
        self._follow = False
        self._where()
        self.refresh_bindings()

    def action_groups(self) -> None:
        """Show the groups of duplicates that it found."""
        self.face.looks.duplicates_of(self.operation)

    def action_explain(self) -> None:
        """Say what the rules would do with the file under the cursor, and why."""
        if self.steps.current is not None:
            self.face.looks.explain(path_now(self.steps.current[0]))

    def action_preview(self) -> None:
        """Show the file under the cursor."""
        if self.steps.current is not None:
            self.face.looks.preview(path_now(self.steps.current[0]))

    def action_copy(self) -> None:
        """Hand the path where the file is now to the terminal's clipboard."""
        if self.steps.current is not None:
            self.face.acts.copy_path(self.steps.current[0])

    @on(LineList.Opened)
    def action_detail(self) -> None:
        """Show a step in full."""
        if self.steps.current is not None:
            self.app.push_screen(StepDetail(self.steps.current, self.operation))
