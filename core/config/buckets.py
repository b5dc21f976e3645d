"""What is wrong with the buckets of a config taken together: which remote they lie at, and what they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.names import is_beneath, shown

if TYPE_CHECKING:
    from core.config.models import Config, Folder
    from core.toml.sections import Mistakes


def check_buckets(config: Config, mistakes: Mistakes) -> None:
    """Note remotes that are no URLs or hold a secret, folders that do not say which, and prefixes that overlap."""
    for number, remote in enumerate(config.remotes):
        if why := _wrong_endpoint(remote.endpoint):
            mistakes.note(("remote", number, "endpoint"), f"remote {shown(remote.name)}", *why)
    for number, folder in enumerate(config.folders):
        for key, message, hint in _wrong(folder, config):
            mistakes.note(("folder", number, key), f"folder {shown(folder.name)}", message, hint)


def _wrong_endpoint(endpoint: str) -> tuple[str, str] | None:
    if not endpoint:
        return None
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"`endpoint` {shown(endpoint)!r} is no URL", 'write "https://host" or "http://host:port"'
    if parts.username or parts.password:
        return "`endpoint` holds a user or a password", "credentials come from the `profile` or the environment"
    return None


def _wrong(folder: Folder, config: Config) -> Iterator[tuple[str, str, str]]:
    if not bucket_of(folder):
        return
    key = "sync" if folder.is_local else "path"
    if not folder.is_local and folder.sync:
        yield "sync", "`sync` is for folders of this machine, and this one is a bucket", "leave one of the two out"
    if not folder.is_local and folder.duplicates in ("hardlink", "reflink"):
        yield (
            "duplicates",
            f"{folder.duplicates!r} is for folders of this machine: a bucket knows no links",
            "leave it out",
        )
    if len(config.remotes) > 1 and not folder.remote:
        names = ", ".join(shown(remote.name) for remote in config.remotes)
        yield key, "does not say at which remote its bucket lies", f"`remote` is one of {names}"
    for other in config.folders:
        if other is not folder and other.remote == folder.remote and _overlap(bucket_of(folder), bucket_of(other)):
            yield (
                key,
                f"{bucket_of(folder)} and folder {shown(other.name)}'s bucket overlap",
                "give each its own prefix",
            )
            return


def bucket_of(folder: Folder) -> str:
    """Return the prefix that a folder is, or is kept in step with; empty if there is none."""
    return folder.sync if folder.is_local else folder.path.decode()


def _overlap(one: str, other: str) -> bool:
    if not one or not other:
        return False
    left, right = one.encode(), other.encode()
    return is_beneath(left, right) or is_beneath(right, left)
