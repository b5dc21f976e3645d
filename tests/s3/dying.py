"""Work in a process of its own that may die in its middle. Each is forked from one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerContext
from signal import SIGKILL
from typing import TypeVar

Errand = TypeVar("Errand")


@cache
def _loaded() -> ForkServerContext:
    """Return what forks: a process without threads, as the one that tests has many."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["botocore.session", "tests.s3.stage", "tests.s3.sync_victim"])
    return context


def _do(environment: dict[str, str], work: Callable[[Errand], object], errand: Errand) -> None:
    os.environ.clear()
    os.environ.update(environment)  # what forks has that of its own beginning
    work(errand)


def dies(work: Callable[[Errand], object], errand: Errand) -> bool:
    """Do some work elsewhere; tell whether it was killed. Raises AssertionError where it ended otherwise than well."""
    process = _loaded().Process(target=_do, args=(dict(os.environ), work, errand))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    assert code in (0, -SIGKILL), f"it ended with {code}; its traceback is on the standard error"
    return code == -SIGKILL
