"""Marks that tell a pair's two sides: an id at the top of the folder and beneath the bucket's prefix.

An unmounted disk, another disk in its place, an emptied or exchanged bucket: each lacks the mark, and then nothing is
taken as deleted. A mark that is gone is never made again by itself.
"""

from __future__ import annotations

import os

import msgspec
from msgspec import Struct

from core.errors import BrakeEngaged, SourceMissing
from core.model import new_id
from core.names import shown
from core.storage.directories import opened, told
from core.storage.local import LocalStorage
from core.storage.s3.objects import Objects
from core.sync.state import SyncState

LOCAL_MARK = b".shelver-pair"
REMOTE_MARK = ".shelver/pair.json"
_MARK_BYTES = 4096


class Mark(Struct, frozen=True):
    """What a mark says."""

    pair: str


def check(local: LocalStorage, bucket: Objects, state: SyncState) -> str:
    """Return the pair's id; empty where there is none yet, so that the sync may only merge.

    Raises BrakeEngaged where a side is not the one that was in step, StorageError where it cannot be asked.
    """
    here, there = local_mark(local), remote_mark(bucket)
    known = state.pair_id
    if not known:
        return ""
    if here != known:
        raise BrakeEngaged(f"{shown(local.root)} {_differs(here)}: is the right disk mounted?")
    if there != known:
        raise BrakeEngaged(f"{shown(bucket.root)} {_differs(there)}: is it the right bucket?")
    return known


def _differs(mark: str) -> str:
    return "has the mark of another pair" if mark else "has lost its mark"


def local_mark(local: LocalStorage) -> str:
    """Return what the folder's mark says; empty if it has none."""
    try:
        with told(), opened(local.open_file(LOCAL_MARK, os.O_RDONLY)) as descriptor:
            return _pair(os.read(descriptor, _MARK_BYTES))
    except SourceMissing:
        return ""


def remote_mark(bucket: Objects) -> str:
    """Return what the bucket's mark says; empty if it has none. Raises StorageError."""
    content = bucket.read_own(REMOTE_MARK)
    return "" if content is None else _pair(content)


def _pair(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=Mark).pair
    except msgspec.MsgspecError:
        return "unreadable"


def set_marks(local: LocalStorage, bucket: Objects, known: str) -> str:
    """Mark both sides as one pair's where they have no mark, durably, before anything is carried over; return its id.

    `known`: the pair's id, or empty where there is none yet, or it was forgotten. Raises BrakeEngaged where a side has
    the mark of another pair, StorageError.
    """
    here, there = local_mark(local), remote_mark(bucket)
    marks = {known, here, there} - {""}
    if len(marks) > 1:
        raise BrakeEngaged(f"{shown(local.root)} or {shown(bucket.root)} is another pair's")
    pair = marks.pop() if marks else new_id()
    content = msgspec.json.encode(Mark(pair))
    if not there:
        bucket.put_own(REMOTE_MARK, content)
    if not here:
        local.put_own(LOCAL_MARK, content)
    return pair
