"""What is short goes on soon, though other threads of its process walk folders and plan for a hundred thousand files.

A thread that is busy in Python lets another one go on after so long only (five milliseconds, by default), and whoever
answers, or moves three files, gives way at each system call: with fifty listeners a single event waits fifty times.
And whoever makes many objects has all there are looked through, while everything else stands.
"""

from __future__ import annotations

import gc
import sys

SWITCH_SECONDS = 0.0005
"""After so long a busy thread lets another go on."""
YOUNG_OBJECTS = 20_000
"""So many new objects are looked through for what nobody needs."""


def take_turns() -> None:
    """Let no thread of this process keep another from going on for long."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(YOUNG_OBJECTS)


def keep_what_is_loaded() -> None:
    """Take what there is now for what stays: it is not looked through any more."""
    gc.collect()
    gc.freeze()
