"""The sync planner: what a folder and its bucket each did since they were in step, and the steps that follow.

Nothing is deleted without proof: both sides have their marks, everything could be read, and what is gone is asked for
once more by its name. Without a state, or with a damaged one, a sync only merges.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from time import time_ns

from core.config.models import Folder
from core.model import Plan, Request, Step, now
from core.names import collision_key
from core.planners import Ground, resolving
from core.storage import Entry
from core.storage.local import LocalStorage
from core.storage.s3.keys import KEY_MAX, why_no_path
from core.storage.s3.objects import Objects
from core.sync import Decided, Pair, Synced
from core.sync.conflicts import copies_among
from core.sync.contents import Contents
from core.sync.marks import LOCAL_MARK, check
from core.sync.pairs import filters_of
from core.sync.pending import pending
from core.sync.renames import Renamed, local_renames, remote_renames
from core.sync.state import SyncState
from core.sync.states import check_bucket
from core.sync.steps import Steps
from core.sync.table import decide, recorded

_REPORT_EVERY = 500

FOLDER_IN_THE_WAY = "a folder has its name on the other side"
NOT_ALL_SEEN = "not everything could be looked at, so nothing is taken as deleted"


def plan(request: Request, ground: Ground) -> Plan:
    """Plan what brings a folder and its bucket in step. Raises UsageError, BrakeEngaged, StorageError, Cancelled."""
    if request.resolve is not None:
        return resolving.plan(request, ground)
    folder = ground.config.folder(request.folder)
    check_bucket(folder)
    with ExitStack() as stack:
        local, bucket = ground.open_root(folder.path), ground.open_root(folder.sync.encode())
        stack.enter_context(closing(local))
        stack.enter_context(closing(bucket))
        assert isinstance(local, LocalStorage)
        assert isinstance(bucket, Objects)
        assert ground.sync_state is not None
        state = stack.enter_context(closing(ground.sync_state(folder)))
        steps = _Sync(request, ground, folder, local, bucket, state).steps()
        plan = Plan(request.id, [local.root, bucket.root], steps, rules=filters_of(folder))
        state.pending = pending(plan)
        return plan


class _Sync:
    def __init__(
        self,
        request: Request,
        ground: Ground,
        folder: Folder,
        local: LocalStorage,
        bucket: Objects,
        state: SyncState,
    ) -> None:
        self._request = request
        self._ground = ground
        self._folder = folder
        self._local = local
        self._bucket = bucket
        self._state = state
        self._rules = filters_of(folder)
        self._untouched: list[tuple[bytes, str]] = []
        self._contents = Contents(local, bucket, lambda: ground.report("planning", 0, 0))

    def steps(self) -> list[Step]:
        """Look at both sides and return what is to be done."""
        pair = check(self._local, self._bucket, self._state)
        base = self._state.files() if pair else {}
        local, remote = self._local_files(), self._remote_files()
        steps = Steps(self._request.id, now(), os.uname().nodename)
        pairs = [each for each in self._pairs(base, local, remote) if not self._is_left_alone(each)]
        decided = [self._decide(each) for each in pairs]
        self._remember(decided, base, local, remote)
        aside = remote if self._folder.direction == "push" else local
        self._state.see_conflicts(copies_among(aside.values()))
        if self._folder.direction == "both":
            decided = self._carry_renames(decided, steps)
        for each in decided:
            self._add(each, steps)
        for path, why in self._untouched:
            steps.refuse(path, why)
        return steps.ordered()

    # -- looking

    def _local_files(self) -> dict[bytes, Entry]:
        found: dict[bytes, Entry] = {}
        for number, entry in enumerate(self._local.walk()):
            if not self._folder.ignores(entry.path) and entry.path != LOCAL_MARK:
                found[entry.path] = entry
            if number % _REPORT_EVERY == 0:
                self._ground.report("scanning", number, 0)
        return found

    def _remote_files(self) -> dict[bytes, Entry]:
        found: dict[bytes, Entry] = {}
        for number, entry in enumerate(self._bucket.walk()):
            if not self._folder.ignores(entry.path):
                found[entry.path] = entry
            if number % _REPORT_EVERY == 0:
                self._ground.report("scanning", number, 0)
        self._untouched = list(self._bucket.untouched)
        return found

    def _pairs(
        self, base: dict[bytes, Synced], local: dict[bytes, Entry], remote: dict[bytes, Entry]
    ) -> Iterator[Pair]:
        names = sorted({*base, *local, *remote})
        clashes = self._clashes(names)
        folders = _folders(local) | _folders(remote)
        for number, path in enumerate(names):
            if number % _REPORT_EVERY == 0:
                self._ground.report("planning", number, len(names))
            if self._folder.ignores(path):
                continue
            if (path in local) != (path in remote) and path in folders:
                self._untouched.append((path, FOLDER_IN_THE_WAY))
            elif path in clashes:
                self._untouched.append((path, clashes[path]))
            elif why := self._why_no_key(path):
                self._untouched.append((path, why))
            else:
                yield Pair(path, base.get(path), local.get(path), remote.get(path))

    def _why_no_key(self, path: bytes) -> str:
        if why := why_no_path(path):
            return why.replace("key", "name")
        return "its path is too long for a bucket" if len(self._bucket.prefix) + len(path) > KEY_MAX else ""

    def _clashes(self, names: list[bytes]) -> dict[bytes, str]:
        """Return paths that one of the sides takes for the same."""
        can = self._bucket.can
        if can.is_case_sensitive and can.keeps_unicode_forms and not self._ignores_case():
            return {}
        same: dict[bytes, list[bytes]] = {}
        for path in names:
            same.setdefault(collision_key(path), []).append(path)
        return {
            path: "another name differs only in case" for paths in same.values() if len(paths) > 1 for path in paths
        }

    def _ignores_case(self) -> bool:
        return self._local.exists(LOCAL_MARK) and self._local.exists(LOCAL_MARK.upper())

    def _is_left_alone(self, pair: Pair) -> bool:
        """Tell whether the agent, asking by itself, leaves a file alone: it has not settled, or was undone."""
        return self._request.automatic and (self._is_settling(pair) or self._is_decided(pair))

    def _is_settling(self, pair: Pair) -> bool:
        entry = pair.local
        if entry is None or (pair.base is not None and pair.base.is_as(entry)):
            return False
        return max(entry.mtime_ns, entry.ctime_ns) > time_ns() - int(self._folder.settle * 1e9)

    def _is_decided(self, pair: Pair) -> bool:
        sides = ((self._local.root, pair.local), (self._bucket.root, pair.remote))
        blocks = self._ground.decisions.blocks
        return any(entry and blocks(root, entry, self._rules) for root, entry in sides)

    # -- deciding

    def _decide(self, pair: Pair) -> Decided:
        contents = self._contents
        return decide(pair, self._folder.direction, contents.is_same, contents.is_touched_only)

    def _remember(
        self, decided: list[Decided], base: dict[bytes, Synced], local: dict[bytes, Entry], remote: dict[bytes, Entry]
    ) -> None:
        """Note what is in step already: that needs no step."""
        same = [recorded(each.pair) for each in decided if each.action == "record"]
        gone = [path for path in base if path not in local and path not in remote]
        if self._state.pair_id and (same or gone):
            self._state.change(same, gone)

    def _carry_renames(self, decided: list[Decided], steps: Steps) -> list[Decided]:
        here = local_renames(decided, self._contents.came_from)
        there = remote_renames(decided, self._contents.came_from_remote)
        for renamed in here:
            steps.follow_in_bucket(renamed)
        for renamed in there:
            steps.follow_here(renamed)
        carried = {path for renamed in (*here, *there) for path in _paths(renamed)}
        return [each for each in decided if each.pair.path not in carried]

    def _add(self, decided: Decided, steps: Steps) -> None:
        pair, why = decided.pair, decided.why
        match decided.action:
            case "upload":
                steps.upload(pair, why)
            case "download":
                steps.download(pair, why)
            case "keep_both":
                steps.keep_both(pair, self._folder.direction, why)
            case "trash_local":
                self._trash(pair, why, steps.trash_local, lambda: self._bucket.exists(pair.path), steps)
            case "trash_remote":
                self._trash(pair, why, steps.trash_remote, lambda: self._local.exists(pair.path), steps)

    def _trash(
        self,
        pair: Pair,
        why: str,
        trash: Callable[[Pair, str], None],
        is_there_after_all: Callable[[], bool],
        steps: Steps,
    ) -> None:
        """Carry a deletion over, if it is proven."""
        if self._local.unreadable:
            steps.refuse(pair.path, NOT_ALL_SEEN)
        elif not is_there_after_all():
            trash(pair, why)


def _folders(files: dict[bytes, Entry]) -> set[bytes]:
    found: set[bytes] = set()
    for path in files:
        folder = path.rpartition(b"/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition(b"/")[0]
    return found


def _paths(renamed: Renamed) -> tuple[bytes, bytes]:
    return renamed.before.path, renamed.after.path
