"""What a decoder may not do, whatever it reads: write, delete, run, connect, outlive its parent, or take too much.

Limits hold in every kernel. Landlock (Linux 5.13) is added where there is one: without it a decoder that was taken
over could still delete what its user may delete.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from contextlib import suppress

_MEMORY = 288 * 1024 * 1024
"""Bytes that may be resident: what is when the limits begin, and all the address space that may be added."""

_SECONDS = 6  # of processor time for one file; the parent's clock is stricter
_DESCRIPTORS = 64

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_libc = ctypes.CDLL(None, use_errno=True)


def confine(parent: int) -> None:
    """Give up, for good, all that reading an open descriptor does not need. Ends if the parent is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before its death could be heard of
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
    resource.setrlimit(resource.RLIMIT_AS, (memory_used() - _resident() + _MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    with suppress(OSError):  # an older kernel
        _landlock()


def memory_used() -> int:
    """Return the bytes of address space that this process takes."""
    return _pages(0)


def _resident() -> int:
    return _pages(1)


def _pages(number: int) -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[number]) * resource.getpagesize()


def limit_time() -> None:
    """Let the next file have its processor time, and no more."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + _SECONDS, hard))


# -- Landlock: what is handled and allowed by no rule is forbidden. Reading stays: libraries load their parts late.

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_ASK_VERSION = 1

_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
_RENAME_ACROSS, _TRUNCATE, _DEVICES = 1 << 13, 1 << 14, 1 << 15  # since versions 2, 3 and 5
_TCP = 1 << 0 | 1 << 1  # bind, connect; since version 4
_SCOPES = 1 << 0 | 1 << 1  # abstract sockets and signals to others; since version 6


def landlock_version() -> int:
    """Return which Landlock the kernel offers; 0 for none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))))


def _landlock() -> None:
    version = landlock_version()
    files = _EXECUTE | _WRITE_FILE | _REMOVE_AND_MAKE
    for since, right in ((2, _RENAME_ACROSS), (3, _TRUNCATE), (5, _DEVICES)):
        files |= right if version >= since else 0
    fields = [files, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0]
    known = fields[: 1 + (version >= 4) + (version >= 6)]
    attributes = struct.pack(f"={len(known)}Q", *known)
    ruleset = _libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "no Landlock")
    try:
        if _libc.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "no Landlock")
    finally:
        os.close(ruleset)
