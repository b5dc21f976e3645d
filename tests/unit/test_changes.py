"""What `status --watch` says: a sentence for each thing that changed, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from core.model import Counts, FolderStatus, Operation, Progress
from tui.commands.changes import Look, changes
from tui.wire import Status

NOW = datetime(2026, 11, 16, 14, 10, tzinfo=UTC)


def operation(id: str, sequence: int, **more: Any) -> Operation:
    fields: dict[str, Any] = {"kind": "organize", "folder": "camera", "state": "running", "created": NOW}
    return Operation(id=id, sequence=sequence, **(fields | more))


def seen(
    *operations: Operation,
    folders: tuple[FolderStatus, ...] = (),
    running: tuple[Progress, ...] = (),
    by_agent: bool = True,
) -> Look:
    return Look(
        by_agent,
        Status(),
        {folder.name: folder for folder in folders},
        {operation.id: operation for operation in operations},
        {progress.operation: progress for progress in running},
    )


def told(before: Look, after: Look) -> list[str]:
    return list(changes(before, after))


def test_nothing_is_said_while_nothing_changes() -> None:
    look = seen(operation("a", 1), folders=(FolderStatus(name="camera", path="/c"),))
    assert told(look, look) == []


def test_an_agent_that_comes_and_goes() -> None:
    assert told(seen(), seen(by_agent=False)) == ["no agent is running any more"]
    assert told(seen(by_agent=False), seen()) == ["the agent is running"]
    paused = FolderStatus(name="camera", path="/c", state="paused")
    unknown = seen(folders=(replace(paused, reason="no agent is running"),), by_agent=False)
    assert told(seen(folders=(paused,)), unknown) == ["no agent is running any more"]


def test_folders_by_state_and_reason_but_not_by_the_number_of_their_files() -> None:
    watching = FolderStatus(name="camera", path="/c", state="watching", files=3)
    halted = replace(watching, state="halted", reason="the disk is not mounted")
    assert told(seen(folders=(watching,)), seen(folders=(replace(watching, files=4),))) == []
    assert told(seen(folders=(watching,)), seen(folders=(halted,))) == [
        "folder camera is halted: the disk is not mounted"
    ]
    assert told(seen(), seen(folders=(watching,))) == ["folder camera is watching"]
    assert told(seen(folders=(watching,)), seen()) == ["folder camera is no longer looked after"]


def test_operations_that_begin_end_and_wait() -> None:
    done = operation("b", 2, state="partial", counts=Counts(planned=3, done=2, skipped=1))
    assert told(seen(operation("a", 1)), seen(operation("a", 1), operation("b", 2))) == ["organize camera, b: running"]
    assert told(seen(operation("b", 2)), seen(done)) == ["organize camera, b: done with notes, 2 moved, 1 skipped"]
    waits = operation("c", 3, state="proposed", counts=Counts(planned=4))
    assert told(seen(done), seen(done, waits)) == ["organize camera, c: waits for you, 4 files have a place"]
    idle = operation("d", 4, state="completed", automatic=True)
    assert told(seen(done), seen(done, idle)) == []  # the agent looked, and found nothing to do


def test_what_is_only_seen_because_newer_ones_left_the_page_is_no_news() -> None:
    assert told(seen(operation("b", 2)), seen(operation("a", 1, state="failed"), operation("b", 2))) == []


def test_progress_is_told_by_the_tenth() -> None:
    def at(done: int) -> Look:
        progress = Progress(operation="a", phase="executing", done=done, total=2118, remaining=38.0)
        return seen(operation("a", 1), running=(progress,))

    assert told(at(100), at(200)) == []
    assert told(at(200), at(1292)) == ["organize camera, a: 60 percent, 1,292 of 2,118 files, 0:38 left"]
    planning = Progress(operation="a", phase="planning", done=5, total=10)
    assert told(at(0), seen(operation("a", 1), running=(planning,))) == []
