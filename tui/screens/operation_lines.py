"""The lines of an operation's screen."""

from __future__ import annotations

from core.model import Operation, Progress, StepView
from core.names import shown
from tui import words
from tui.screens.place import operation_title
from tui.surroundings import Surroundings
from tui.widgets.journey import journey_line
from tui.widgets.line import Line, folded, right
from tui.widgets.progress import newest_moves, progress_line


def heading(operation: Operation, around: Surroundings) -> tuple[Line, Line]:
    """Return an operation's title, and who asked for it when."""
    now = around.now()
    word, role = words.state(operation)
    title: Line = ((f" {operation_title(operation, around)}", "strong"), ("  ", "text"), (word, role))
    told = [words.moment(operation.started or operation.created, now)]
    if operation.started and operation.finished:
        told.append(f"took {words.took(operation.finished - operation.started)}")
    by = operation.requested_by or ("the agent" if operation.automatic else "")
    if by:
        told.append(f"by {around.person(by)}")
    return title, ((" · ".join(told) + " ", "dim"),)


def about(operation: Operation, progress: Progress | None, width: int) -> list[Line]:
    """Return how far it is, or what became of it, and why it waits or failed."""
    lines: list[Line] = []
    if operation.state in words.UNDERWAY:
        lines.append(progress_line(progress, operation, width))
        lines.append(newest_moves(progress, width))
    else:
        copied = f" · {words.size(operation.counts.bytes)}" if operation.counts.bytes else ""
        lines.append(((words.outcome(operation), "text"), (copied, "dim")))
    for text, role in ((operation.note, "text"), (operation.error, "bad")):
        lines += [((part, role),) for part in folded(text, width)] if text else []
    if operation.undone_by:
        lines.append(((f"undone by {shown(operation.undone_by)}", "dim"),))
    return lines


def step_line(step: StepView, operation: Operation, around: Surroundings, beneath: str, width: int) -> Line:
    """Return a step: from → to, and what became of it."""
    word, role = words.step_outcome(step, operation)
    room = max(width - words.OUTCOME_WIDTH - 1, 1)
    share = 0.6 if operation.kind == "rollback" else 0.45  # what goes back comes from deep down
    paths = journey_line(step, around, beneath, room, share)
    return (*paths, (right(word, words.OUTCOME_WIDTH), role), (" ", "text"))


def position(cursor: int, total: int, marks: int) -> Line:
    """Return where one is in the list: 3 of 2,118."""
    if not total:
        return ((" ", "dim"),)
    marked = f" · {words.count(marks)} marked" if marks else ""
    return ((f" {words.count(cursor + 1)} of {words.count(total)}", "dim"), (marked, "accent"))
