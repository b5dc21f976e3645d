"""What waits for a person before it runs, and why.

What a person asks for runs at once. What the agent starts by itself waits where the folder is in `review` mode, on the
folder's first pass, on the first pass after its rules changed, and where a brake engages.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from core.model import DIRECTORY_KINDS, Plan, Request, Step, absolute
from core.stores.decisions import Decisions
from core.stores.index import Index

MOVES_AT_ONCE = 100
"""The agent moves this many files that were there before, or `SHARE_AT_ONCE` of the folder, without asking."""

TRASHED_AT_ONCE = 10
"""The same for what goes to the trash."""

SHARE_AT_ONCE = 0.10

_FIRST = (
    "the first pass with these rules: look it over once",
    "the first sync with this bucket and these settings: look it over once",
)


def why_it_waits(request: Request, plan: Plan, mode: str, decisions: Decisions, index: Index) -> str | None:
    """Return why a plan that nobody approved must wait, or None when it may run. `mode`: the folder's."""
    if request.dry_run:
        return "a preview: nothing happens until it is approved"
    if request.kind == "dedupe" and any(_only_looks_alike(step) for step in plan.steps):
        return "pictures that only look alike: look each over before it goes"
    if not request.automatic or not any(is_acting(step) for step in plan.steps):
        return None
    if not decisions.passed(pass_root(request, plan), plan.rules):
        return _FIRST[request.kind == "sync"]
    if mode == "review":
        return "this folder is in review mode"
    return _brake(request, plan, index)


def is_acting(step: Step) -> bool:
    """Tell whether a step would do something with a file."""
    return step.kind not in DIRECTORY_KINDS and not step.refused


def _only_looks_alike(step: Step) -> bool:
    return step.kind == "trash" and step.survivor is None and not step.refused


def is_whole_pass(request: Request) -> bool:
    """Tell whether a request looks at all of a folder with all of its rules."""
    return request.kind in ("organize", "sync") and request.paths is None and request.rules is None


def pass_root(request: Request, plan: Plan) -> bytes:
    """Return the root by which a pass is remembered: of a sync the bucket, for the folder may be organized, too."""
    return plan.roots[1] if request.kind == "sync" else plan.roots[0]


def leaves_nothing_of(done: Request, waiting: Request) -> bool:
    """Tell whether what was wholly done leaves nothing of a proposal: it was asked for as much, or for more."""
    if any(getattr(done, name) != getattr(waiting, name) for name in ("kind", "folder", "undo_of", "resolve")):
        return False
    if done.kind == "dedupe" and (done.of is not None or done.action != waiting.action):
        return False
    parts = ((done.only, waiting.only), (done.paths, waiting.paths), (done.rules, waiting.rules))
    as_wide = all(part is None or part == wanted for part, wanted in parts)
    return as_wide and (done.subfolders is True or done.subfolders == waiting.subfolders)


def _brake(request: Request, plan: Plan, index: Index) -> str | None:
    acting = [step for step in plan.steps if is_acting(step)]
    share = SHARE_AT_ONCE * index.count(plan.roots[0])
    trashed = sum(step.kind in ("trash", "replace") or step.occupant is not None for step in acting)
    if trashed > max(TRASHED_AT_ONCE, share):
        return f"{trashed:,} files would go to the trash at once"
    limit = max(MOVES_AT_ONCE, share)
    if request.kind == "sync":
        return None
    if len(acting) > limit and (moved := _moved_from_before(request, plan, acting, index)) > limit:
        return f"{moved:,} files that were here before would move at once"
    return None


def _moved_from_before(request: Request, plan: Plan, acting: list[Step], index: Index) -> int:
    """Return how many files would move that did not just arrive."""
    sources = [step.source for step in acting if step.source_root == 0]
    if request.arrived_since is None:
        return len(sources)
    return index.known_before(plan.roots[0], request.arrived_since, sources)


def approved_steps(plan: Plan, only: Collection[bytes] | None, without: Collection[bytes] = ()) -> set[int]:
    """Return the numbers of the steps that approving `only` lets run (absolute paths, files or folders; None: all).

    `without`: files that stay as they are, or folders that nothing goes into. A group runs whole or not at all; a
    directory is made if an approved file goes there, and removed if it is empty.
    """
    files = [step for step in plan.steps if step.kind not in DIRECTORY_KINDS]
    if only is not None:
        files = _with_groups(files, _named(plan, files, frozenset(only)))
    left_out = {step.seq for step in _with_groups(files, _taken_out(plan, files, frozenset(without)))}
    approved = [step for step in files if step.seq not in left_out]
    needed = {(step.destination_root, parent) for step in approved for parent in _parents(step.destination)}
    directories = {
        step.seq
        for step in plan.steps
        if step.kind == "rmdir" or (step.kind == "mkdir" and (step.destination_root, step.destination) in needed)
    }
    return directories.union(step.seq for step in approved)


def _with_groups(files: list[Step], chosen: set[int]) -> list[Step]:
    """Return the steps with these numbers, and those of their groups."""
    groups = {step.group for step in files if step.group and step.seq in chosen}
    return [step for step in files if step.seq in chosen or step.group in groups]


def _named(plan: Plan, files: list[Step], paths: frozenset[bytes]) -> set[int]:
    """Return the steps that come from or go to one of the paths, or beneath it."""
    return {step.seq for step in files if any(_is_at(path, paths) for path in _ends(plan, step))}


def _taken_out(plan: Plan, files: list[Step], paths: frozenset[bytes]) -> set[int]:
    """Return the steps of the files that are named, and those that go beneath a path that is."""
    return {
        step.seq
        for step in files
        if paths and (_ends(plan, step)[0] in paths or any(_is_at(path, paths) for path in _ends(plan, step)[1:]))
    }


def _ends(plan: Plan, step: Step) -> list[bytes]:
    """Return where a file's step begins and ends, absolute."""
    source = absolute(plan.roots, step.source_root, step.source)
    destination = absolute(plan.roots, step.destination_root, step.destination)
    return [path for path in (source, destination) if path]


def _is_at(path: bytes, paths: frozenset[bytes]) -> bool:
    return path in paths or b"/" in paths or any(parent in paths for parent in _parents(path) if parent != b"/")


def _parents(path: bytes) -> Iterator[bytes]:
    while (parent := os.path.dirname(path)) not in (b"", path):
        yield parent
        path = parent
