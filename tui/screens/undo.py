"""Undo: what would go back where, what cannot, and only then the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.errors import ShelverError
from core.model import OnConflict, Operation, Preview
from tui import words
from tui.screens.confirm import Choice, Question
from tui.screens.place import Box, operation_title
from tui.surroundings import Surroundings
from tui.widgets.journey import journey_line
from tui.widgets.line import EMPTY, Line, Lines, folded, right

_WHERE = {"Undo": "go back to where they were", "Redo": "go where they had gone"}
_POLICIES = (
    ("restore under a number where the place is taken", "number", "restore as “name (1)”"),
    ("skip where the place is taken", "skip", "skip it"),
)
SAMPLE = 6
"""Steps that are shown, where there is room for them."""
FRAME = 6
"""Lines of a dialog around what it tells: border, padding, buttons."""


def _title(operation: Operation, around: Surroundings) -> str:
    """Return what is taken back; of an undo that is undone, what is done again."""
    return around.tilde(operation.folder) if operation.kind == "rollback" else operation_title(operation, around)


def _label(long: str, short: str, width: int) -> str:
    return f"{long:<24}" if width > 60 else f"{short:<13}"


class Undo(Question[Preview]):
    """The preview of a rollback, and its confirmation."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "policy('number')", "restore under a number where the place is taken"),
        Binding("s", "policy('skip')", "skip where the place is taken"),
        Binding("m", "part", "mark a part of it first"),
    ]

    def __init__(self, operation: Operation, only: Sequence[bytes] | None = None) -> None:
        super().__init__()
        self._operation = operation
        self._only = only
        self._policy: OnConflict = "number"
        self._preview: Preview | None = None
        self._trouble = ""
        self._asked = 0
        """Grows with every question: what answers an older one is put away."""
        self._verb = "Redo" if operation.kind == "rollback" else "Undo"

    def compose(self) -> ComposeResult:
        """Hold the preview and the two buttons."""
        time = words.moment(self._operation.finished or self._operation.created, self.around.now())
        with Box(f"{self._verb}: {_title(self._operation, self.around)}, {time}", self.keys):
            yield Lines(id="told")
            yield from self.buttons(self._verb, ready=False)

    def on_mount(self) -> None:
        """Ask what it would do."""
        self._ask()

    def _ask(self) -> None:
        """Ask what it would do; by the application, as the answer has to be put away even if nobody waits for it."""
        self._preview, self._trouble = None, ""
        self._asked += 1
        self._draw()
        self.face.run_worker(self._look(), group="preview", exit_on_error=False)

    async def _look(self) -> None:
        asked, trouble = self._asked, ""
        preview: Preview | None = None
        try:
            preview = await self.face.agent.preview_rollback(
                self._operation.id, only=self._only, on_conflict=self._policy
            )
        except ShelverError as error:
            trouble = str(error)
        if asked == self._asked:
            self._preview, self._trouble = preview, trouble
            self._draw()
        elif preview is not None:
            self.face.acts.put_away(preview)

    # -- drawing -----------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        told = self.query_one("#told", Lines)
        told.show(self._lines(max(told.size.width, 40)))
        yes = self.query_one("#yes", Choice)
        preview = self._preview
        yes.disabled = preview is None or preview.files == 0
        if preview is not None:
            yes.label = f"{self._verb} {words.files(preview.files)}"

    def _lines(self, width: int) -> list[Line]:
        preview = self._preview
        if self._trouble:
            return [((part, "bad"),) for part in folded(self._trouble, width)]
        if preview is None:
            looking = f"Looking at {words.files(self._operation.counts.done)}…"
            return [((looking, "dim"),), EMPTY, ((" ", "dim"),)]
        noted = sum(preview.notes.values())
        counts: list[tuple[int, str, str]] = [
            (max(preview.files - noted, 0), _WHERE[self._verb], "text"),
            *((number, note, "warn") for note, number in preview.notes.items()),
            *((number, reason, "bad") for reason, number in preview.refusals.items()),
        ]
        if not preview.refusals:
            counts.append((0, "cannot come back", "dim"))
        figures = max(len(words.count(number)) for number, _, _ in counts) + 1
        lines: list[Line] = []
        for number, said, role in counts:
            first, *more = folded(said, width - figures - 2)
            lines.append(((right(words.count(number), figures), "strong"), ("  ", "text"), (first, role)))
            lines += [((" " * (figures + 2), "text"), (part, role)) for part in more]
        room = int(self.size.height * 0.92) - FRAME
        del lines[max(room - 4, 1) :]
        lines += [EMPTY, self._policy_line(width), *self._limits(preview, width)]
        beneath = self.live.path_of(self._operation.folder)
        sample = preview.sample[: max(min(room - len(lines) - 2, SAMPLE), 0)]
        if sample:
            lines.append(EMPTY)
            lines += [journey_line(step, self.around, beneath, width, share=0.62) for step in sample]
            if preview.files > len(sample):
                lines.append((("…", "faint"),))
        return lines

    def _policy_line(self, width: int) -> Line:
        line: Line = ((_label("Where a place is taken", "Where taken", width), "dim"),)
        for name, policy, said in _POLICIES:
            line = (
                *line,
                (self.key(name), "accent"),
                (" " + said, "strong" if policy == self._policy else "faint"),
                ("   ", "text"),
            )
        return line

    def _limits(self, preview: Preview, width: int) -> list[Line]:
        """Return how a part can be meant, and until when all of it is possible."""
        lines: list[Line] = []
        if self._only is None:
            part = _label("Only a part of it", "Only a part", width)
            lines.append(
                ((part, "dim"), (self.key("mark a part of it first"), "accent"), (" mark files or folders", "faint"))
            )
        if preview.until is not None:
            now = self.around.now()
            day = words.day(preview.until.astimezone(now.tzinfo).date(), now)
            lines.append(((_label("Possible until", "Until", width), "dim"), (day, "text")))
        return lines

    # -- keys --------------------------------------------------------------------------------------------

    def action_policy(self, policy: OnConflict) -> None:
        """Deal with taken places in another way, and look again."""
        if policy != self._policy:
            self._policy = policy
            self._put_away()
            self._ask()

    def action_part(self) -> None:
        """Show its files instead, so that some can be marked."""
        beneath = self.app.screen_stack[-2]
        self.dismiss(None)
        if getattr(beneath, "operation", None) != self._operation:
            self.face.show_operation(self._operation)
        file, folder, undo = map(self.key, ("mark", "mark the folder", "undo"))
        self.face.tell(f"{file} marks a file, {folder} its folder; then {undo}.")

    def confirmed(self) -> None:
        """Undo what was shown."""
        preview, self._preview = self._preview, None
        self.dismiss(preview)

    def on_unmount(self) -> None:
        """Leave no plan behind that nobody wanted, also not one that is still being made."""
        self._asked += 1
        self._put_away()

    def _put_away(self) -> None:
        if self._preview is not None:
            self.face.acts.put_away(self._preview)
            self._preview = None
