"""The catalog: one summary of each operation, in TinyDB on a storage that a crash cannot tear.

Has a single writer: the agent, or a one-shot command that holds the lock of the state. Written on changes of
state only; counters of a running operation live in memory, those of an ended one in its journal too, from which
the whole catalog can be rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
from tinydb import TinyDB
from tinydb.storages import Storage as TinyStorage
from tinydb.table import Document, Table

from core.errors import JournalDamaged, UnknownOperation, UsageError
from core.model import FINAL_STATES, Operation, OperationKind, State
from core.names import shown
from core.state import write_durably
from core.stores.catalog_search import matcher
from core.views.activity import Day, activity

VERSION = 1
"""Of the documents; a catalog of a newer version is refused, never rewritten."""


class AtomicStorage(TinyStorage):
    """TinyDB's file, replaced as a whole: after a crash it is the old one or the new one.

    Tables stay in memory between writes, which is right for a single writer and saves reading all to change one.
    The generation before stays beside it as `.bak`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._backup = path.with_name(path.name + ".bak")
        self._tables = self._load()
        self._deferred = False

    def _load(self) -> dict[str, Any] | None:
        for path in (self._path, self._backup):
            try:
                tables: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            except FileNotFoundError:
                continue
            except msgspec.MsgspecError:
                continue  # the one before is whole, or `rebuild` makes a new one
            return tables
        return None

    def read(self) -> dict[str, Any] | None:
        """Return all tables, or None for a new catalog."""
        return self._tables

    def write(self, data: dict[str, Any]) -> None:
        """Replace the file, durably; within `together`, once at its end."""
        self._tables = data
        if self._deferred:
            return
        if self._path.exists():
            self._backup.unlink(missing_ok=True)
            self._backup.hardlink_to(self._path)
        write_durably(self._path, msgspec.json.encode(data))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make several changes in one write, so that a crash leaves all of them or none."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self._tables is not None:
            self.write(self._tables)


class Catalog:
    """The operations of one state directory, newest last. Calls may come from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the catalog. Raises JournalDamaged where it is of a newer version."""
        self._writing = Lock()
        self._lock = Lock()  # never held while the disk is waited for: who reads waits for no write
        self._storage = AtomicStorage(path)
        self._database = TinyDB(storage=lambda: self._storage)
        self._table: Table = self._database.table("operations")
        meta = self._database.table("meta").get(doc_id=1)
        if meta is not None and meta["version"] > VERSION:
            raise JournalDamaged(f"{shown(str(path))} was written by a newer Shelver")
        if meta is None:
            self._database.table("meta").insert(Document({"version": VERSION}, doc_id=1))
        documents = [msgspec.convert(dict(document), Operation) for document in self._table.all()]
        self._operations = {document.id: document for document in sorted(documents, key=_sequence)}

    def close(self) -> None:
        """Give the file back; everything is durable already."""
        self._database.close()

    # -- writing

    def next_sequence(self) -> int:
        """Return a number above every operation's; order is by it, never by the clock."""
        with self._lock:
            return 1 + max((operation.sequence for operation in self._operations.values()), default=0)

    def put(self, operation: Operation) -> list[Operation]:
        """Record an operation as it is now, durably; return it and those that changed with it.

        When a rollback ends, the operation it undid learns of it; when that is undone in turn, forgets it.
        """
        with self._writing:
            before = self._operations.get(operation.id)
            if before is not None and operation.undone_by is None:
                operation.undone_by = before.undone_by
            changed = [operation, *self._undone(operation)]
            with self._storage.together():
                for each in changed:
                    self._table.upsert(Document(msgspec.to_builtins(each), doc_id=each.sequence))
            with self._lock:
                self._operations.update((each.id, each) for each in changed)
            return changed

    def _undone(self, operation: Operation) -> list[Operation]:
        has_undone = operation.state in ("completed", "partial") and operation.counts.done > 0
        if operation.kind != "rollback" or operation.in_part or not has_undone:
            return []
        undone = self._operations.get(operation.undo_of or "")
        if undone is None:
            return []
        changed = [msgspec.structs.replace(undone, undone_by=operation.id)]
        redone = self._operations.get(undone.undo_of or "")
        if redone is not None and redone.undone_by == undone.id:
            changed.append(msgspec.structs.replace(redone, undone_by=None))
        return changed

    def forget(self, id: str) -> None:
        """Drop an operation, durably: its retention ended, or it did nothing at all."""
        with self._writing:
            with self._lock:
                operation = self._operations.pop(id, None)
            if operation is not None:
                self._table.remove(doc_ids=[operation.sequence])

    # -- reading

    def get(self, id: str) -> Operation:
        """Return one operation. Raises UnknownOperation."""
        try:
            return self._operations[id]
        except KeyError:
            raise UnknownOperation(shown(id)) from None

    def find(self, text: str) -> Operation:
        """Return the operation of an id, a unique prefix of one, or `last`. Raises UnknownOperation, UsageError."""
        with self._lock:
            if text == "last" and self._operations:
                return max(self._operations.values(), key=_sequence)
            if text in self._operations:
                return self._operations[text]
            matches = [operation for id, operation in self._operations.items() if text and id.startswith(text)]
        if len(matches) > 1:
            names = ", ".join(sorted(match.id for match in matches[:5]))
            raise UsageError(f"{shown(text)} is the beginning of several operations: {names}")
        if not matches:
            raise UnknownOperation(shown(text))
        return matches[0]

    def page(
        self,
        *,
        folder: str | None = None,
        states: Iterable[State] = (),
        text: str = "",
        limit: int = 50,
        before: int | None = None,
    ) -> list[Operation]:
        """Return operations, newest first: at most `limit`, with a sequence number below `before`.

        `text`: words that they must have, or with a leading `!` must not have; see core.stores.catalog_search.
        """
        wanted = frozenset(states)
        matches = matcher(text)
        with self._lock:
            newest_first = sorted(self._operations.values(), key=_sequence, reverse=True)
        found = (
            operation
            for operation in newest_first
            if (folder is None or operation.folder == folder)
            and (not wanted or operation.state in wanted)
            and (before is None or operation.sequence < before)
            and (not text or matches(operation))
        )
        return [operation for operation, _ in zip(found, range(limit), strict=False)]

    def activity(self, now: datetime, days: int) -> list[Day]:
        """Return how much was done on each of the last days; see core.views.activity."""
        with self._lock:
            operations = list(self._operations.values())
        return activity(operations, now, days)

    def waiting(self, kind: OperationKind, folder: str) -> Operation | None:
        """Return the one proposal of a kind that waits in a folder, if any."""
        found = self.page(folder=folder, states=("proposed",), limit=len(self._operations))
        return next((operation for operation in found if operation.kind == kind), None)

    def unfinished(self) -> list[Operation]:
        """Return what a crash may have cut off: neither ended nor waiting for a person, oldest first."""
        waits = FINAL_STATES | {"proposed", "interrupted"}
        with self._lock:
            return sorted((each for each in self._operations.values() if each.state not in waits), key=_sequence)

    def __len__(self) -> int:
        return len(self._operations)


def _sequence(operation: Operation) -> int:
    return operation.sequence
