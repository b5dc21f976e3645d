"""A closer look at what the cursor is on, for terminals that have the room."""

from __future__ import annotations

from collections.abc import Callable

from textual.geometry import Size

from core.model import FolderStatus, Operation
from core.names import shown
from tui import words
from tui.live import Live
from tui.surroundings import Surroundings
from tui.widgets.line import EMPTY, Line, Lines, fitted, folded
from tui.widgets.progress import newest_moves, progress_line


class Glance(Lines):
    """Some facts in a column at the right."""

    DEFAULT_CSS = """
    Glance { height: 1fr; padding: 1 2; border-left: vkey $rule; }
    """

    def __init__(self, around: Surroundings) -> None:
        super().__init__()
        self._around = around
        self._make: Callable[[int], list[Line]] = lambda _: []

    def tell(self, lines: Callable[[int], list[Line]]) -> None:
        """Show what is made for the width there is."""
        self._make = lines
        self.show(lines(self._room))

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.show(self._make(self._room))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are at a width: those made for an earlier one may be more."""
        return len(self._make(width))

    def look(self, subject: object, live: Live) -> None:
        """Show what is known of a folder, an operation, or several."""
        if isinstance(subject, FolderStatus):
            self.tell(lambda _: self._folder(subject, live))
        elif isinstance(subject, Operation):
            self.tell(lambda _: self._operation(subject, live))
        elif isinstance(operations := getattr(subject, "operations", None), tuple):
            self.tell(lambda _: self._several(operations))
        else:
            self.tell(lambda _: [])

    def _folder(self, folder: FolderStatus, live: Live) -> list[Line]:
        now = self._around.now()
        looked = words.moment(folder.last_reconcile, now) if folder.last_reconcile else "not yet"
        lines = [
            ((self._around.tilde(folder.name), "strong"),),
            *self._wrapped(self._around.tilde(folder.path), "dim"),
            EMPTY,
            self._fact("state", folder.state),
            *(self._wrapped(folder.reason, "warn") if folder.reason else []),
            self._fact("mode", "asks before it moves" if folder.mode == "review" else "moves by itself"),
            self._fact("files", words.count(folder.files)),
            self._fact("new today", words.count(folder.new_today)),
            self._fact("settling", words.count(folder.waiting)),
            self._fact("looked", looked),
            *(self._pair(folder) if words.has_pair(folder) else []),
            EMPTY,
        ]
        ended = [operation for operation in live.ended() if operation.folder == folder.name][:12]
        return [*lines, *self._several(tuple(ended))] if ended else lines

    def _pair(self, folder: FolderStatus) -> list[Line]:
        """Return how a folder stands with its bucket."""
        since = words.moment(folder.in_step, self._around.now()) if folder.in_step else "not yet"
        rests = self._wrapped(f"sync paused: {folder.sync_paused}", "warn") if folder.sync_paused else []
        told = words.pair(folder)
        waits = self._wrapped(told, "accent") if told not in ("", "in step") else []
        return [self._fact("in step", since), *waits, *rests, *self._wrapped(f"⇄ {folder.bucket}", "dim")]

    def _several(self, operations: tuple[Operation, ...]) -> list[Line]:
        now = self._around.now()
        lines: list[Line] = []
        for operation in operations:
            word, role = words.state(operation)
            time = words.moment(operation.finished or operation.created, now)
            told = words.summary(operation)
            room = self._room - 33
            lines.append(
                ((f"{time:<14}", "dim"), (fitted(told, room), "text"), ("  ", "text"), (f"{word:>16}", role))
                if room > 10
                else ((f"{time:<14}", "dim"), (fitted(told, self._room - 14), "text"))
            )
        return lines

    def _operation(self, operation: Operation, live: Live) -> list[Line]:
        now = self._around.now()
        word, role = words.state(operation)
        lines: list[Line] = [
            ((words.kind(operation), "dim"), (" ", "text"), (self._around.tilde(operation.folder), "strong")),
            ((f"operation {shown(operation.id)}", "faint"),),
            EMPTY,
            self._fact("state", word, role),
            *(self._wrapped(operation.note, "text") if operation.note else []),
            *(self._wrapped(operation.error, "bad") if operation.error else []),
            self._fact("files", words.outcome(operation)),
            self._fact(
                "asked by", self._around.person(operation.requested_by) or ("the agent" if operation.automatic else "")
            ),
            self._fact("asked", words.moment(operation.created, now)),
        ]
        if operation.started and operation.finished:
            lines.append(self._fact("took", words.took(operation.finished - operation.started)))
        progress = live.progress.get(operation.id)
        if progress is not None:
            lines += [EMPTY, progress_line(progress, operation, self._room), newest_moves(progress, self._room)]
        return lines

    @property
    def _room(self) -> int:
        return max(self.content_size.width, 20)

    def _fact(self, name: str, value: str, role: str = "text") -> Line:
        return ((f"{name:<12}", "dim"), (value, role))

    def _wrapped(self, text: str, role: str) -> list[Line]:
        return [((part, role),) for part in folded(text, self._room)]
