"""`shelver undo`: take operations back, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from core.errors import Interrupted, UsageError
from core.model import OnConflict, Operation, Preview
from core.names import shown
from tui import words
from tui.commands.acting import announce, conclude, finish
from tui.commands.approve import absolute, part_of, touches
from tui.commands.completing import complete_folders, complete_operations
from tui.commands.desk import Desk, find, pages
from tui.commands.folders import place
from tui.commands.frame import Settings, verb
from tui.commands.moments import moment
from tui.commands.output import Output
from tui.commands.reaching import open_desk
from tui.commands.records import print_operations, print_steps
from tui.wire import exact_path


@dataclass(frozen=True)
class Wish:
    """One operation to take back, or the part of it that these absolute paths name."""

    operation: Operation
    only: list[bytes] | None


@dataclass(frozen=True)
class Choice:
    """What a person asked to take back, and how."""

    operations: tuple[str, ...]
    since: str | None
    folder: str | None
    only: tuple[str, ...]
    on_conflict: OnConflict
    dry_run: bool
    no_wait: bool

    def check(self) -> None:
        """Raise UsageError where it does not say what to take back, or says it twice."""
        ways = bool(self.operations) + bool(self.since)
        if ways > 1 or not (ways or self.only):
            raise UsageError("say what to undo: OP (or `last`), --since TIME, or --only PATH")
        if self.folder and not self.since:
            raise UsageError("--folder goes with --since")

    def wishes(self, desk: Desk) -> list[Wish]:
        """Return the operations meant, newest first."""
        if self.operations:
            found = [find(desk, text, words.can_undo) for text in self.operations]
            wishes = [Wish(operation, part_of(desk, operation, self.only)) for operation in found]
        elif self.since:
            wishes = [self._part(desk, operation) for operation in _since(desk, self.since, self.folder)]
            wishes = [wish for wish in wishes if wish.only != []]
        else:
            wishes = _last_movers(desk, absolute(self.only))
        return sorted(wishes, key=lambda wish: wish.operation.sequence, reverse=True)

    def _part(self, desk: Desk, operation: Operation) -> Wish:
        """Return what of an operation the paths name: all without any, and maybe nothing."""
        paths = absolute(self.only)
        return Wish(operation, [path for path in paths if touches(desk, operation, path)] if paths else None)


@verb("undo", example="shelver undo last\nshelver undo --since yesterday --dry-run", spreads=("--only",))
@click.argument("operations", metavar="[OP…]", nargs=-1, shell_complete=complete_operations)
@click.option("--since", metavar="TIME", help="All since then: 14:30, yesterday, 2h, 3d, 2026-11-24.")
@click.option(
    "--folder", metavar="F", shell_complete=complete_folders, help="With --since: only what was done in this folder."
)
@click.option("--only", metavar="PATH…", multiple=True, help="Only these files; without OP: what last moved them.")
@click.option("--dry-run", is_flag=True, help="Only show what would come back.")
@click.option(
    "--on-conflict",
    type=click.Choice(["number", "skip"]),
    default="number",
    show_default=True,
    help="Where a file's old place is taken: give it a number, or leave it.",
)
@click.option("--no-wait", is_flag=True, help="Leave it to the agent and return at once.")
def command(settings: Settings, **chosen: Any) -> int:
    """Roll operations back: every file to where it was. An undo can be undone, too."""
    choice = Choice(**chosen)
    choice.check()
    out = settings.output()
    with open_desk(settings, to_act=True) as desk:
        wishes = choice.wishes(desk)
        if not wishes:
            out.note("Nothing to take back.")
            return 0
        if choice.dry_run:
            for wish in wishes:
                _preview(desk, out, wish, choice.on_conflict)
            return 0
        code = 0
        for wish in wishes:
            rollback = desk.rollback(wish.operation.id, only=wish.only, on_conflict=choice.on_conflict)
            if choice.no_wait and desk.by_agent and wish is wishes[-1]:  # the others: the next must find them done
                return max(code, announce(out, rollback))
            ended = conclude(desk, out, finish(desk, rollback))
            if ended == Interrupted.exit_code:
                return ended
            code = max(code, ended)
        return code


def _since(desk: Desk, since: str, folder: str | None) -> list[Operation]:
    """Return what brings the world back to how it was: rollbacks only of what is older, for the others cancel out."""
    start = moment(since)
    wanted = place(desk, folder) if folder else None
    recent: list[Operation] = []
    for operation in pages(desk, folder=wanted):
        if operation.created < start:
            break
        recent.append(operation)
    by_id = {operation.id: operation for operation in recent}
    return [operation for operation in recent if _is_open(operation, by_id) and operation.undo_of not in by_id]


def _is_open(operation: Operation, by_id: dict[str, Operation]) -> bool:
    """Tell whether there is something to take back; an undo of some of its files left the others."""
    undone_by = by_id.get(operation.undone_by or "")
    in_part = undone_by is not None and undone_by.counts.done < operation.counts.done
    return words.can_undo(msgspec.structs.replace(operation, undone_by=None) if in_part else operation)


def _last_movers(desk: Desk, paths: Iterable[bytes]) -> list[Wish]:
    """Return the operations that last moved these files, each with its part of them."""
    parts: dict[str, list[bytes]] = {}
    for path in paths:
        parts.setdefault(_last_mover(desk, path), []).append(path)
    return [Wish(desk.operation(id), only) for id, only in parts.items()]


def _last_mover(desk: Desk, path: bytes) -> str:
    for trace in desk.history(shown(path)):
        if trace.outcome == "done" and path in (
            exact_path(trace.destination, trace.destination_b64),
            exact_path(trace.source, trace.source_b64),
        ):
            return trace.operation
    raise UsageError(f"no operation is known to have moved {shown(path)}")


def _preview(desk: Desk, out: Output, wish: Wish, on_conflict: OnConflict) -> None:
    preview = desk.preview_rollback(wish.operation.id, only=wish.only, on_conflict=on_conflict)
    if out.json:
        out.record(_as_operation(preview))
        return
    if not out.terminal:
        print_operations(out, [preview.operation])
        print_steps(out, preview.operation, preview.sample)
        return
    amount = f" ({words.size(preview.bytes)})" if preview.bytes else ""
    out.line((f"undo of {wish.operation.id}", "strong"), f": {words.files(preview.files)} would go back{amount}")
    for note, count in preview.notes.items():
        out.line(f"  {count:6,}  {note}")
    for reason, count in preview.refusals.items():
        out.line(f"  {count:6,}  ", ("stay: " + reason, "warn"))
    print_steps(out, preview.operation, preview.sample)
    if preview.files:
        out.note(f"Do it: shelver approve {preview.operation.id}")


def _as_operation(preview: Preview) -> dict[str, object]:
    """Return the proposed operation as every command prints it, and the preview within it."""
    operation: dict[str, object] = msgspec.to_builtins(preview.operation)
    short = {"files": preview.files, "bytes": preview.bytes, "notes": preview.notes, "refusals": preview.refusals}
    return {**operation, "preview": {**short, "sample": msgspec.to_builtins(preview.sample)}}
