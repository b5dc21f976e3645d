"""What changed between two looks, a sentence each: for screen readers, logs, and terminals that draw nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.model import FolderStatus, Operation, Progress
from tui import words
from tui.commands.desk import Desk
from tui.commands.records import title
from tui.wire import Status

NEWEST = 50
"""Operations that are compared; what waits and what runs is compared however old it is."""
TENTH = 10
"""Percent between two sentences about the same running operation."""


@dataclass(frozen=True)
class Look:
    """What one look showed."""

    by_agent: bool
    status: Status
    folders: Mapping[str, FolderStatus]
    operations: Mapping[str, Operation]
    running: Mapping[str, Progress]


def look(desk: Desk) -> Look:
    """Look at everything that may change."""
    status = desk.status()
    operations = {operation.id: operation for operation in (*status.waiting, *desk.page(limit=NEWEST))}
    folders = {folder.name: folder for folder in status.folders}
    running = {progress.operation: progress for progress in status.running}
    return Look(desk.by_agent, status, folders, operations, running)


def changes(before: Look, after: Look) -> Iterator[str]:
    """Yield what is otherwise than before, the most important first."""
    if before.by_agent != after.by_agent:
        yield "the agent is running" if after.by_agent else "no agent is running any more"
    elif after.by_agent:  # without one, nobody knows how folders are
        yield from _folder_changes(before, after)
    yield from _operation_changes(before, after)
    yield from _progress_changes(before, after)


def _folder_changes(before: Look, after: Look) -> Iterator[str]:
    for name, folder in after.folders.items():
        known = before.folders.get(name)
        if known is None or (known.state, known.reason) != (folder.state, folder.reason):
            yield f"folder {name} is {folder.state}" + (f": {folder.reason}" if folder.reason else "")
        told = words.pair(folder)
        if told and known is not None and told != words.pair(known):
            yield f"folder {name} and its bucket: {told}"
    for name in before.folders:
        if name not in after.folders:
            yield f"folder {name} is no longer looked after"


def _operation_changes(before: Look, after: Look) -> Iterator[str]:
    oldest_known = min((operation.sequence for operation in before.operations.values()), default=0)
    for operation in sorted(after.operations.values(), key=lambda operation: operation.sequence):
        known = before.operations.get(operation.id)
        is_new = known is None and operation.sequence > oldest_known
        changed = known is not None and words.state(known) != words.state(operation)
        if (is_new or changed) and (words.is_worth_telling(operation) or changed):
            summary = "" if operation.state in words.UNDERWAY else words.summary(operation)
            yield f"{title(operation)}, {operation.id}: {words.state(operation)[0]}" + (
                f", {summary}" if summary else ""
            )


def _progress_changes(before: Look, after: Look) -> Iterator[str]:
    for id, progress in after.running.items():
        known, operation = before.running.get(id), after.operations.get(id)
        percent = _percent(progress)
        if operation is not None and percent is not None and percent != (_percent(known) if known else 0):
            left = f", {words.left(progress.remaining)}" if progress.remaining is not None else ""
            done = f"{words.count(progress.done)} of {words.files(progress.total)}"
            yield f"{title(operation)}, {id}: {percent} percent, {done}{left}"


def _percent(progress: Progress) -> int | None:
    """Return how much is done, in whole tenths; None while nothing is carried out yet."""
    if progress.phase != "executing" or not progress.total:
        return None
    return progress.done * 100 // progress.total // TENTH * TENTH
