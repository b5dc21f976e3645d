"""One step in full: the whole of both paths, and why it went as it did."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from core.model import Operation, StepView
from tui import words
from tui.screens.place import Box, Dialog
from tui.widgets.line import EMPTY, Line, Lines, folded


class StepDetail(Dialog[None]):
    """A box with nothing cut off."""

    DEFAULT_CSS = """
    StepDetail VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q,Y", "close", "close", show=False),
        Binding("y", "copy", "copy the path"),
    ]

    def __init__(self, step: StepView, operation: Operation) -> None:
        super().__init__()
        self._step = step
        self._operation = operation

    def compose(self) -> ComposeResult:
        """Hold the facts."""
        with Box(f"Step {words.count(self._step.seq)}"), VerticalScroll():
            yield Lines(id="facts")

    def on_mount(self) -> None:
        """Show them as wide as the box is."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        step = self._step
        width = max(self.query_one("#facts").size.width, 20)
        word, role = words.step_outcome(step, self._operation)
        lines: list[Line] = []
        for name, value in (("from", step.source), ("to", step.destination), ("why", step.reason)):
            if value:
                text = value if name == "why" else self.around.tilde(value)
                first, *more = folded(text, width - 6)
                lines.append(((f"{name:<6}", "dim"), (first, "text")))
                lines += [(("      ", "text"), (part, "text")) for part in more]
                lines.append(EMPTY)
        together = f", together with the others of group {step.group}" if step.group else ""
        lines.append(((f"{step.kind:<6}", "dim"), (word, role), (together, "dim")))
        self.query_one("#facts", Lines).show(lines)

    def action_copy(self) -> None:
        """Hand the path where the file is now to the terminal's clipboard."""
        self.face.copy_path(self._step)
