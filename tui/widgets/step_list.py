"""The steps of an operation as lines: files that go together share one; some are marked, or taken out."""

from __future__ import annotations

from collections.abc import Iterable
from os.path import dirname

from core.model import StepView
from tui.selection import Selection
from tui.widgets.line import Piece
from tui.widgets.paged_list import Draw, Fetch, PagedList
from tui.wire import StepPage, exact_path

Steps = tuple[StepView, ...]
"""What one line shows: a step, or those of files that go together."""


def lines_of(page: StepPage) -> list[Steps]:
    """Return the steps of a page as lines."""
    steps = iter(page.steps)
    lengths: Iterable[int] = page.lines or [1] * len(page.steps)
    return [tuple(next(steps) for _ in range(length)) for length in lengths]


class StepList(PagedList[Steps]):
    """A million lines, by the page. `selection`: what is taken out, of a proposal that is looked over."""

    def __init__(self, fetch: Fetch[Steps], draw: Draw[Steps], *, id: str | None = None) -> None:
        super().__init__(fetch, draw, id=id)
        self.selection: Selection | None = None
        self.folders: set[bytes] = set()
        """Folders that are marked with all that is beneath them."""

    def stays(self, steps: Steps) -> bool:
        """Tell whether files are taken out of a proposal."""
        return self.selection is not None and self.selection.stays(steps[0])

    def marked(self, index: int) -> bool:
        """Tell whether a line is marked, or the folder of its files is."""
        steps = self.row(index)
        return index in self.marks or (bool(self.folders) and steps is not None and self._is_in_marked(steps[0]))

    def _is_in_marked(self, step: StepView) -> bool:
        path = path_now(step) or b""
        return any(path.startswith(folder + b"/") for folder in self.folders)

    def sign(self, index: int) -> Piece:
        """Return what stands before a line: a mark, or that its files stay."""
        steps = self.row(index)
        if steps is not None and self.stays(steps):
            return ("-", "warn")
        return super().sign(index)

    def toggle(self) -> None:
        """Mark the line under the cursor, or take its files out of the proposal; again turns it back."""
        steps = self.current
        if steps is None:
            return
        if self.selection is None:
            self.toggle_mark()
            return
        self.selection.toggle(steps)
        self.refresh_line(self.cursor)
        self.action_move(1)

    def toggle_folder(self) -> None:
        """Mark all files in the folder where the file under the cursor is now; again takes the marks away."""
        steps = self.current
        if steps is not None and (path := path_now(steps[0])):
            self.folders ^= {dirname(path)}
            self.refresh()

    def meant(self) -> list[bytes]:
        """Return the paths of what is marked: files where they are now, and folders."""
        files = [path for steps in self.marks.values() for step in steps if (path := path_now(step))]
        return [*files, *sorted(self.folders)]


def path_now(step: StepView) -> bytes | None:
    """Return where the file of a step is now."""
    if step.outcome == "done" and step.destination:
        return exact_path(step.destination, step.destination_b64)
    return exact_path(step.source, step.source_b64)
