"""Shelver's own moves, told to the index: a file that an operation put somewhere is no news there."""

from __future__ import annotations

from collections import defaultdict

from core.config import Config
from core.errors import StorageError
from core.index import Index
from core.journal import OperationFiles
from core.model import DIRECTORY_KINDS, absolute
from core.storage import Entry
from core.storage.local import LocalStorage

BATCH = 5000


def remember_own_moves(files: OperationFiles, index: Index, config: Config) -> None:
    """Take into the index where an operation's files are now, in every folder of the config that they lie in."""
    outcomes = files.outcomes()
    if not outcomes.finished:
        return
    plan = files.plan()
    left: dict[bytes, list[bytes]] = defaultdict(list)
    reached: dict[bytes, list[bytes]] = defaultdict(list)
    for step in plan.steps:
        finished = outcomes.finished.get(step.seq)
        if finished is None or finished.outcome != "done" or step.kind in DIRECTORY_KINDS:
            continue
        if step.source and step.kind != "copy":
            _sort(left, config, absolute(plan.roots, step.source_root, step.source))
        destination = finished.destination or step.destination
        if destination:
            _sort(reached, config, absolute(plan.roots, step.destination_root, destination))
    for root in left.keys() | reached.keys():
        _update(index, root, left[root], reached[root])


def _sort(into: dict[bytes, list[bytes]], config: Config, path: bytes) -> None:
    for folder in config.folders:  # of nested folders each has its own index
        if folder.is_local and path.startswith(folder.path + b"/"):
            into[folder.path].append(path[len(folder.path) + 1 :])


def _update(index: Index, root: bytes, left: list[bytes], reached: list[bytes]) -> None:
    with LocalStorage(root) as storage:
        still_there = {path for path in left if _entry(storage, path)}  # a newcomer may have the name again
        for start in range(0, max(len(left), len(reached)), BATCH):
            entries = [_entry(storage, path) for path in reached[start : start + BATCH]]
            gone = [path for path in left[start : start + BATCH] if path not in still_there]
            index.update(root, [entry for entry in entries if entry is not None], gone)


def _entry(storage: LocalStorage, path: bytes) -> Entry | None:
    try:
        return storage.entry(path)
    except StorageError:
        return None
