"""Keeps account, call by call, of what would survive a power cut, by the letter of POSIX: no more than was synced.

A file's bytes are durable once it was fsynced after its last write; a name once its directory was fsynced after the
name was made. Before each call that something must precede, the ledger checks that it did, and raises Broken if not.
File systems promise more than that (ext4 and xfs write a directory's names with a journal's fsync), so that a power
cut on them does not show everything; this does, without root.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.journal import OperationFiles, Outcomes
from core.model import Plan, Step, absolute
from core.trash import is_trash
from tests.crash.seam import Call
from tests.trees import read

TEMPORARY = b".tmp"
ASIDE = b".aside"
OUT = b".out"


class Broken(AssertionError):
    """Something was done before what must precede it was durable."""


class Ledger:
    """The books of one execution: a hook for the seam."""

    def __init__(self, files: OperationFiles, plan: Plan, durable: Iterable[bytes]) -> None:
        """`durable`: absolute paths beneath the roots that were there, and durable, before the operation began."""
        self._files = files
        self._plan = plan
        self._steps_by_source: dict[bytes, list[Step]] = {}
        for step in plan.steps:
            self._steps_by_source.setdefault(absolute(plan.roots, step.source_root, step.source), []).append(step)
        self._journal = os.fsencode(files.journal_path)
        self._state = os.fsencode(files.directory.parent)
        self._names = set(durable)  # names that are durable
        self._gone: set[bytes] = set()  # names whose removal is not durable
        self._dirty: set[bytes] = set()  # files with bytes that are not durable
        self._journal_synced = 0  # bytes of the journal that are durable
        self._new_in_state: set[bytes] = set()
        self._unsynced_at_last_record: set[bytes] = set()

    def __call__(self, number: int, call: Call, real: Callable[..., Any]) -> Any:
        """Check what must precede a call, carry it out, and write it down."""
        account = getattr(self, f"_{call.name}", None)
        if account is None:
            return real(*call.arguments, **call.keywords)
        return account(lambda: real(*call.arguments, **call.keywords), *call.arguments, **call.keywords)

    def close(self) -> None:
        """Check what must be durable when the operation has ended."""
        _demand(self._durable_outcomes().sealed is not None, "the seal is not durable")
        _demand(not self._unsynced_at_last_record, f"sealed before these were durable: {self._unsynced_at_last_record}")

    # -- what was durable at a moment

    def _durable_outcomes(self) -> Outcomes:
        """Return what the journal would say after a power cut."""
        copy = OperationFiles(self._files.directory.parent.parent / "durable")
        copy.directory.mkdir(exist_ok=True)
        Path(copy.journal_path).write_bytes(self._files.journal_path.read_bytes()[: self._journal_synced])
        return copy.outcomes()

    def _unsynced(self) -> set[bytes]:
        names = {path for path in self._all_names() if path not in self._names}
        return names | {path for path in self._gone if not os.path.lexists(path)}

    def _all_names(self) -> set[bytes]:
        return {os.path.join(root, path) for root in self._plan.roots for path in read(root)}

    # -- the calls

    def _open(
        self, real: Callable[[], int], path: Any, flags: int, mode: int = 0o777, dir_fd: int | None = None
    ) -> int:
        full = _full(path, dir_fd)
        is_new = bool(flags & os.O_CREAT) and not os.path.lexists(full)
        if is_new:
            self._before_change(full)
        descriptor = real()
        if is_new:
            self._made(full)
        return descriptor

    def _write(self, real: Callable[[], int], descriptor: int, *_: Any) -> int:
        path = _path_of(descriptor)
        self._dirty.add(path)
        if path == self._journal:
            self._unsynced_at_last_record = self._unsynced()
        return real()

    _pwrite = _write
    _ftruncate = _write

    def _fsync(self, real: Callable[[], None], descriptor: int) -> None:
        real()
        path = _path_of(descriptor)
        if os.path.isdir(path):
            self._synced_directory(path)
        else:
            self._dirty.discard(path)
            if path == self._journal:
                self._journal_synced = os.path.getsize(path)

    _fdatasync = _fsync

    def _sync_file_system(self, real: Callable[[], None], descriptor: int) -> None:
        real()
        device = os.fstat(descriptor).st_dev
        for root in self._plan.roots:
            if os.stat(root).st_dev == device:
                self._names |= {os.path.join(root, path) for path in read(root)}
                self._gone = {path for path in self._gone if not path.startswith(root + b"/")}
                self._dirty = {path for path in self._dirty if not path.startswith(root + b"/")}

    def _rename(self, real: Callable[[], None], source: Any, destination: Any, **_: Any) -> None:
        self._renamed(real, _full(source, None), _full(destination, None))

    def _rename_noreplace(self, real: Callable[[], None], *arguments: Any) -> None:
        source_directory, source, directory, name = arguments
        self._renamed(real, _full(source, source_directory), _full(name, directory))

    def _rename_exchange(self, real: Callable[[], None], *arguments: Any) -> None:
        directory, name, other_directory, other = arguments
        both = _full(name, directory), _full(other, other_directory)
        for path in both:
            self._before_change(path)
        real()
        for path in both:
            self._made(path)

    def _clone_content(self, real: Callable[[], None], source: int, target: int) -> None:
        self._dirty.add(_path_of(target))
        real()

    def _link(
        self, real: Callable[[], None], source: Any, name: Any, *, src_dir_fd: int, dst_dir_fd: int, **_: Any
    ) -> None:
        full = _full(name, dst_dir_fd)
        self._before_change(full)
        self._before_standing_in(full)
        real()
        self._made(full)

    def _renamed(self, real: Callable[[], None], source: bytes, destination: bytes) -> None:
        self._before_change(destination)
        if self._is_users(destination):
            if source.endswith(TEMPORARY):
                self._before_publishing(source, destination)
            elif destination.endswith(ASIDE):
                self._before_taking(source)
            elif destination.endswith(TEMPORARY):
                self._before_retracting(destination)
            elif OUT in (source[-len(OUT) :], destination[-len(OUT) :]):
                pass  # what stood in for a file is removed, or put back: it is nobody's
            else:
                self._before_moving(source, destination)
        real()
        self._made(destination)
        self._removed(source)
        if source in self._dirty:
            self._dirty.discard(source)
            self._dirty.add(destination)

    def _mkdir(self, real: Callable[[], None], path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        full = _full(path, dir_fd)
        self._before_change(full)
        real()
        self._made(full)

    def _rmdir(self, real: Callable[[], None], path: Any, *, dir_fd: int | None = None) -> None:
        full = _full(path, dir_fd)
        self._before_change(full)
        real()
        self._removed(full)

    _unlink = _rmdir

    # -- what is written down

    def _made(self, path: bytes) -> None:
        self._names.discard(path)
        self._gone.discard(path)
        if path.startswith(self._state + b"/") or path == self._state:
            self._new_in_state.add(path)

    def _removed(self, path: bytes) -> None:
        self._new_in_state.discard(path)
        self._names.discard(path)
        self._gone.add(path)

    def _synced_directory(self, directory: bytes) -> None:
        inside = {os.path.join(directory, name) for name in os.listdir(directory)}
        self._names |= inside
        self._new_in_state -= inside
        self._gone = {path for path in self._gone if os.path.dirname(path) != directory}

    # -- what must precede what

    def _is_users(self, path: bytes) -> bool:
        return any(path.startswith(root + b"/") for root in self._plan.roots)

    def _before_change(self, path: bytes) -> None:
        """Before anything of the user's changes: request, plan and journal are durable, with their names."""
        if not self._is_users(path):
            return
        _demand(not self._new_in_state, f"{path!r} changed before these names were durable: {self._new_in_state}")
        dirty = {name for name in self._dirty if name.startswith(self._state)} - {self._journal}
        _demand(not dirty, f"{path!r} changed before these were durable: {dirty}")
        _demand(self._journal_synced > 0, f"{path!r} changed before the journal said that it began")

    def _before_publishing(self, source: bytes, destination: bytes) -> None:
        """Before a copy gets its name: its bytes are durable, and the record that says so."""
        _demand(source not in self._dirty, f"{source!r} was published before its bytes were durable")
        durable = self._durable_outcomes()
        seq = _number_in(source)
        _demand(seq in durable.copied, f"{source!r} was published before its record was durable")
        self._demand_intended(durable, self._plan.steps[seq], destination)

    def _before_taking(self, source: bytes) -> None:
        """Before a copied source goes: the copy's name is durable, and the folders made for it."""
        record = next(
            (self._published_by(step) for step in self._steps_by_source.get(source, []) if step.kind != "copy"), None
        )
        path = record or b""
        while self._is_users(path):
            _demand(path in self._names, f"{source!r} was taken away before the name {path!r} was durable")
            path = os.path.dirname(path)

    def _before_retracting(self, temporary: bytes) -> None:
        """Before a copy that was published goes again: the source's name is durable, should it have been put back."""
        step = self._plan.steps[_number_in(temporary)]
        source = absolute(self._plan.roots, step.source_root, step.source)
        _demand(source in self._names, f"a copy was taken back before the name {source!r} was durable")

    def _published_by(self, step: Step) -> bytes:
        outcomes = self._files.outcomes()
        return absolute(self._plan.roots, step.destination_root, outcomes.intended.get(step.seq, step.destination))

    def _before_moving(self, source: bytes, destination: bytes) -> None:
        """Before a file is renamed: what became of earlier steps that used one of the names; a number it must take."""
        step = self._step(source, destination)
        if step is None:
            return
        durable = self._durable_outcomes()
        self._demand_intended(durable, step, destination)
        names = {source, absolute(self._plan.roots, step.destination_root, step.destination)}
        for other in self._plan.steps[: step.seq]:
            used = {
                absolute(self._plan.roots, other.source_root, other.source),
                absolute(self._plan.roots, other.destination_root, other.destination),
            }
            if used & names and not (other.group and other.group == step.group):
                _demand(other.seq in durable.finished, f"step {step.seq} began before step {other.seq} was recorded")

    def _before_standing_in(self, place: bytes) -> None:
        """Before a link is made in the trash for a duplicate: its place there, should it be another than planned."""
        roots, durable = self._plan.roots, self._durable_outcomes()
        planned = {absolute(roots, step.destination_root, step.trash) for step in self._plan.steps if step.trash}
        planned |= {
            absolute(roots, self._plan.steps[seq].destination_root, path) for seq, path in durable.intended.items()
        }
        if is_trash(place):
            _demand(place in planned, f"{place!r} was taken before that was durable")

    def _step(self, source: bytes, destination: bytes) -> Step | None:
        steps = self._steps_by_source.get(source, [])
        return next((step for step in steps if step.seq not in self._files.outcomes().finished), None)

    def _demand_intended(self, durable: Outcomes, step: Step, destination: bytes) -> None:
        planned = step.trash if step.kind == "replace" else step.destination
        if destination != absolute(self._plan.roots, step.destination_root, planned):
            intended = absolute(self._plan.roots, step.destination_root, durable.intended.get(step.seq, b""))
            _demand(destination == intended, f"step {step.seq} took another name before that was durable")


def _demand(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Broken(otherwise)


def _number_in(temporary: bytes) -> int:
    """Return the number of the step that a name of Shelver's own belongs to."""
    return int(temporary.rpartition(b"-")[2].partition(b".")[0])


def _full(path: Any, directory: int | None) -> bytes:
    name = os.fsencode(path)
    return name if directory is None or name.startswith(b"/") else os.path.join(_path_of(directory), name)


def _path_of(descriptor: int) -> bytes:
    return os.readlink(b"/proc/self/fd/%d" % descriptor)
