"""The child that reads hostile bytes: `python -P -m core.facts.decoder DESCRIPTOR PARENT`.

It gets open descriptors and gives answers; it opens no path of a user's. Limits hold for whatever happens inside:
memory, time, open files, no file written, no core dump, and it dies with its parent.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import BinaryIO

from core.facts.families import FAMILIES
from core.facts.wire import Answer, Job, Value, receive_jobs, send_answer

HEADROOM = 200 * 1024 * 1024
"""Bytes of address space for one file, over what the libraries themselves take."""

_SECONDS = 6
_DESCRIPTORS = 64
Reader = Callable[[BinaryIO, str, str], dict[str, Value]]

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


def main(descriptor: int, parent: int) -> None:
    """Answer until the other side is gone."""
    _confine(parent)
    _be_quiet()
    with socket.socket(fileno=descriptor) as connection:
        while True:
            jobs, descriptors = receive_jobs(connection)
            if not jobs:
                return
            readers = [importlib.import_module(FAMILIES[job.family].readers[job.format]).read for job in jobs]
            _limit_memory()
            send_answer(connection, Answer({}))
            for job, file, read in zip(jobs, descriptors, readers, strict=True):
                send_answer(connection, _answer(job, file, read))


def _answer(job: Job, descriptor: int, read: Reader) -> Answer:
    with os.fdopen(descriptor, "rb") as file:
        _limit_time()
        try:
            return Answer(read(file, job.format, job.extension))
        except MemoryError:
            raise  # what is left of this process is not worth trusting
        except Exception:
            return Answer({}, failed=True)


def _confine(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before its death could be heard of
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))


def _limit_memory() -> None:
    """Set the limit over what is taken now: libraries, and what earlier files left in the allocator."""
    with open("/proc/self/statm", "rb") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (used + HEADROOM, hard))


def _limit_time() -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + _SECONDS, hard))


def _be_quiet() -> None:
    """Libraries warn about every odd file; nobody would read it."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
