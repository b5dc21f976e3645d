"""Leaving a plan that was made only to be looked at: it waits, or it is dropped, and either is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import words
from tui.screens.confirm import Confirm
from tui.widgets.line import EMPTY, Line

if TYPE_CHECKING:
    from core.model import Operation
    from tui.screens.place import Place

    _Base = Place
else:
    _Base = object


class Leaving(_Base):
    """A place that shows an operation, and asks what shall become of a plan made from these screens."""

    @property
    def operation(self) -> Operation:
        """The operation as it is known now."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Go back; ask first, where a plan that a person had made would be left behind undecided."""
        operation, acts = self.operation, self.face.acts
        if operation.state != "proposed" or operation.id not in acts.planned_here:
            super().action_back()
            return

        def answered(dropped: bool | None) -> None:
            acts.planned_here.discard(operation.id)
            if dropped:
                acts.drop(operation)
            else:
                self.face.tell("The plan waits for you on the first screen.")
            self.dismiss()

        lines: tuple[Line, ...] = (
            ((f"{words.files(operation.counts.planned)} would go where the list showed. Nothing moved yet.", "text"),),
            EMPTY,
            (("It can wait: then it stands on the first screen under “Waiting for you”.", "dim"),),
        )
        self.face.push_screen(Confirm("Leave this plan?", lines, "Drop it", no="Let it wait"), answered)
