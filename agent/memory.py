"""Memory that a large piece of work took and does not need any more, given back to the machine."""

from __future__ import annotations

import ctypes
import gc
import os

SWOLLEN_BYTES = 80 * 1024 * 1024
"""A process at rest that holds more than this has something to give back."""


def is_swollen(pid: int) -> bool:
    """Tell whether a process holds much more memory than it needs at rest."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return False
    return pages * os.sysconf("SC_PAGESIZE") > SWOLLEN_BYTES


def give_back() -> None:
    """Find what nobody needs, while everything else stands, and return it to the kernel."""
    gc.collect()
    give_back_free()


def give_back_free() -> None:
    """Return what is free to the kernel; libc keeps it otherwise, for hours of rest."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)
