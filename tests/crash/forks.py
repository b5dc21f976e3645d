"""Runs a piece of work in a forked child that may die, and tells how it ended."""

from __future__ import annotations

import ctypes
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple


class Ending(NamedTuple):
    """How a child ended: killed, or with what its work returned."""

    killed: bool
    result: Any = None


def in_child(work: Callable[[], Any]) -> Ending:
    """Fork, do the work in the child, wait. Raises AssertionError with the child's traceback where the work raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        report = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Ending(True)
    good, result = pickle.loads(report) if report else (False, f"exit status {status} and no report")
    assert good, f"in the child:\n{result}"
    return Ending(False, result)


def _work_and_exit(work: Callable[[], Any], pipe: int) -> None:
    code = 1
    try:
        report = pickle.dumps((True, work()))
        code = 0
    except BaseException:
        report = pickle.dumps((False, traceback.format_exc()))
    finally:
        sys.stdout.flush()
    os.write(pipe, report)
    ctypes.CDLL(None)._exit(code)  # by libc: who measures the parent must not hear of each of ten thousand children
