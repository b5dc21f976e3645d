"""The lives of files: what happened to each, put together from single passages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from rich.cells import cell_len

from core.model import StepKind, StepView
from core.names import shown
from tui import words
from tui.surroundings import Surroundings
from tui.widgets.board import Row
from tui.widgets.journey import journey_line
from tui.widgets.line import Line, cut, fitted, folded, right, shortened
from tui.wire import Trace, exact_path

WHEN = 16
DID = 10


@dataclass(frozen=True)
class Life:
    """One file: what happened to it, newest first."""

    traces: tuple[Trace, ...]

    @property
    def newest(self) -> Trace:
        """What happened last."""
        return self.traces[0]

    @property
    def name(self) -> str:
        """Its name now, or the last it had."""
        return os.path.basename(self.newest.destination or self.newest.source or "")


def lives(traces: Sequence[Trace]) -> list[Life]:
    """Return the files that passages (newest first) belong to, the one that was moved last first."""
    open_ends: dict[object, list[Trace]] = {}
    found: list[list[Trace]] = []
    for trace in traces:
        came_to = trace.destination_b64 or trace.destination
        life = open_ends.pop(came_to, None) if came_to and trace.kind != "trash" else None
        if life is None:
            life = []
            found.append(life)
        life.append(trace)
        if trace.kind != "copy":
            open_ends[trace.source_b64 or trace.source] = life
    return [Life(tuple(life)) for life in found]


def life_rows(life: Life, number: int, around: Surroundings) -> list[Row]:
    """Return a file as a title with where it is now, and a row for each thing that happened to it."""
    rows = [Row(f"life {number}", partial(_title, life, around), life, selectable=False)]
    today = around.now().date()
    for turn, trace in enumerate(life.traces):
        rows.append(Row(f"{number} {turn}", partial(trace_line, trace, around), (trace, today), trace))
    return [*rows, Row(f"life {number} end", lambda _: (), selectable=False)]


def _title(life: Life, around: Surroundings, width: int) -> Line:
    newest = life.newest
    name = cut(life.name, width * 6 // 10)
    if newest.kind == "trash":
        where = "in the trash"
    else:
        where = f"last seen in {around.tilde(os.path.dirname(newest.destination or newest.source or ''))}/"
    room = max(width - cell_len(name) - 4, 0)
    return (("  ", "text"), (name, "strong"), (right(shortened(where, room), width - 2 - cell_len(name)), "dim"))


def trace_line(trace: Trace, around: Surroundings, width: int) -> Line:
    """Return when a file went from where to where."""
    time = words.moment(trace.when, around.now()) if trace.when else ""
    did = words.trace(trace.kind, trace.outcome)
    room = max(width - WHEN - DID, 10)
    return (
        (fitted(f"  {time}", WHEN), "dim"),
        *journey_line(as_step(trace), around, "", room),
        (right(did, DID), "dim"),
    )


def trace_facts(trace: Trace, around: Surroundings, width: int) -> list[Line]:
    """Return all there is to say of one passage, nothing cut off."""
    facts = [
        ("from", around.tilde(trace.source) if trace.source else ""),
        ("to", "the trash" if trace.kind == "trash" else around.tilde(trace.destination) if trace.destination else ""),
        ("when", words.moment(trace.when, around.now()) if trace.when else ""),
        ("by", f"operation {shown(trace.operation)}"),
    ]
    lines: list[Line] = []
    for name, value in facts:
        if value:
            first, *more = folded(value, max(width - 6, 10))
            lines.append(((f"{name:<6}", "dim"), (first, "text")))
            lines += [((" " * 6, "text"), (part, "text")) for part in more]
    return lines


def as_step(trace: Trace) -> StepView:
    """Return a passage as a step of its operation."""
    return StepView(
        seq=0,
        kind=cast("StepKind", trace.kind),
        group=0,
        source=trace.source,
        destination=trace.destination,
        outcome="done",
        reason=None,
        source_b64=trace.source_b64,
        destination_b64=trace.destination_b64,
    )


def place_after(trace: Trace) -> bytes:
    """Return where the passage brought the file; where it was before, if it has no such place."""
    return exact_path(trace.destination, trace.destination_b64) or exact_path(trace.source, trace.source_b64) or b""
