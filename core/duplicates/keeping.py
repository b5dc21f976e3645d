"""Puts what a walk found, and what was read since, into the contents."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from core.duplicates.contents import UNCERTAIN_NS, Change, Contents, Known, device_name
from core.duplicates.files import CTIME, Digests
from core.duplicates.walk import Walk
from core.errors import StateFull


def keep(walk: Walk, contents: Contents, was_read: Collection[int] = ()) -> None:
    """Take a walk into the contents; `was_read`: the parts of which files were read.

    Raises nothing: what cannot be kept, on a full disk or beside a long transaction, is read again some time.
    """
    for place, gone in enumerate(walk.gone):
        with suppress(StateFull, sqlite3.OperationalError):
            contents.update(walk.files.places[place].root, _changes(walk, place, was_read), gone, walk.began)


def _changes(walk: Walk, place: int, was_read: Collection[int]) -> Iterator[Change]:
    files = walk.files
    is_certain = files.rows[:, CTIME] < walk.began - UNCERTAIN_NS
    for number, part in enumerate(files.parts):
        if part.place == place and not (part.is_stored and number not in was_read):
            span = slice(part.start, part.start + part.length)
            heads, wholes = (_packed(digests[span], is_certain[span]) for digests in (files.heads, files.wholes))
            rows = files.rows[span].tobytes()
            yield Change(part.directory, part.number, Known(part.names, rows, device_name(part.device), heads, wholes))


def _packed(digests: Digests, is_certain: NDArray[np.bool_]) -> bytes:
    """Return the digests that may be kept; nothing where there are none."""
    kept = digests if is_certain.all() else digests * is_certain[:, None]
    return kept.tobytes() if kept.any() else b""
