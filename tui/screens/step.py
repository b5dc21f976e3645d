"""One line in full: the whole of all paths, and why it went as it did."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from core.model import Operation, StepView
from tui import words
from tui.screens.place import Box, Dialog
from tui.surroundings import Surroundings
from tui.widgets.line import EMPTY, Line, Lines, cut, folded


class StepDetail(Dialog[None]):
    """A box with nothing cut off."""

    DEFAULT_CSS = """
    StepDetail VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q,Y", "close", "close", show=False),
        Binding("y", "copy", "copy the path"),
    ]

    def __init__(self, steps: Sequence[StepView], operation: Operation) -> None:
        super().__init__()
        self._steps = steps
        self._operation = operation

    def compose(self) -> ComposeResult:
        """Hold the facts."""
        name = os.path.basename(self._steps[0].source or self._steps[0].destination or "")
        with Box(cut(name, 60), self.hints(("copy the path", "copy path"), ("cancel", "close"))), VerticalScroll():
            yield Lines(id="facts")

    def on_mount(self) -> None:
        """Show them as wide as the box is."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        facts = self.query_one("#facts", Lines)
        facts.show(steps_facts(self._steps, self._operation, self.around, max(facts.size.width, 20)))

    def action_copy(self) -> None:
        """Hand the path where the file is now to the terminal's clipboard."""
        self.face.acts.copy_path(self._steps[0])


def steps_facts(steps: Sequence[StepView], operation: Operation, around: Surroundings, width: int) -> list[Line]:
    """Return all there is to say of files that go together, one after the other, nothing cut off."""
    lines = step_facts(steps[0], operation, around, width)
    for step in steps[1:]:
        lines += [EMPTY, *_told("with", around.tilde(step.source or ""), width)]
        lines += _told("to", around.tilde(step.destination or ""), width)
    return lines


def _told(name: str, text: str, width: int) -> list[Line]:
    first, *more = folded(text, width - 6)
    return [((f"{name:<6}", "dim"), (first, "text")), *((("      ", "text"), (part, "text")) for part in more)]


def step_facts(step: StepView, operation: Operation, around: Surroundings, width: int) -> list[Line]:
    """Return all there is to say of a step, nothing cut off."""
    lines: list[Line] = []
    for name, value in (("from", step.source), ("to", step.destination), ("why", step.reason)):
        if value:
            lines += [*_told(name, value if name == "why" else around.tilde(value), width), EMPTY]
    word, role = words.step_outcome(step, operation)
    together = f", together with the others of group {step.group}" if step.group else ""
    lines.append(((f"{step.kind:<6}", "dim"), (word, role), (together, "dim")))
    return lines
