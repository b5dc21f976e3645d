"""The three-way table: what each side did since both were in step, and what follows.

    local \\ remote   same           modified            deleted         new
    same             nothing        download            trash local     -
    modified         upload         same? else both     upload as new   -
    deleted          trash remote   download back       forget          -
    new              -              -                   upload          same? else both

Changed beats deleted; both changed keeps both. A folder that only pushes or pulls carries no deletes (what is gone from
the side that it fills is put there again), and changes nothing on the side that it reads.
"""

from __future__ import annotations

from collections.abc import Callable

from core.config.models import Direction
from core.storage import Entry
from core.sync import BOTH_CHANGED, Action, Change, Decided, Pair, Synced

IsSame = Callable[[Pair], bool]
"""Tells whether the local and the remote file of a path have the same content; may read both."""

IsTouchedOnly = Callable[[Pair], bool]
"""Tells whether a local file that looks changed still has the content it had; may read it."""

_BOTH: dict[tuple[Change, Change], Action] = {
    ("same", "same"): "nothing",
    ("same", "modified"): "download",
    ("same", "deleted"): "trash_local",
    ("modified", "same"): "upload",
    ("modified", "modified"): "keep_both",
    ("modified", "deleted"): "upload",
    ("deleted", "same"): "trash_remote",
    ("deleted", "modified"): "download",
    ("deleted", "deleted"): "forget",
    ("new", "absent"): "upload",
    ("absent", "new"): "download",
    ("new", "new"): "keep_both",
}

_PUSH: dict[Action, Action] = {"download": "nothing", "trash_local": "upload", "trash_remote": "nothing"}
_PULL: dict[Action, Action] = {"upload": "nothing", "trash_remote": "download", "trash_local": "nothing"}
_ONE_WAY: dict[Direction, dict[Action, Action]] = {"both": {}, "push": _PUSH, "pull": _PULL}

_WHY: dict[Action, str] = {
    "nothing": "",
    "record": "both sides have it already",
    "forget": "gone from both sides",
    "upload": "new or changed here",
    "download": "new or changed in the bucket",
    "trash_local": "deleted in the bucket",
    "trash_remote": "deleted here",
    "keep_both": BOTH_CHANGED,
}


def decide(pair: Pair, direction: Direction, is_same: IsSame, is_touched_only: IsTouchedOnly) -> Decided:
    """Return what is to be done about one path.

    `is_same` and `is_touched_only` are asked only where the answer makes a difference.
    """
    here, there = local_change(pair, is_touched_only), remote_change(pair)
    action = _BOTH[here, there]
    if action == "keep_both" and is_same(pair):
        action = "record"
    if action == "nothing" and (_is_only_noted(pair, here, there)):
        action = "record"
    action = _ONE_WAY[direction].get(action, action)
    return Decided(pair, action, _why(action, here, there))


def local_change(pair: Pair, is_touched_only: IsTouchedOnly) -> Change:
    """Return what became of the local file."""
    base, local = pair.base, pair.local
    if base is None:
        return "absent" if local is None else "new"
    if local is None:
        return "deleted"
    if base.is_as(local) or is_touched_only(pair):
        return "same"
    return "modified"


def remote_change(pair: Pair) -> Change:
    """Return what became of the object. Its ETag is all that tells."""
    base, remote = pair.base, pair.remote
    if base is None:
        return "absent" if remote is None else "new"
    if remote is None:
        return "deleted"
    return "same" if (base.etag, base.size) == (remote.version, remote.size) else "modified"


def recorded(pair: Pair, sha256: bytes = b"") -> Synced:
    """Return what to remember of a path that both sides have the same content of."""
    assert pair.local is not None
    assert pair.remote is not None
    return synced(pair.local, pair.remote.version, sha256 or (pair.base.sha256 if pair.base else b""))


def synced(local: Entry, etag: str, sha256: bytes) -> Synced:
    """Return what to remember of a file that is in step."""
    return Synced(local.path, local.size, local.inode, local.mtime_ns, local.ctime_ns, etag, sha256)


def _is_only_noted(pair: Pair, here: Change, there: Change) -> bool:
    """Whether a file was touched or came from elsewhere, and has the content that it had: the state is to know."""
    return (here, there) == ("same", "same") and pair.base is not None and not pair.base.is_as(pair.local)  # type: ignore[arg-type]


def _why(action: Action, here: Change, there: Change) -> str:
    if action == "upload" and there == "deleted":
        return "changed here, deleted in the bucket: changed wins"
    if action == "download" and here == "deleted":
        return "changed in the bucket, deleted here: changed wins"
    return _WHY[action]
