"""Makes the keys of whole parts of directories."""

from __future__ import annotations

import sqlite3

import numpy as np

from core.duplicates.files import SIZE, Numbers, are_there, digests
from core.duplicates.reader import COLUMNS

_WORN = 4
"""With so many times more parts gone since the keys were made than there are, they are made anew."""


def of_files(rows: bytes, heads: bytes) -> Numbers:
    """Return the keys of all files of a part."""
    by_size: Numbers = -1 - np.frombuffer(rows, np.int64).reshape(-1, COLUMNS)[:, SIZE]
    if not heads:
        return by_size
    found = digests(heads)
    return np.where(are_there(found), (found[:, 0] >> np.uint64(1)).astype(np.int64), by_size)


def take_in_parts(connection: sqlite3.Connection) -> None:
    """Make keys for the parts that are new, in a transaction."""
    first, last = connection.execute("SELECT first, last FROM keyed").fetchone() or (0, 0)
    new, newest = connection.execute("SELECT count(*), max(id) FROM parts WHERE id > ?", (last,)).fetchone()
    if not new:
        return
    (there,) = connection.execute("SELECT count(*) FROM parts").fetchone()
    if 2 * new > there or newest - first > _WORN * there:
        connection.execute("DELETE FROM keys")
        first, last = newest, 0
    _make(connection, last)
    connection.execute("DELETE FROM keyed")
    connection.execute("INSERT INTO keyed VALUES (?, ?)", (first, newest))


def _make(connection: sqlite3.Connection, after: int) -> None:
    keys, parts = [], []
    for id, rows, heads in connection.execute("SELECT id, rows, heads FROM parts WHERE id > ?", (after,)):
        keys.append(of_files(rows, heads))
        parts.append(np.full(len(keys[-1]), id, np.int64))
    every_key, every_part = np.concatenate(keys), np.concatenate(parts)
    order = np.argsort(every_key)  # so that the tree grows at its end only
    connection.executemany(
        "INSERT OR IGNORE INTO keys VALUES (?, ?)",
        zip(every_key[order].tolist(), every_part[order].tolist(), strict=True),
    )
