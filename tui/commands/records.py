"""Operations and steps as records: columns of words on a terminal, the exact fields in a pipe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.model import Operation, StepView
from tui import words
from tui.commands.output import Output, Piece
from tui.surroundings import Surroundings

ROLES = {"good": "good", "warn": "warn", "bad": "bad", "accent": "accent", "dim": "dim", "faint": "dim"}
"""The styles of `Output` for the roles of `tui.words`."""

_HERE = Surroundings.real()
home_short = _HERE.tilde


def when(moment: datetime | None) -> str:
    """Return a time for people: 14:02, Mon 09:14, 12 Nov 09:14."""
    return "" if moment is None else words.moment(moment, _HERE.now())


def exactly(moment: datetime | None) -> str:
    """Return a time for a script or a record: ISO 8601 in local time, to the second."""
    return "" if moment is None else moment.astimezone().isoformat(timespec="seconds")


def without_empty(value: object) -> dict[str, object]:
    """Return a record for JSON that has `*_b64` only where a name is not UTF-8."""
    named: dict[str, object] = msgspec.to_builtins(value)
    return {name: each for name, each in named.items() if each is not None or not name.endswith("_b64")}


def state(operation: Operation) -> Piece:
    """Return an operation's state as a word in its colour."""
    word, role = words.state(operation)
    return word, ROLES[role]


def title(operation: Operation) -> str:
    """Return what an operation is: `organize ~/Downloads`, `undo of k3f9x2ab in ~/Downloads`."""
    of = f"of {operation.undo_of} in " if operation.undo_of else ""
    return f"{words.kind(operation)} {of}{home_short(operation.folder)}"


def print_operations(out: Output, operations: Sequence[Operation]) -> None:
    """Print operations in the order given."""
    out.records(operations)
    out.rows([_columns(operation) if out.terminal else _fields(operation) for operation in operations])


def _columns(operation: Operation) -> list[Piece]:
    remark = f"undone by {operation.undone_by}" if operation.undone_by else operation.error or operation.note or ""
    moment = when(operation.finished or operation.created)
    return [
        (operation.id, "strong"),
        moment,
        title(operation),
        state(operation),
        words.outcome(operation),
        (remark, "dim"),
    ]


def _fields(operation: Operation) -> list[Piece]:
    counts = operation.counts
    return [
        operation.id,
        operation.kind,
        operation.folder,
        operation.state,
        f"{counts.done}/{counts.planned} done",
        f"{counts.skipped} skipped",
        f"{counts.failed} failed",
        f"{counts.bytes} bytes",
        exactly(operation.finished or operation.created),
        operation.error or operation.note or "",
    ]


def print_steps(out: Output, operation: Operation, steps: Sequence[StepView]) -> None:
    """Print steps of an operation in the order given."""
    out.records(steps)
    if not out.terminal:
        out.rows([_step_fields(step) for step in steps])
        return
    folder = common_folder(steps)
    if folder:
        out.line("in ", (home_short(folder), "strong"))
    out.rows([_step_columns(operation, step, folder) for step in steps])


def _step_columns(operation: Operation, step: StepView, folder: str) -> list[Piece]:
    word, role = words.step_outcome(step, operation)
    source, destination = (_within(path, folder) for path in (step.source, step.destination))
    if source and os.path.basename(source) == os.path.basename(destination):
        destination = os.path.dirname(destination) + "/"  # the name stays: a line of a terminal is short
    arrow = f"→ {destination}" if source and destination else destination
    return [(f"  {word}", ROLES[role]), source, arrow, (step.reason or "", "dim")]


def _step_fields(step: StepView) -> list[Piece]:
    return [str(step.seq), step.kind, step.outcome, step.source or "", step.destination or "", step.reason or ""]


def common_folder(steps: Sequence[StepView]) -> str:
    """Return the innermost folder that holds all these steps, or an empty text."""
    paths = [path for step in steps for path in (step.source, step.destination) if path and path.startswith("/")]
    folder = os.path.commonpath([os.path.dirname(path) for path in paths]) if paths else ""
    return "" if folder == "/" else folder


def _within(path: str | None, folder: str) -> str:
    if path is None:
        return ""
    return path[len(folder) + 1 :] if folder and path.startswith(folder + "/") else path
