"""Whether keys were typed by a person or came in a burst: pasted into the wrong window, or held down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Rhythm:
    """The times of the last two keys; `burst` in seconds."""

    burst: float
    last: float | None = None
    hurried: bool = False

    def key(self, time: float) -> None:
        """A key came."""
        self.hurried = self.last is not None and time - self.last < self.burst
        self.last = time

    def pointer(self) -> None:
        """The mouse was used: nobody pastes that."""
        self.hurried = False
        self.last = None
