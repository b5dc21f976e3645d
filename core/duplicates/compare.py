"""Whether files hold the same bytes: what decides before anything is done to one."""

from __future__ import annotations

from core.duplicates import reader
from core.storage import KeepGoing


def same_bytes(a: int, b: int, go_on: KeepGoing = lambda count: None) -> bool:
    """Tell whether two descriptors read the same from beginning to end, wherever they stand. Raises OSError.

    `go_on` hears how many bytes of each were compared since the last call, at least every 4 MiB. Whoever acts on the
    answer checks both files on the same descriptors before and after: this reads, and does not watch.
    """
    return reader.same_bytes(a, b, go_on)
