"""Keys of a bucket and the paths they stand for.

A key is any text up to 1,024 bytes; only some keys are paths that a folder could hold. Others are never touched,
never written anywhere, and listed with the reason.
"""

from __future__ import annotations

from core.errors import EscapesRoot, UsageError
from core.names import NAME_MAX, shown

KEY_MAX = 1024
"""Bytes in a key, the limit of S3."""

SCHEME = b"s3://"


def split_uri(uri: bytes) -> tuple[str, str]:
    """Return the bucket and the prefix (empty, or ending in `/`) of `s3://bucket/prefix`. Raises UsageError."""
    bucket, _, prefix = uri.removeprefix(SCHEME).partition(b"/")
    if not uri.startswith(SCHEME) or not bucket:
        raise UsageError(f"{shown(uri)} names no bucket")
    prefix = prefix.strip(b"/")
    return bucket.decode(), prefix.decode() + "/" if prefix else ""


def key_of(prefix: str, path: bytes) -> str:
    """Return the key of a path beneath a prefix. Raises EscapesRoot for what no key may be made of."""
    if why_no_path(path):
        raise EscapesRoot
    key = prefix + path.decode("utf-8")
    if len(key.encode()) > KEY_MAX:
        raise EscapesRoot
    return key


def why_no_path(path: bytes) -> str:
    """Tell why a key (without its prefix) is no path that a folder could hold; empty if it is one."""
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return "its key is not UTF-8"
    if path.startswith(b"/"):
        return "its key begins with a slash"
    parts = path.split(b"/")
    if b"" in parts:
        return "its key ends in a slash" if path.endswith(b"/") and b"" not in parts[:-1] else "its key has two slashes"
    if b"." in parts or b".." in parts:
        return "its key leads elsewhere"
    if b"\0" in path:
        return "its key holds a zero byte"
    if any(len(part) > NAME_MAX for part in parts):
        return "a part of its key is too long for a file name"
    return ""
