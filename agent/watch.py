"""Hints: what may have changed in a folder, from the kernel by way of watchfiles.

Only hints. watchfiles loses events without a word (a full queue, files in fresh directories, the limit of watches,
a root that was made anew), and dies of a name that is not UTF-8: then `agent.kernel_watch` takes its place. Whoever
listens must compare the folder with the index at start, on a timer, after every failure and for every new directory.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from watchfiles import Change, watch

from core.names import shown

STEP_MILLISECONDS = 100
"""Between two looks at what came in; a hint arrives one or two of these after its event."""
DEBOUNCE_MILLISECONDS = 500
"""After so long a batch is handed over though events still come in."""
LARGE_BATCH = 1000
"""From so many events on some may have been lost: the folder is compared instead."""
NETWORK_TYPES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ncpfs", "davfs")
"""File systems whose remote changes the kernel does not report; so are all of FUSE."""

REMOVED = "the folder was removed or renamed"
NOT_UTF8 = "a name in it is not UTF-8"
"""Why watchfiles cannot serve a folder that the kernel itself can."""

_log = logging.getLogger(__name__)


class Unwatchable(Exception):
    """A folder that cannot be watched, and why, in words."""


class Listener(Protocol):
    """Hears of changes, in the watcher's thread."""

    def hinted(self, changed: set[bytes], new_directories: set[bytes]) -> None:
        """Something may have changed at these paths (relative to the folder)."""

    def lost_count(self, why: str) -> None:
        """Too much changed to tell what: the whole folder is to be compared."""

    def deaf(self, why: str) -> None:
        """The watcher is dead: nothing will be hinted any more."""


@dataclass(frozen=True)
class Ground:
    """The directories to watch: all beneath the root at once, or each alone where that would fail."""

    directories: list[bytes]
    is_recursive: bool


class Watching(ABC):
    """Watches one folder from a thread of its own, until `stop` or its death."""

    def __init__(self, root: bytes, ground: Ground, listener: Listener) -> None:
        self._root = root
        self._ground = ground
        self._listener = listener
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {shown(root)}", daemon=True)
        self._thread.start()

    @property
    def is_recursive(self) -> bool:
        """Tell whether directories made later are watched too."""
        return self._ground.is_recursive

    def stop(self) -> None:
        """Hear nothing more. The thread ends a moment later."""
        self._stopped.set()

    def join(self) -> None:
        """Wait for the thread's end, after `stop`."""
        self._thread.join()

    def _watch(self) -> None:
        try:
            self._hear()
            why = "the watch ended by itself"
        except Exception as error:  # watchfiles raises whatever its Rust half does
            why = _in_words(error)
        if not self._stopped.is_set():
            self._listener.deaf(why)

    @abstractmethod
    def _hear(self) -> None:
        """Hand over what happens until `stop`. Raises Unwatchable, or whatever else ends the watch."""

    def _hand_over(self, changed: set[bytes], new_directories: set[bytes]) -> None:
        """Tell the listener of paths relative to the root."""
        if (changed or new_directories) and not self._stopped.is_set():
            self._listener.hinted(changed, new_directories)

    def _lose_count(self, why: str) -> None:
        if not self._stopped.is_set():
            self._listener.lost_count(why)


class Watcher(Watching):
    """Watches by way of watchfiles."""

    def _hear(self) -> None:
        changes = watch(
            *[os.fsdecode(directory) for directory in self._ground.directories],
            watch_filter=None,
            debounce=DEBOUNCE_MILLISECONDS,
            step=STEP_MILLISECONDS,
            stop_event=self._stopped,
            raise_interrupt=False,
            recursive=self._ground.is_recursive,
            ignore_permission_denied=False,  # with it the limit of watches and worse would go unnoticed
        )
        for batch in changes:
            if len(batch) < LARGE_BATCH:
                self._sort(batch)
            else:
                self._lose_count(f"{len(batch)} changes at once")

    def _sort(self, batch: set[tuple[Change, str]]) -> None:
        changed: set[bytes] = set()
        new_directories: set[bytes] = set()
        for change, place in batch:
            path = os.fsencode(place)
            if path == self._root:
                if change is Change.deleted:
                    raise Unwatchable(REMOVED)
                continue
            if not path.startswith(self._root + b"/"):
                continue
            relative = path[len(self._root) + 1 :]
            if change is Change.added and os.path.isdir(path) and not os.path.islink(path):
                new_directories.add(relative)
            else:
                changed.add(relative)
        self._hand_over(changed, new_directories)


def survey(root: bytes, *, subfolders: bool, descend: Callable[[bytes], bool]) -> Ground:
    """Return what to watch of a folder. Raises Unwatchable where watching would be deaf from the start."""
    kind = file_system_of(root)
    if kind in NETWORK_TYPES or kind.startswith("fuse"):
        raise Unwatchable(f"its file system ({kind}) does not report changes")
    if not subfolders:
        return Ground([root], is_recursive=False)
    readable, is_plain = _readable_directories(root, descend)
    limit = _watch_limit()
    if len(readable) > limit * 0.9:
        raise Unwatchable(
            f"it has {len(readable)} folders, the kernel watches {limit}: raise fs.inotify.max_user_watches"
        )
    return Ground([root], is_recursive=True) if is_plain else Ground(readable, is_recursive=False)


def _readable_directories(root: bytes, descend: Callable[[bytes], bool]) -> tuple[list[bytes], bool]:
    """Return the directories to watch, and whether a recursive watch of the root would see just those.

    It would not where one is unreadable (the watch fails), and where a symlink leads to a directory (it is followed).
    """
    found, waiting, is_plain = [root], [b""], True
    while waiting:
        directory = waiting.pop()
        try:
            with os.scandir(os.path.join(root, directory)) as items:
                for item in items:
                    if item.is_symlink():
                        is_plain = is_plain and not item.is_dir()
                    elif item.is_dir(follow_symlinks=False):
                        path = os.path.join(directory, item.name)
                        if descend(path) and os.access(item.path, os.R_OK | os.X_OK):
                            waiting.append(path)
                            found.append(item.path)
                        else:
                            is_plain = False
        except OSError:
            is_plain = False
    return found, is_plain


def file_system_of(path: bytes) -> str:
    """Return the type of the file system that a path lies on, as the kernel names it; empty if it does not say."""
    try:
        device = os.stat(path).st_dev
        with open("/proc/self/mountinfo", "rb") as mounts:
            wanted = b"%d:%d" % (os.major(device), os.minor(device))
            for line in mounts:
                fields = line.split()
                if fields[2] == wanted:
                    return os.fsdecode(fields[fields.index(b"-") + 1])
    except (OSError, ValueError, IndexError):
        pass
    return ""


def _watch_limit() -> int:
    try:
        with open("/proc/sys/fs/inotify/max_user_watches") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 8192


def _in_words(error: Exception) -> str:
    text, code = str(error), error.errno if isinstance(error, OSError) else None
    if "Unable to decode" in text:
        return NOT_UTF8
    if "limit reached" in text or code == errno.ENOSPC:
        return "the kernel's limit of watches is reached: raise fs.inotify.max_user_watches"
    if "os error 24" in text or code == errno.EMFILE:
        return "the kernel's limit of watchers is reached: raise fs.inotify.max_user_instances"
    return shown(text) or type(error).__name__
