"""A screen closes once, and closes nothing but itself, whatever is still on its way to it."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

T = TypeVar("T")


class ClosesOnce(Screen[T]):
    """Closes itself alone: Textual closes whatever lies on top, and that may be another screen by then.

    An answer may come late, and a key that is held down chooses a line twice before the first choice is acted on.
    """

    _waiting: tuple[T | None] | None = None

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close it: at once, or when what lies over it is gone. One that is closed stays so."""
        stack = self.app.screen_stack
        if stack[-1] is self:
            return super().dismiss(result)
        if self in stack:
            self._waiting = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """Close now, if that had to wait."""
        if self._waiting is not None:
            self.dismiss(*self._waiting)
