"""How a verb that acts goes on: show the plan and ask where a person can be asked, do it, say what became of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import click

from core.model import DIRECTORY_KINDS, Operation, StepView
from tui import words
from tui.commands.desk import Desk, step_pages
from tui.commands.output import Output, confirmed, is_interactive
from tui.commands.progress import ProgressBar
from tui.commands.records import print_operations, print_steps, state, title

SHOWN_STEPS = 20
"""Steps of a plan that a question shows; `shelver show OP --steps` shows all."""
SHOWN_REASONS = 10


@dataclass(frozen=True)
class Manner:
    """How a person wants it done."""

    dry_run: bool = False
    yes: bool = False
    no_wait: bool = False

    def asks(self, out: Output) -> bool:
        """Tell whether to show the plan and ask: only on a terminal."""
        return not (self.dry_run or self.yes or self.no_wait) and out.terminal and is_interactive()


@dataclass(frozen=True)
class Telling:
    """How a verb tells what is planned, and what became of it; `end` returns the exit code."""

    plan: Callable[[Desk, Output, Operation], None]
    end: Callable[[Desk, Output, Operation], int]


def carry_out(
    desk: Desk, out: Output, manner: Manner, submit: Callable[[bool], Operation], telling: Telling | None = None
) -> int:
    """Start an operation and see it to its end; `submit` is told whether only to plan. Returns the exit code."""
    telling = telling or Telling(show_plan, conclude)
    asks = manner.asks(out)
    operation = submit(manner.dry_run or asks)
    if manner.no_wait and desk.by_agent:
        return announce(out, operation)
    operation = finish(desk, operation)
    if operation.state == "proposed" and (asks or manner.dry_run):
        telling.plan(desk, out, operation)
    if asks and operation.state == "proposed":
        if not operation.counts.planned:
            desk.cancel(operation.id)
            return 0
        if not _agreed(out, operation):
            desk.cancel(operation.id)
            out.note("Nothing was changed.")
            return 1
        operation = finish(desk, desk.approve(operation.id))
    return telling.end(desk, out, operation)


def _agreed(out: Output, operation: Operation) -> bool:
    """Ask. Ctrl-C is no answer: the proposal stays."""
    try:
        return confirmed(f"Do it? ({words.files(operation.counts.planned)})", default=True)
    except click.Abort:
        out.note(f"\nIt still waits for you: shelver approve {operation.id}")
        raise


def finish(desk: Desk, operation: Operation) -> Operation:
    """Wait for an operation's end, or do it, under a progress bar."""
    try:
        with ProgressBar(words.kind(operation)) as bar:
            return desk.finish(operation.id, bar.show)
    except KeyboardInterrupt:  # here it stops by itself; an agent goes on
        print(f"It goes on in the agent; `shelver cancel {operation.id}` stops it.", file=sys.stderr)
        raise


def announce(out: Output, operation: Operation) -> int:
    """Print an operation that goes on without this command."""
    print_operations(out, [operation])
    return 0


def conclude(desk: Desk, out: Output, operation: Operation) -> int:
    """Print what became of an operation, why some steps did not happen, and how to go on. Returns the exit code."""
    if not out.terminal or out.json:
        print_operations(out, [operation])
    else:
        amount = f" ({words.size(operation.counts.bytes)})" if operation.counts.bytes else ""
        counted = f", {words.outcome(operation)}{amount}"
        out.line(title(operation), ": ", state(operation), counted, ("  " + operation.id, "dim"))
        if operation.error or operation.note:
            out.line("  ", operation.error or operation.note or "")
    explain_gaps(desk, out, operation)
    hint = _next(operation)
    if hint and is_interactive():
        out.note(hint)
    return exit_code(operation)


def explain_gaps(desk: Desk, out: Output, operation: Operation) -> None:
    """Say why steps were skipped or failed: the first few, on standard error where the output is for scripts."""
    gaps = operation.counts.skipped + operation.counts.failed
    if not gaps or operation.state == "proposed":
        return
    steps: list[StepView] = []
    for outcome in ("failed", "skipped"):
        if len(steps) < SHOWN_REASONS:
            steps += desk.steps(operation.id, limit=SHOWN_REASONS - len(steps), outcome=outcome).steps
    for step in steps:
        out.note(f"  {step.outcome}: {step.source or step.destination}: {step.reason or 'no reason noted'}")
    if gaps > len(steps):
        out.note(f"  … {gaps - len(steps):,} more: shelver show {operation.id} --steps")


def _next(operation: Operation) -> str:
    match operation.state:
        case "completed" | "partial" if operation.counts.done and not operation.undo_of:
            return f"Take it back: shelver undo {operation.id}"
        case "completed" | "partial" if operation.counts.done:
            return f"Do it again: shelver undo {operation.id}"
        case "proposed" if operation.counts.planned:
            return f"Do it: shelver approve {operation.id}"
        case "interrupted":
            return f"Go on: shelver approve {operation.id}"
        case _:
            return ""


def show_plan(desk: Desk, out: Output, operation: Operation) -> None:
    """Print what a proposed operation would do; nothing with `--json`, where `show --steps` has it exactly."""
    if not operation.counts.planned and not operation.counts.skipped:
        out.line("Nothing to do: every file has its place.")
        return
    if out.json:
        return
    if not out.terminal:
        for steps in step_pages(desk, operation.id):
            print_steps(out, operation, steps)
        return
    files = (step for steps in step_pages(desk, operation.id) for step in steps if step.kind not in DIRECTORY_KINDS)
    shown = list(islice(files, SHOWN_STEPS))
    print_steps(out, operation, shown)
    left = operation.counts.planned - len(shown)
    if left > 0:
        out.line((f"  … {left:,} more: shelver show {operation.id} --steps", "dim"))


def exit_code(operation: Operation) -> int:
    """Return what a command that saw this operation settle ends with."""
    match operation.state:
        case "completed" | "proposed" | "rejected":
            return 0
        case "interrupted":
            return 130
        case _:
            return 1
