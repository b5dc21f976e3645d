"""Asking the agent in the background, where only the newest question matters."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode


def ask_anew(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Do some work in place of what is still under way in its group.

    The coroutine is made when its turn comes: one that another replaces before would never be awaited, and be told of.
    """
    node.run_worker(cast(Any, work), group=group, exclusive=True, exit_on_error=False)
