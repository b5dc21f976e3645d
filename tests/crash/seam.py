"""Stands between Shelver and the kernel: counts the calls that change the disk, and dies at one of them.

Every such call of Shelver goes through `os` or `core.storage.linux`, by attribute; both are wrapped here. Only ever
install a seam in a forked child, or uninstall it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

from core.storage import linux

_BY_OS = """open write pwrite fsync fdatasync rename replace mkdir rmdir unlink remove link symlink truncate ftruncate
    chmod fchmod chown fchown utime setxattr removexattr posix_fallocate copy_file_range sendfile"""
_BY_LINUX = "rename_noreplace rename_exchange clone_content share_content sync_file_system"

CHANGING: tuple[tuple[Any, str], ...] = (
    *((os, name) for name in _BY_OS.split()),
    *((linux, name) for name in _BY_LINUX.split()),
)
"""The calls that change the disk or make it durable. `open` counts only where it may make or cut a file."""

WRITES = ("write", "pwrite")
SYNCS = ("fsync", "fdatasync", "sync_file_system")

_MAKING = os.O_CREAT | os.O_TRUNC


class Call(NamedTuple):
    """One call that reached the seam."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


class Point(NamedTuple):
    """Where to die: before call number `call` (from 0), or in the middle of it, a write half done."""

    call: int
    torn: bool = False


Hook = Callable[[int, Call, Callable[..., Any]], Any]
"""Is given the number of a call, the call and the real function; what it returns, the caller gets."""


@contextmanager
def installed(hook: Hook) -> Iterator[None]:
    """Let every changing call go through a hook. What the hook does itself is not counted."""
    count = 0
    inside = False

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **keywords: Any) -> Any:
            nonlocal count, inside
            if inside or (name == "open" and not _opens_to_change(*arguments, **keywords)):
                return real(*arguments, **keywords)
            number, count, inside = count, count + 1, True
            try:
                return hook(number, Call(name, arguments, keywords), real)
            finally:
                inside = False

        return wrapped

    originals = [(module, name, getattr(module, name)) for module, name in CHANGING if hasattr(module, name)]
    for module, name, real in originals:
        setattr(module, name, wrap(name, real))
    try:
        yield
    finally:
        for module, name, real in originals:
            setattr(module, name, real)


def _opens_to_change(path: Any, flags: int, *_: Any, **__: Any) -> bool:
    return bool(flags & _MAKING)


def carry_out(number: int, call: Call, real: Callable[..., Any]) -> Any:
    """Do what was asked: the hook that changes nothing."""
    return real(*call.arguments, **call.keywords)


def without_syncs(hook: Hook) -> Hook:
    """Leave syncing out, for a killed process loses nothing that the kernel has: ten times faster, same outcome."""

    def quick(number: int, call: Call, real: Callable[..., Any]) -> Any:
        return hook(number, call, _nothing if call.name in SYNCS else real)

    return quick


def _nothing(*_: Any, **__: Any) -> None:
    return None


def dying_at(point: Point, last_act: Callable[[], None] = lambda: None) -> Hook:
    """Return a hook that kills this process at a point, as SIGKILL does; `last_act` comes before (a power cut)."""

    def hook(number: int, call: Call, real: Callable[..., Any]) -> Any:
        if number != point.call:
            return real(*call.arguments, **call.keywords)
        if point.torn and call.name in WRITES:
            descriptor, data, *rest = call.arguments
            real(descriptor, memoryview(data)[: len(data) // 2], *rest)
        elif point.torn:
            real(*call.arguments, **call.keywords)
        last_act()
        die()

    return hook


def die() -> NoReturn:
    """End this process at once: no handler, no `finally`, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("survived SIGKILL")
