"""The agent's many small operations of a day and folder, told as one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from core.model import Operation
from tui import words


@dataclass(frozen=True)
class Many:
    """Operations of one day and folder that the agent started by itself and that went well, the latest first."""

    operations: tuple[Operation, ...]

    @property
    def first(self) -> Operation:
        """The latest of them."""
        return self.operations[0]

    @property
    def told(self) -> str:
        """What became of their files, in all."""
        done = sum(operation.counts.done for operation in self.operations)
        return f"{words.count(done)} {words.done(self.first)} in {len(self.operations)} turns"


def ended(operation: Operation) -> datetime:
    """Return when an operation ended, or else when it was asked for."""
    return operation.finished or operation.created


def day_of(operation: Operation, zone: tzinfo | None) -> date:
    """Return the day on which an operation ended."""
    return ended(operation).astimezone(zone).date()


def in_turns(operations: Iterable[Operation], zone: tzinfo | None) -> Iterator[Operation | Many]:
    """Yield operations as they come, those that are told as one at the place of the first."""
    together: dict[object, list[Operation]] = {}
    for operation in operations:
        together.setdefault(_shared(operation, zone), []).append(operation)
    for several in together.values():
        yield several[0] if len(several) == 1 else Many(tuple(several))


def _shared(operation: Operation, zone: tzinfo | None) -> object:
    """Return what operations share that are told as one."""
    small = operation.automatic and operation.state == "completed"
    if not small or operation.undone_by or operation.undo_of:
        return operation.id
    return operation.kind, operation.folder, day_of(operation, zone)
