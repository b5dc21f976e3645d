"""What an operation did, told to the index: a file that Shelver itself put somewhere is no news there.

It keeps its age, which rules and brakes ask for. And what had to stay because a program had it open is news again.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from core.config import Config
from core.errors import SourceInUse, StateFull, StorageError
from core.journal import OperationFiles
from core.journal.records import Finished, Outcomes
from core.model import DIRECTORY_KINDS, Plan, Step, absolute
from core.storage import Entry
from core.storage.local import LocalStorage
from core.stores.index import Index

BATCH = 5000

Beneath = dict[bytes, list[bytes]]
"""Paths by the root of the folder that they are relative to."""

_IN_USE = str(SourceInUse())


def remember_own_moves(files: OperationFiles, outcomes: Outcomes, index: Index, config: Config) -> None:
    """Take into the index where an operation's files are now, in every folder of the config that they lie in."""
    if not outcomes.finished:
        return
    plan = files.plan()
    left: list[bytes] = []
    origins: dict[bytes, bytes] = {}
    for step, finished in _carried_out(plan, outcomes):
        source = absolute(plan.roots, step.source_root, step.source)
        is_new = step.kind in ("copy", "replace")  # what else such a step records lies in the trash
        place = step.destination if step.kind == "replace" else finished.destination or step.destination
        destination = absolute(plan.roots, step.destination_root, place)
        if source and not is_new:
            left.append(source)
        if destination:
            origins[destination] = b"" if is_new else origins.pop(source, source)
    gone, arrived = _beneath(left, config), _beneath(origins, config)
    ages = _ages(gone, index)
    for root in gone.keys() | arrived.keys():
        _update(index, root, gone.get(root, []), arrived.get(root, []), origins, ages)


def remember_in_contents(files: OperationFiles, outcomes: Outcomes, contents: Path, config: Config) -> None:
    """Tell the contents where an operation's files are now, so that what arrives later is known for a copy of one.

    Reads none of them. Does nothing where nobody ever looked for duplicates, nor for folders in which they are off.
    """
    if not outcomes.finished or not contents.exists():
        return
    plan = files.plan()
    reached = defaultdict(list)
    for step, finished in _carried_out(plan, outcomes):
        path = absolute(plan.roots, step.destination_root, finished.destination or step.destination)
        folder = config.owner(path) if path else None
        if folder is not None and folder.is_local and folder.duplicates != "off":
            reached[folder.path].append(path[len(folder.path) + 1 :])
    if not reached:
        return
    from core.duplicates.contents import Arrival, Contents  # noqa: PLC0415 - only where it is needed

    with suppress(StateFull, sqlite3.OperationalError), Contents(contents) as known:  # it is only a cache
        for root, paths in reached.items():
            with LocalStorage(root) as storage:
                for start in range(0, len(paths), BATCH):
                    entries = (_entry(storage, path) for path in paths[start : start + BATCH])
                    known.take_in([Arrival(root, entry) for entry in entries if entry is not None])


def left_in_use(files: OperationFiles, outcomes: Outcomes, index: Index, config: Config) -> Beneath:
    """Return the files that an operation had to leave where they are because a program had them open.

    They are news again in the index: whoever waits until they are closed will find that nobody has seen to them.
    """
    paths = set(_refused_in_use(files, outcomes))
    request = files.request()
    if request.automatic and request.paths and files.has_plan():
        paths.update(_open_now(files.roots()[0], request.paths))
    found = _beneath(paths, config)
    for root, each in found.items():
        index.doubt(root, each)
    return found


def _refused_in_use(files: OperationFiles, outcomes: Outcomes) -> Iterator[bytes]:
    """Yield the files whose steps were skipped because a program had them, or one they belong with, open."""
    refused = {seq for seq, finished in outcomes.finished.items() if finished.reason.endswith(_IN_USE)}
    if refused:
        plan = files.plan()
        yield from (absolute(plan.roots, plan.steps[seq].source_root, plan.steps[seq].source) for seq in refused)


def _open_now(root: bytes, paths: Iterable[bytes]) -> Iterator[bytes]:
    """Yield those of some files that a program has open: the planner left them out."""
    with LocalStorage(root) as storage:
        for path in paths:
            try:
                if storage.entry(path) is not None:
                    storage.check_unused(path)
            except SourceInUse:
                yield absolute([root], 0, path)
            except StorageError:
                continue


def _carried_out(plan: Plan, outcomes: Outcomes) -> Iterator[tuple[Step, Finished]]:
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if finished is not None and finished.outcome == "done" and step.kind not in DIRECTORY_KINDS:
            yield step, finished


def _beneath(paths: Iterable[bytes], config: Config) -> Beneath:
    found: Beneath = defaultdict(list)
    roots = [folder.path for folder in config.folders if folder.is_local]
    for path in paths:
        for root in roots:  # of nested folders each has its own index
            if path.startswith(root + b"/"):
                found[root].append(path[len(root) + 1 :])
    return found


def _ages(gone: Beneath, index: Index) -> dict[bytes, int]:
    """Return when files that went were first seen, by their absolute paths."""
    ages: dict[bytes, int] = {}
    for root, paths in gone.items():
        for path, seen in index.seen(root, paths).items():
            place = absolute([root], 0, path)
            ages[place] = min(seen, ages.get(place, seen))
    return ages


def _update(
    index: Index,
    root: bytes,
    left: list[bytes],
    reached: list[bytes],
    origins: Mapping[bytes, bytes],
    ages: Mapping[bytes, int],
) -> None:
    with LocalStorage(root) as storage:
        still_there = {path for path in left if _entry(storage, path)}  # a newcomer may have the name again
        for start in range(0, max(len(left), len(reached)), BATCH):
            gone = [path for path in left[start : start + BATCH] if path not in still_there]
            entries = [entry for path in reached[start : start + BATCH] if (entry := _entry(storage, path))]
            seen = {}
            for entry in entries:
                with suppress(KeyError):
                    seen[entry.path] = ages[origins[absolute([root], 0, entry.path)]]
            index.update(root, entries, gone, seen)


def _entry(storage: LocalStorage, path: bytes) -> Entry | None:
    try:
        return storage.entry(path)
    except StorageError:
        return None
