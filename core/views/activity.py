"""How much was done on each day, from the catalog alone: cheap with thousands of operations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from msgspec import Struct

from core.model import Operation


class Day(Struct, kw_only=True):
    """What was done on one day. `files`: organized, cleared or synced; `restored`: taken back; `bytes` of both."""

    day: date
    operations: int = 0
    files: int = 0
    restored: int = 0
    failed: int = 0
    bytes: int = 0


def activity(operations: Iterable[Operation], now: datetime, days: int) -> list[Day]:
    """Return the last `days` days, the oldest first and today last, in the time zone of `now`.

    An operation counts on the day it ended, if it did anything or failed at it.
    """
    today = now.date()
    by_day = {day: Day(day=day) for day in (today - timedelta(days=back) for back in reversed(range(days)))}
    since = now - timedelta(days=days + 1)
    for operation in operations:
        counts = operation.counts
        if operation.finished is None or operation.finished < since or not (counts.done or counts.failed):
            continue
        day = by_day.get(operation.finished.astimezone(now.tzinfo).date())
        if day is None:
            continue
        day.operations += 1
        day.failed += counts.failed
        day.bytes += counts.bytes
        if operation.kind == "rollback":
            day.restored += counts.done
        else:
            day.files += counts.done
    return list(by_day.values())
