"""The lines of an operation's screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.model import Operation, Progress, StepView
from tui import words
from tui.screens.place import operation_title
from tui.surroundings import Surroundings
from tui.widgets.journey import beside as beside_of
from tui.widgets.journey import journey_line
from tui.widgets.line import Line, folded, right, width_of
from tui.widgets.progress import newest_moves, progress_line, transfer_lines

TRANSFERS = 6
"""Files on their way that are shown at most."""


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


def about(operation: Operation, progress: Progress | None, key: Callable[[str], str], width: int) -> list[Line]:
    """Return how far it is, or what became of it, and why it waits or failed."""
    lines: list[Line] = []
    if operation.state in words.UNDERWAY:
        lines.append(progress_line(progress, operation, width))
        if progress is not None and progress.transfers:
            lines += transfer_lines(progress, width, TRANSFERS)
        else:
            lines.append(newest_moves(progress, width))
    else:
        copied = f" · {words.size(operation.counts.bytes)}" if operation.counts.bytes else ""
        lines.append(((words.outcome(operation), "text"), (copied, "dim")))
    for text, role in ((operation.note, "text"), (operation.error, "bad")):
        lines += [((part, role),) for part in folded(text, width)] if text else []
    if operation.state != "proposed":
        lines += advice_lines(operation, key, width)
    return lines


def advice_lines(operation: Operation, key: Callable[[str], str], width: int) -> list[Line]:
    """Return what can be done about an operation, as much in a line as fits."""
    lines: list[Line] = []
    for name, does in words.advice(operation):
        told: Line = ((key(name), "accent"), (f" {does}", "dim"))
        if lines and width_of(lines[-1]) + 3 + width_of(told) <= width:
            lines[-1] = (*lines[-1], ("   ", "text"), *told)
        else:
            lines.append(told)
    return lines


def steps_line(steps: Sequence[StepView], operation: Operation, around: Surroundings, beneath: str, width: int) -> Line:
    """Return a step, or those of files that go together: from → to, and what became of it."""
    step = next((each for each in steps if each.outcome in ("failed", "skipped")), steps[0])
    word, role = words.step_outcome(step, operation)
    room = max(width - words.OUTCOME_WIDTH - 1, 1)
    share = 0.6 if operation.kind == "rollback" else 0.45  # what goes back comes from deep down
    paths = journey_line(step, around, beneath, room, share, beside_of(steps) if len(steps) > 1 else "")
    return (*paths, (right(word, words.OUTCOME_WIDTH), role), (" ", "text"))


def staying_line(steps: Sequence[StepView], around: Surroundings, beneath: str, width: int) -> Line:
    """Return a step of a proposal that is taken out of it."""
    room = max(width - words.OUTCOME_WIDTH - 1, 1)
    told = journey_line(steps[0], around, beneath, room, beside=beside_of(steps))
    return (*((text, "faint") for text, _ in told), (right("stays", words.OUTCOME_WIDTH), "warn"), (" ", "text"))


def position(cursor: int, total: int, chosen: str) -> Line:
    """Return where one is in the list, and what is chosen in it: 3 of 2,118 · 2 marked."""
    if not total:
        return ((" ", "dim"),)
    return (
        (f" {words.count(cursor + 1)} of {words.count(total)}", "dim"),
        (f" · {chosen}" if chosen else "", "accent"),
    )
