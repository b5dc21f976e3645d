"""The demo told: a folder is watched, organized after a look at the plan, added to, cleared, taken back to the byte."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from core.errors import ShelverError
from core.model import Operation
from tui import words
from tui.commands.acting import finish
from tui.commands.desk import Desk, pages, step_pages
from tui.commands.output import Output
from tui.demo.picture import Picture, differences, picture

PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.1
FEW_MOVES = 8
FEW_GROUPS = 4

ARRIVALS: dict[str, bytes] = {
    "holiday list.txt": b"sunscreen, maps, the good hat\n",
    "recipes.csv": b"dish,minutes\nminestrone,55\n",
    "backup-notes.zip": b"PK\x05\x06" + bytes(18),  # an empty archive
}
"""What arrives while the agent watches."""


class Story:
    """One demo, from the messy folder to the messy folder."""

    def __init__(self, desk: Desk, folder: Path, out: Output) -> None:
        self._desk = desk
        self._folder = folder
        self._out = out
        self._chapters = 0

    def tell(self) -> None:
        """Do all of it. Raises ShelverError if anything is not as it should be."""
        before = picture(self._folder)
        self._chapter(f"A messy folder: {words.files(_count_files(before))} in {self._folder}")
        first = self._organize()
        arrived = self._receive()
        cleared = self._clear_duplicates(first.folder)
        self._undo([cleared, *arrived, first])
        self._compare(before)

    def _organize(self) -> Operation:
        self._chapter("The agent has looked at it and proposes; nothing moves before somebody approves")
        proposal = self._proposal()
        self._show_moves(proposal, FEW_MOVES)
        left = proposal.counts.planned - FEW_MOVES
        if left > 0:
            self._out.line(f"  … and {left:,} more: shelver show {proposal.id} --steps")
        self._chapter(f"Approved: shelver approve {proposal.id}")
        done = finish(self._desk, self._desk.approve(proposal.id))
        self._expect(done)
        self._out.line(f"  {words.outcome(done)}")
        for name, count in sorted(_by_folder(picture(self._folder)).items()):
            self._out.line(f"  {count:5,}  {name}/")
        return done

    def _receive(self) -> list[Operation]:
        self._chapter(f"{len(ARRIVALS)} new files arrive while it watches")
        known = {operation.id for operation in pages(self._desk)}
        drop_arrivals(self._folder)
        missing = set(ARRIVALS)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while missing:
            missing = {name for name in missing if (self._folder / name).exists()}
            if time.monotonic() > give_up:
                raise ShelverError(f"{', '.join(sorted(missing))} stayed where it arrived")
            time.sleep(_LOOK_SECONDS)
        moved: list[Operation] = []
        for operation in pages(self._desk):
            if operation.id not in known and operation.kind == "organize":
                settled = finish(self._desk, operation)
                self._expect(settled)
                moved.append(settled)
        for operation in reversed(moved):
            self._show_moves(operation, len(ARRIVALS))
        return moved

    def _clear_duplicates(self, folder: str) -> Operation:
        self._chapter("What is there more than once goes to the trash: shelver dedupe --action trash")
        done = finish(self._desk, self._desk.submit("dedupe", folder, action="trash"))
        self._expect(done)
        found = self._desk.duplicates(done.id, start=0, limit=FEW_GROUPS)
        for group in found.groups:
            others = ", ".join(
                os.path.relpath(file.path, self._folder) for file in group.files if file.path != group.keep
            )
            self._out.line(
                f"  {os.path.relpath(group.keep, self._folder)}", (f"  stays ({group.why}), not {others}", "dim")
            )
        groups = "1 group" if found.exact == 1 else f"{found.exact:,} groups"
        self._out.line(f"  {groups}, {words.files(done.counts.done)} fewer, {words.size(done.counts.bytes)} won")
        return done

    def _undo(self, operations: list[Operation]) -> None:
        self._chapter("All of it is taken back, newest first: shelver undo …")
        for operation in operations:
            undone = finish(self._desk, self._desk.rollback(operation.id, only=None, on_conflict="number"))
            self._expect(undone)
            self._out.line(f"  undo of {operation.id}: {words.outcome(undone)}")

    def _compare(self, before: Picture) -> None:
        for name in ARRIVALS:
            (self._folder / name).unlink()
        wrong = differences(before, picture(self._folder))
        if wrong:
            first = os.fsdecode(wrong[0])
            raise ShelverError(f"{len(wrong)} things are not as they were, the first is {first!a}")
        self._chapter("The folder is what it was: every name, byte, time, mode and link")

    # -- how

    def _show_moves(self, operation: Operation, limit: int) -> None:
        """Print where some files go, beneath the folder: picked evenly, for a plan is in the order of names."""
        files = [step for steps in step_pages(self._desk, operation.id) for step in steps if step.kind == "move"]
        picked = files[:: max(len(files) // limit, 1)][:limit]
        self._out.rows(
            [
                (
                    f"  {os.path.relpath(step.source, self._folder)}",
                    f"→ {os.path.relpath(step.destination, self._folder)}",
                )
                for step in picked
                if step.source and step.destination
            ]
        )

    def _chapter(self, sentence: str) -> None:
        self._chapters += 1
        self._out.line((f"{self._chapters}. ", "accent"), (sentence, "strong"))

    def _proposal(self) -> Operation:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            for operation in self._desk.page(limit=10):
                if operation.state == "proposed":
                    return operation
            time.sleep(_LOOK_SECONDS)
        raise ShelverError(f"the agent proposed nothing within {PATIENCE_SECONDS} s")

    def _expect(self, operation: Operation) -> None:
        if operation.state != "completed":
            steps = (
                self._desk.steps(operation.id, outcome="failed").steps
                or self._desk.steps(operation.id, outcome="skipped").steps
            )
            why = operation.error or (steps[0].reason if steps else None) or "no reason noted"
            raise ShelverError(f"operation {operation.id} is {operation.state}: {why}")


def drop_arrivals(folder: Path) -> None:
    """Have new files arrive in a folder."""
    for name, content in ARRIVALS.items():
        (folder / name).write_bytes(content)


def _count_files(things: Picture) -> int:
    return sum(thing.kind == "file" for thing in things.values())


def _by_folder(things: Picture) -> Counter[str]:
    tops = (path.partition(b"/") for path, thing in things.items() if thing.kind == "file")
    return Counter(os.fsdecode(top) for top, slash, _ in tops if slash)
