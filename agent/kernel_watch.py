"""Hints from the kernel itself, for a folder that watchfiles cannot serve: here a name may be any bytes.

Each directory has a watch of its own. One that appears is watched, with all beneath it, before it is told: whoever
looks into it then misses nothing. That the kernel's queue ran over, or that it watches no more, is told.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress

from inotify_simple import Event, INotify, flags

from agent.watch import LARGE_BATCH, REMOVED, STEP_MILLISECONDS, Unwatchable, Watching

IDLE_MILLISECONDS = 1000
"""So long it takes the thread at most to see that it should stop."""

_CHANGES = (
    flags.CREATE | flags.CLOSE_WRITE | flags.ATTRIB | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO
)  # a file that is being written is looked at again and again anyway: MODIFY would only tell it each time
_WATCHED = _CHANGES | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR | flags.DONT_FOLLOW | flags.EXCL_UNLINK
_ROOT_GONE = flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT
_PASSED_OVER = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.ENAMETOOLONG)


class KernelWatcher(Watching):
    """Watches by inotify."""

    def _hear(self) -> None:
        with INotify() as kernel:
            watches = _Watches(kernel, self._root, is_recursive=self._ground.is_recursive)
            for directory in self._ground.directories:
                watches.add(directory[len(self._root) + 1 :])
            while not self._stopped.is_set():
                events = kernel.read(IDLE_MILLISECONDS)
                self._sort(events, watches)
                if events:  # what follows at once comes with the next batch
                    self._stopped.wait(STEP_MILLISECONDS / 1000)

    def _sort(self, events: Iterable[Event], watches: _Watches) -> None:
        changed: set[bytes] = set()
        new_directories: set[bytes] = set()
        for event in events:
            if event.mask & flags.Q_OVERFLOW:
                watches.add(b"")  # directories may have appeared unheard
                self._lose_count("the kernel's queue ran over")
                continue
            directory = watches.directory(event)
            if directory == b"" and event.mask & _ROOT_GONE:
                raise Unwatchable(REMOVED)
            if directory is None or not event.name:
                continue
            path = os.path.join(directory, os.fsencode(event.name))
            if event.mask & flags.ISDIR and event.mask & (flags.CREATE | flags.MOVED_TO):
                watches.appeared(path)
                new_directories.add(path)
            else:
                changed.add(path)
                if event.mask & flags.ISDIR and event.mask & flags.MOVED_FROM:
                    watches.drop(path)
        if len(changed) + len(new_directories) < LARGE_BATCH:
            self._hand_over(changed, new_directories)
        else:
            self._lose_count(f"{len(changed) + len(new_directories)} changes at once")


class _Watches:
    """Which directory each of the kernel's watches belongs to."""

    def __init__(self, kernel: INotify, root: bytes, *, is_recursive: bool) -> None:
        self._kernel = kernel
        self._root = root
        self._is_recursive = is_recursive
        self._directories: dict[int, bytes] = {}

    def add(self, directory: bytes) -> None:
        """Watch a directory, and those beneath it where all are to be watched; one that is gone is passed over."""
        waiting = [directory]
        while waiting:
            path = waiting.pop()
            place = os.path.join(self._root, path)
            try:
                self._directories[self._kernel.add_watch(place, _WATCHED)] = path
                if self._is_recursive:
                    with os.scandir(place) as items:
                        waiting += [os.path.join(path, each.name) for each in items if _is_directory(each)]
            except OSError as error:
                if not path or error.errno not in _PASSED_OVER:
                    raise

    def appeared(self, directory: bytes) -> None:
        """Watch a new directory where all are to be watched."""
        if self._is_recursive:
            self.add(directory)

    def drop(self, directory: bytes) -> None:
        """Watch a directory that left no more, nor those beneath it."""
        beneath = directory + b"/"
        gone = [watch for watch, path in self._directories.items() if path == directory or path.startswith(beneath)]
        for watch in gone:
            del self._directories[watch]
            with suppress(OSError):  # the kernel has let go of it
                self._kernel.rm_watch(watch)

    def directory(self, event: Event) -> bytes | None:
        """Return where something happened; None for what is watched no more."""
        if event.mask & flags.IGNORED:
            return self._directories.pop(event.wd, None)
        return self._directories.get(event.wd)


def _is_directory(item: os.DirEntry[bytes]) -> bool:
    return item.is_dir(follow_symlinks=False)
