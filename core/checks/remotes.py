"""What doctor says of buckets: where they lie, what their endpoints protect, how often they are looked through."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.checks import Finding, Site
from core.config.buckets import bucket_of
from core.errors import ConfigError, ShelverError
from core.names import shown
from core.polling import Polling, polling
from core.storage.remotes import Remotes

if TYPE_CHECKING:
    from core.config.models import Config, Folder

DOLLARS_A_THOUSAND_LISTINGS = 0.005
"""What AWS asks in us-east-1; others ask less, most self-hosted ones nothing."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def remotes(site: Site) -> Iterator[Finding]:
    """Whether the buckets' remotes were tried out, and what they cannot protect."""
    try:
        config = site.load_config()
    except ConfigError:
        return  # told by `config`
    known = Remotes(config, site.places.remotes)
    for folder in config.folders:
        if bucket_of(folder):
            yield from _bucket(folder, site, config, known)


def _bucket(folder: Folder, site: Site, config: Config, known: Remotes) -> Iterator[Finding]:
    where, uri = f"bucket of {shown(folder.name)}", bucket_of(folder)
    try:
        remote = known.remote(uri.encode())
    except ShelverError as error:
        yield Finding(where, "problem", str(error), "say which with `remote`")
        return
    endpoint = remote.endpoint or "Amazon S3"
    if remote.endpoint.startswith("http://") and urlsplit(remote.endpoint).hostname not in _LOOPBACK:
        yield Finding(where, "note", f"{shown(endpoint)}: what goes there can be read on the way", "use https")
    can = known.known_capabilities(uri.encode())
    if can is None:
        yield Finding(where, "note", f"{shown(uri)} at {shown(endpoint)} was not tried out yet: its first sync does so")
        return
    weak = can.weaknesses()
    level, told = ("note", "not protected") if weak else ("ok", "everything is protected")
    yield Finding(where, level, f"{shown(uri)} at {shown(endpoint)}, tried {can.probed:%Y-%m-%d}: {told}")  # type: ignore[arg-type]
    for each in weak:
        yield Finding(where, "note", f"not protected: {each}", "a window of some milliseconds")
    yield cost(where, polling(config, folder, _keys(site, folder)))


def cost(where: str, polled: Polling) -> Finding:
    """Return what looking a bucket through costs a month, in requests and in money, and whether its budget slows it."""
    dollars = polled.requests / 1000 * DOLLARS_A_THOUSAND_LISTINGS
    told = (
        f"looked through every {_span(polled.pause)}: about {polled.requests:,} requests a month"
        f" of the {polled.allowed:,} allowed (about ${dollars:.2f} at AWS's price of a listing)"
    )
    if polled.is_slowed:
        return Finding(where, "note", told, "a larger requests_per_month, or a longer rescan")
    return Finding(where, "ok", told)


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _keys(site: Site, folder: Folder) -> int:
    """Return how many files are known of a folder or bucket: about as many keys has a listing."""
    index = site.places.index
    if not index.exists():
        return 0
    with closing(sqlite3.connect(f"{index.as_uri()}?mode=ro", uri=True)) as known, suppress(sqlite3.Error):
        return int(known.execute("SELECT count(*) FROM files WHERE root = ?", (folder.path,)).fetchone()[0])
    return 0
