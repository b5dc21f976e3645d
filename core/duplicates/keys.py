"""Keys: what leads from the size or the digest of a file to the parts of directories in which others have the same.

A key only leads to a part, where what is there now tells; those of parts that are gone lead nowhere.
"""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (key INTEGER NOT NULL, part INTEGER NOT NULL, PRIMARY KEY (key, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keyed (first INTEGER NOT NULL, last INTEGER NOT NULL);
"""
"""`keyed`: the ids between which parts were taken into the keys; ids only grow."""


def of_size(size: int) -> int:
    """Return what a file is looked up by whose content was never read."""
    return -1 - size


def of_head(head: bytes) -> int:
    """Return what a file is looked up by whose content was read."""
    return int.from_bytes(head[:8], "little") >> 1
