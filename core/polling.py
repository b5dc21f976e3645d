"""How often a bucket is looked through, and what that costs: no bucket says by itself what changed in it."""

from __future__ import annotations

from msgspec import Struct

from core.config.buckets import bucket_of
from core.config.models import Config, Folder
from core.storage.s3.capabilities import OLD_AFTER_DAYS

MONTH_DAYS = 30
MONTH_SECONDS = MONTH_DAYS * 86400.0
PAGE_KEYS = 1000
"""How many keys one answer of a listing holds."""

PAIR_REQUESTS, BUCKET_REQUESTS = 3, 1
"""What a round asks beside its listing: whether the bucket is there, and of a pair the mark, before and after."""
PROBE_REQUESTS = 90
"""What it takes to try out what an endpoint honours, once in OLD_AFTER_DAYS days."""
PROBES_A_MONTH = PROBE_REQUESTS * MONTH_DAYS // OLD_AFTER_DAYS


def requests_a_round(folder: Folder, keys: int) -> int:
    """Return how many requests a round makes that finds nothing to do beneath a prefix of so many keys."""
    listing = keys // PAGE_KEYS + 1
    if folder.sync:
        return listing + PAIR_REQUESTS
    return (listing + BUCKET_REQUESTS) * (2 if has_duplicates_removed(folder) else 1)


def has_duplicates_removed(folder: Folder) -> bool:
    """Tell whether a folder is a bucket that is looked through for duplicates, too, each time."""
    return not folder.is_local and folder.duplicates == "trash"


class Polling(Struct, frozen=True):
    """How often one folder's bucket is looked through.

    `pause`: seconds between two rounds; `requests`: about how many that makes a month while nothing changes, `allowed`:
    how many of its remote's budget are this folder's. `is_slowed`: the budget, not `rescan`, sets the pause.
    """

    pause: float
    requests: int
    allowed: int
    is_slowed: bool


def polling(config: Config, folder: Folder, keys: int) -> Polling:
    """Return how often the bucket of a folder is looked through that holds so many keys."""
    sharing = sum(1 for each in config.folders if bucket_of(each) and each.remote == folder.remote)
    allowed = config.requests_per_month(folder) // max(sharing, 1)
    a_round, rounds_allowed = requests_a_round(folder, keys), allowed - PROBES_A_MONTH
    longest = MONTH_SECONDS  # once a month it is looked through in any case
    pause = (
        min(max(folder.rescan, a_round * MONTH_SECONDS / rounds_allowed), longest) if rounds_allowed > 0 else longest
    )
    return Polling(pause, round(a_round * MONTH_SECONDS / pause) + PROBES_A_MONTH, allowed, pause > folder.rescan)
