"""Where Shelver keeps what it knows: the state directory, the cache and the socket.

State is private to its owner (directories 0700, files 0600). One agent or one-shot command holds the
lock of a state directory at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from core.errors import Locked, StateFull, UnknownOperation, UsageError
from core.names import shown

RESERVE_BYTES = 4 * 1024 * 1024
"""Kept preallocated, so that running steps can be recorded when the state's disk is full."""


@dataclass(frozen=True)
class StateDirectory:
    """The places of one Shelver, all made with `prepare`."""

    state: Path
    cache: Path
    socket: Path

    @classmethod
    def beneath(cls, directory: Path) -> StateDirectory:
        """Return a whole separate Shelver below one directory (`--state DIR`)."""
        directory = directory.absolute()
        return cls(directory, directory / "cache", directory / "agent.sock")

    @classmethod
    def of_user(cls) -> StateDirectory:
        """Return the user's own, by the XDG base directories; `STATE_DIRECTORY` and the like (systemd) win."""
        home = Path.home()
        environ = os.environ
        state = environ.get("STATE_DIRECTORY") or environ.get("XDG_STATE_HOME") or home / ".local/state"
        cache = environ.get("CACHE_DIRECTORY") or environ.get("XDG_CACHE_HOME") or home / ".cache"
        runtime = environ.get("RUNTIME_DIRECTORY") or environ.get("XDG_RUNTIME_DIR")
        state_directory = Path(state) if "STATE_DIRECTORY" in environ else Path(state) / "shelver"
        cache_directory = Path(cache) if "CACHE_DIRECTORY" in environ else Path(cache) / "shelver"
        if "RUNTIME_DIRECTORY" in environ:
            socket = Path(environ["RUNTIME_DIRECTORY"]) / "agent.sock"
        else:
            socket = Path(runtime) / "shelver/agent.sock" if runtime else state_directory / "agent.sock"
        return cls(state_directory, cache_directory, socket)

    @property
    def operations(self) -> Path:
        """One directory for each operation: request, plan, journal."""
        return self.state / "operations"

    @property
    def catalog(self) -> Path:
        return self.state / "catalog.json"

    @property
    def decisions(self) -> Path:
        return self.state / "decisions.db"

    @property
    def queue(self) -> Path:
        return self.state / "queue.db"

    @property
    def history(self) -> Path:
        return self.cache / "history.db"

    @property
    def remotes(self) -> Path:
        """What the endpoints of buckets were found to honour."""
        return self.cache / "remotes"

    @property
    def sync(self) -> Path:
        """What is known of folders that are kept in step with buckets, a database each."""
        return self.state / "sync"

    @property
    def index(self) -> Path:
        return self.cache / "index.db"

    @property
    def contents(self) -> Path:
        """What is known of the contents of files: duplicates are found by it."""
        return self.cache / "contents.db"

    @property
    def paused(self) -> Path:
        """Folders that a person paused, a name a line."""
        return self.state / "paused"

    def operation(self, id: str) -> Path:
        """Return the directory of one operation. Raises UnknownOperation for what is no id."""
        if not id.isalnum():
            raise UnknownOperation(shown(id))
        return self.operations / id

    def prepare(self) -> None:
        """Make the directories, private to their owner. Raises UsageError where another user owns one."""
        for directory in (self.state, self.operations, self.state / "locks", self.cache, self.socket.parent):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self.state, self.cache):
            if directory.stat().st_uid != os.geteuid():
                raise UsageError(f"{shown(str(directory))} belongs to another user")
            directory.chmod(0o700)

    @property
    def reserve(self) -> Path:
        """Space set aside for running steps; see RESERVE_BYTES."""
        return self.state / "reserve"

    def check_room(self) -> None:
        """See that the reserve is there before anything new begins. Raises StateFull."""
        descriptor = os.open(self.reserve, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        except OSError as error:
            os.ftruncate(descriptor, 0)
            raise StateFull(shown(str(self.state))) from error
        finally:
            os.close(descriptor)

    @contextmanager
    def lock(self, *, wait: bool = False) -> Iterator[None]:
        """Hold the state directory: one agent or one one-shot command. Raises Locked unless told to wait."""
        with flocked(self.state / "lock", shown(str(self.state)), wait=wait):
            yield

    @contextmanager
    def folders(self, roots: list[bytes], check: Callable[[], None]) -> Iterator[None]:
        """Hold the folders that an operation touches; `check` is called while waiting and may raise.

        A root is held exclusively, the folders above it are shared, so that a folder and one within it exclude each
        other. All are taken in sorted order: none waits in a circle.
        """
        above = {parent for root in roots for parent in _parents(root)}
        with ExitStack() as held:
            for path in sorted(above.union(roots)):
                name = hashlib.blake2b(path, digest_size=16).hexdigest()
                mode = fcntl.LOCK_EX if path in roots else fcntl.LOCK_SH
                held.enter_context(_awaited(self.state / "locks" / name, mode, check))
            yield


def _parents(path: bytes) -> Iterator[bytes]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


@contextmanager
def _awaited(path: Path, mode: int, check: Callable[[], None]) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                check()
                sleep(0.02)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def flocked(path: Path, name: str, *, wait: bool) -> Iterator[int]:
    """Hold an exclusive lock on a file, which the kernel gives back when the process dies.

    The descriptor is close-on-exec, so no child keeps the lock. Raises Locked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Locked(name) from None
        yield descriptor
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes) -> None:
    """Write a small file so that after a crash it is the old one or the new one, whole."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(temporary, path)
    sync_directory(path.parent)


def sync_directory(path: Path | bytes) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
