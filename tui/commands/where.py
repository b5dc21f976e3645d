"""`shelver where`: where a file went, through all operations."""

from __future__ import annotations

import click

from tui.commands.frame import Settings, verb
from tui.commands.reaching import open_desk
from tui.commands.records import exactly, home_short, when, without_empty


@verb("where", example="shelver where invoice")
@click.argument("text")
def command(settings: Settings, text: str) -> int:
    """Find a file by any name it had: TEXT is sought in all names, then and now."""
    out = settings.output()
    with open_desk(settings, to_act=False) as desk:
        traces = desk.history(text)
    out.records(map(without_empty, traces))
    if out.terminal:
        out.rows(
            [
                (
                    (trace.operation, "strong"),
                    when(trace.when),
                    trace.kind,
                    home_short(trace.source or ""),
                    f"→ {home_short(trace.destination)}" if trace.destination else "",
                    ("" if trace.outcome == "done" else trace.outcome, "warn"),
                )
                for trace in traces
            ]
        )
    else:
        out.rows(
            [(t.operation, t.kind, t.outcome, t.source or "", t.destination or "", exactly(t.when)) for t in traces]
        )
    if not traces:
        out.note("No operation knows such a file.")
    return 0
