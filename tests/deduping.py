"""Dedupes carried out for real in tests, by the engine: trees before, operations, trees after.

with Cellar(tmp_path) as cellar:
    trees.build(cellar.inbox, {"a": "same", "b": "same"})
    done = cellar.dedupe(action="trash")
    assert cellar.tree() == {"a": b"same"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.config import parse_config
from core.duplicates.pages import DuplicatePages, FoundGroup, Totals
from core.engine import Engine
from core.model import Operation, Plan, Progress, Request, new_id, now
from core.state import StateDirectory
from tests import trees


class Listener:
    """Hears what the engine tells."""

    def changed(self, operation: Operation) -> None:
        """An operation's state changed."""

    def progressed(self, progress: Progress) -> None:
        """An operation got on."""


class Cellar:
    """An engine over two folders, `inbox` and `attic`, and short words for what tests do with them."""

    def __init__(self, base: Path, inbox: str = "", attic: str = "", more: str = "") -> None:
        """`inbox`, `attic`: more keys of those folders; `more`: other tables."""
        self.base = base
        self.inbox, self.attic = base / "inbox", base / "attic"
        for folder in (self.inbox, self.attic):
            folder.mkdir(exist_ok=True)
        self.state = StateDirectory.beneath(base / "state")
        self.state.prepare()
        self._sequence = 0
        self.configure(inbox, attic, more)

    def configure(self, inbox: str = "", attic: str = "", more: str = "") -> None:
        """Configure the folders anew."""
        config = parse_config(
            f'{more}\n[[folder]]\nname = "inbox"\npath = "{self.inbox}"\n{inbox}\n'
            f'[[folder]]\nname = "attic"\npath = "{self.attic}"\n{attic}\n'
        )
        self.engine = Engine(self.state, config, Listener())

    # -- acts

    def request(self, kind: str = "dedupe", folder: str = "inbox", **fields: Any) -> Request:
        """Return a request, not recorded yet."""
        self._sequence += 1
        asked: dict[str, Any] = {"kind": kind, "folder": folder, **fields}
        return Request(id=new_id(), created=now(), sequence=self._sequence, **asked)

    def run(self, request: Request) -> Operation:
        """Record a request and take it as far as it may go."""
        self.engine.submit(request)
        return self.engine.run(request.id, lambda: False)

    def dedupe(self, folder: str = "inbox", **fields: Any) -> Operation:
        """Dedupe a folder, as a person asks."""
        return self.run(self.request(folder=folder, **fields))

    def approve(self, operation: Operation) -> Operation:
        """Approve a proposal, and run it."""
        self.engine.approve(operation.id, "tester")
        return self.engine.run(operation.id, lambda: False)

    def undo(self, operation: Operation) -> Operation:
        """Roll an operation back."""
        return self.run(self.request("rollback", undo_of=operation.id))

    # -- looks

    def plan(self, operation: Operation) -> Plan:
        """Return an operation's plan."""
        return self.engine.files(operation.id).plan()

    def reasons(self, operation: Operation) -> list[tuple[str, str]]:
        """Return outcome and reason of each step."""
        return [(step.outcome, step.reason or "") for step in self.engine.steps(operation.id, 0, 1000).steps]

    def groups(self, operation: Operation) -> list[FoundGroup]:
        """Return the groups that an operation found."""
        pages = DuplicatePages(self.engine.files(operation.id))
        return [group for _, group in pages.page(0, 1000)]

    def totals(self, operation: Operation) -> Totals:
        """Return what the groups come to."""
        return DuplicatePages(self.engine.files(operation.id)).totals

    def told(self, operation: Operation) -> list[tuple[str, str, list[str]]]:
        """Return of each group what stays, why, and the others, all relative to the base."""
        return [
            (self._short(group.files[group.keep].path), group.why, [*map(self._short, _others(group))])
            for group in self.groups(operation)
        ]

    def _short(self, path: bytes) -> str:
        return path.decode(errors="backslashreplace").removeprefix(f"{self.base}/")

    def tree(self, folder: str = "inbox") -> dict[str, bytes]:
        """Return the files of a folder, those in the trash left out."""
        found = trees.read(self.base / folder, ignore=[trees.TRASH])
        return {path.decode(): each.content for path, each in found.items() if each.kind == "file"}

    def whole(self) -> tuple[dict[bytes, trees.Found], ...]:
        """Return both folders with all metadata, the trash left out."""
        return tuple(trees.read(folder, ignore=[trees.TRASH]) for folder in (self.inbox, self.attic))


def _others(group: FoundGroup) -> Iterator[bytes]:
    return (file.path for number, file in enumerate(group.files) if number != group.keep)


def sizes(pages: Sequence[FoundGroup]) -> list[int]:
    """Return the sizes of groups."""
    return [group.size for group in pages]
