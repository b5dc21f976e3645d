"""What a folder hears from its watcher, and what it does about a watcher that is dead or deaf.

Belongs to the event loop's thread, but for what the watcher calls.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from agent.watch import NOT_UTF8, Ground, Watcher, Watching
from core.names import shown

FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0
"""Seconds before a watcher that died is started anew: at first, and after it died again and again."""

_log = logging.getLogger(__name__)


class Hearing:
    """Collects the hints about one folder until somebody takes them; `wake` is called when there are some."""

    def __init__(self, root: bytes, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._wake = wake
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._watcher: Watching | None = None
        self._has_odd_names = False
        self._pause = FIRST_PAUSE
        self.retry_at = 0.0
        """When a folder that is not watched should be, by the clock."""
        self.unwatched = ""
        """Why it is not watched, in words."""
        self.hints: set[bytes] = set()
        """Paths where something may have changed."""
        self.new_directories: dict[bytes, float] = {}
        """Directories that appeared, and when."""
        self.has_lost_count = False
        """Whether something may have changed anywhere."""
        self.heard_at = 0.0
        """When anything was heard, by the clock."""

    @property
    def is_watched(self) -> bool:
        """Tell whether a watcher lives."""
        return self._watcher is not None

    @property
    def is_due(self) -> bool:
        """Tell whether a watcher should be started now."""
        return self._watcher is None and self._clock() >= self.retry_at

    def start(self, ground: Ground) -> None:
        """Watch. What changed before is not heard of: the folder is to be compared."""
        if self._has_odd_names:
            from agent.kernel_watch import KernelWatcher  # noqa: PLC0415 -- most folders never need it

            self._watcher = KernelWatcher(self._root, ground, self)
        else:
            self._watcher = Watcher(self._root, ground, self)
        self.unwatched = ""
        self.has_lost_count = True

    def give_up(self, why: str) -> None:
        """Do without a watcher for some time."""
        self.stop()
        if self.unwatched != why:
            _log.warning("folder %s is looked through regularly, not watched: %s", shown(self._root), why)
        self.unwatched = why
        self.retry_at = self._clock() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self.has_lost_count = True
        self._wake()

    def stop(self) -> None:
        """Hear nothing more, and forget what was heard."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
        self.hints.clear()
        self.new_directories.clear()

    def restart_if_partial(self) -> None:
        """Watch anew where directories are watched one by one, so that new ones are heard of too."""
        if self._watcher is not None and not self._watcher.is_recursive:
            self.stop()
            self.retry_at = self._clock() + 2

    def take_hints(self) -> set[bytes]:
        """Return what was heard since the last time."""
        taken, self.hints = self.hints, set()
        return taken

    # -- the watcher speaks, in its thread

    def hinted(self, changed: set[bytes], new_directories: set[bytes]) -> None:
        """Something may have changed at these paths."""
        self._loop.call_soon_threadsafe(self._hear, changed, new_directories)

    def lost_count(self, why: str) -> None:
        """Too much changed to tell what."""
        self._loop.call_soon_threadsafe(self._lose_count, why)

    def deaf(self, why: str) -> None:
        """The watcher is dead."""
        self._loop.call_soon_threadsafe(self._lose_hearing, why)

    def _hear(self, changed: set[bytes], new_directories: set[bytes]) -> None:
        if self._watcher is not None:
            self.heard_at = self._clock()
            self.hints |= changed
            self.new_directories.update(dict.fromkeys(new_directories, self.heard_at))
            self._wake()

    def _lose_count(self, why: str) -> None:
        _log.info("folder %s is compared: %s", shown(self._root), why)
        self.heard_at = self._clock()
        self.has_lost_count = True
        self._wake()

    def _lose_hearing(self, why: str) -> None:
        if why == NOT_UTF8 and not self._has_odd_names:
            self._has_odd_names = True
            self._begin_anew()
        elif self._watcher is not None:
            self.give_up(why)

    def _begin_anew(self) -> None:
        """Have a watcher started at once, whatever was heard until now."""
        self.stop()
        self.retry_at = 0.0
        self._wake()
