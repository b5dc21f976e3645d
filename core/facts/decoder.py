"""The child that reads hostile bytes: `python -P -m core.facts.decoder DESCRIPTOR PARENT [LIBRARY…]`.

It gets open descriptors and gives answers; it opens no path of a user's. Limits hold for whatever happens inside:
memory, time, open files, no file written, no core dump, and it dies with its parent.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable

from core.facts.confinement import confine, limit_time, memory_used
from core.facts.families import FAMILIES
from core.facts.wire import Answer, Job, Value, receive_jobs, send_answer

_WORN = 160 * 1024 * 1024
"""Bytes that libraries and what files left behind may add up to, before another child takes over."""

Reader = Callable[..., dict[str, Value]]


def main(descriptor: int, parent: int, libraries: list[str]) -> None:
    """Answer until the other side is gone. `libraries` are loaded before the limits begin, which leaves files more."""
    for library in libraries:
        importlib.import_module(library)
    confine(parent)
    _be_quiet()
    enough = memory_used() + _WORN
    with socket.socket(fileno=descriptor) as connection:
        while True:
            jobs, descriptors = receive_jobs(connection)
            if not jobs or memory_used() > enough:  # what was not begun goes to the next child
                return
            readers = [importlib.import_module(FAMILIES[job.family].readers[job.format]).read for job in jobs]
            send_answer(connection, Answer({}))
            for job, file, read in zip(jobs, descriptors, readers, strict=True):
                send_answer(connection, _answer(job, file, read))


def _answer(job: Job, descriptor: int, read: Reader) -> Answer:
    with os.fdopen(descriptor, "rb") as file:
        limit_time()
        try:
            return Answer(read(file, job.format, job.extension, *job.room))
        except MemoryError:
            raise  # what is left of this process is not worth trusting
        except Exception:
            return Answer({}, failed=True)


def _be_quiet() -> None:
    """Libraries warn about every odd file; nobody would read it."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
