"""How an operation stands, by what lies on disk alone: the catalog is rebuilt from this."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from core.journal import OperationFiles, Outcomes
from core.model import Counts, Operation, State, summary


def standing(files: OperationFiles, outcomes: Outcomes | None = None) -> Operation:
    """Return the operation that a directory holds. Raises UnknownOperation, JournalDamaged.

    One that began and was not sealed counts as `interrupted`, whether or not a process works on it right now.
    """
    outcomes = files.outcomes() if outcomes is None else outcomes
    operation = summary(files.request())
    sealed = outcomes.sealed
    if sealed is not None:
        counts = Counts(**dict(zip(Counts.__struct_fields__, sealed.counts, strict=True)))
        finished = _time(sealed.at)
        error = sealed.error or None
        operation = replace(operation, state=sealed.state, counts=counts, finished=finished, error=error)
    elif files.has_plan():
        state: State = "interrupted" if outcomes.attempts else "queued" if files.approval() else "proposed"
        operation = replace(operation, state=state, counts=Counts(planned=files.planned_files()))
    return replace(operation, started=_time(outcomes.started) if outcomes.started else None)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
