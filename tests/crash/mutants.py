"""Shelver with one safeguard taken out, for tests that must notice."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core import journal
from core.execute.transfers import Transfers
from core.journal import Journal
from core.storage import linux
from core.storage.directories import Directories
from core.storage.local import LocalStorage


@dataclass
class Mutant:
    """A call of one function that another function makes, and that is left out. `hits`: how often it was.

    `answer`: what the call seems to return.
    """

    what: str
    owner: Any
    name: str
    caller: str
    answer: Any = None
    hits: int = 0

    @contextmanager
    def planted(self, instead: Callable[..., Any] | None = None) -> Iterator[None]:
        """Leave the call out, or do something instead, while this lasts."""
        original = getattr(self.owner, self.name)
        done = instead or (lambda *_, **__: self.answer)

        def mutant(*arguments: Any, **keywords: Any) -> Any:
            if sys._getframe(1).f_code.co_qualname != self.caller:
                return original(*arguments, **keywords)
            self.hits += 1
            return done(*arguments, **keywords)

        setattr(self.owner, self.name, mutant)
        try:
            yield
        finally:
            setattr(self.owner, self.name, original)


MISSING_SYNCS = (
    Mutant("the bytes of request and plan", os, "fsync", "write_durably"),
    Mutant("any directory of the state", os, "fsync", "sync_directory"),
    Mutant("the name of the operation", journal, "sync_directory", "OperationFiles.create"),
    Mutant("the name of the journal", journal, "sync_directory", "OperationFiles.journal"),
    Mutant("the journal's beginning", Journal, "sync", "_Execution._begin"),
    Mutant("the records that a chain waits for", Journal, "sync", "_Execution._wait_for"),
    Mutant("the record of another name", Journal, "sync", "Run.free_places"),
    Mutant("the records of copies", Journal, "sync", "Transfers._finish"),
    Mutant("the journal's bytes", os, "fdatasync", "Journal.sync"),
    Mutant("a copy's bytes", os, "fsync", "LocalStorage.confirm"),
    Mutant("the copies of a batch", Transfers, "_sync_at_once", "Transfers._confirmed", True),
    Mutant("the names of a batch", Transfers, "_sync_at_once", "Transfers._with_names_durable", True),
    Mutant("a batch at once", linux, "sync_file_system", "_sync"),
    Mutant("a copy's name", LocalStorage, "sync_folder_of", "Transfers.make_durable"),
    Mutant("any folder of the user's", os, "fsync", "Directories._sync"),
    Mutant("whole file systems", linux, "sync_file_system", "Directories._sync_whole"),
    Mutant("all that was changed, at the end", Directories, "sync", "LocalStorage.sync"),
    Mutant("the seal", Journal, "sync", "Journal.seal"),
)
"""Each thing that Shelver makes durable while it carries a plan out."""

MISSING_SYNCS_OF_CLONES = (
    Mutant("a clone's bytes", os, "fsync", "clone"),
    Mutant("the record of a clone", Journal, "sync", "Replacing._cloned"),
)
"""The same, where a clone stands in for a duplicate."""

MISSING_SYNCS_OF_RECOVERY = (
    Mutant("a single copy's name", Transfers, "make_durable", "Recovery._go_on"),
    Mutant("the name of a copy of a group", Transfers, "make_durable", "Recovery._end_transfer"),
)
"""The same, of what recovery does in its own way."""

MISSING_SYNCS_OF_A_GROUP_ALONE = (
    Mutant("the records of a group's copies", Journal, "sync", "Groups._transfer"),
    Mutant("a group's copies", Transfers, "confirm", "Groups._transfer"),
    Mutant("a group's names", Transfers, "make_durable", "Groups._transfer"),
)
"""The same, of a group across devices that is not finished with a batch."""

REPLACING = (
    Mutant("a move", linux, "rename_noreplace", "LocalStorage.move_unchanged"),
    Mutant("a move into a new folder", linux, "rename_noreplace", "LocalStorage._rename"),
    Mutant("a copy that gets its name", linux, "rename_noreplace", "LocalStorage.publish"),
)
"""Each rename that gives a file a name which somebody else may take at the same moment."""


def rename_replacing(source_directory: int, source: bytes, directory: int, name: bytes) -> None:
    """Rename as careless programs do."""
    os.rename(source, name, src_dir_fd=source_directory, dst_dir_fd=directory)
