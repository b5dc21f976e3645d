"""A moment as people type it: `14:30`, `yesterday`, `2h`, `2026-11-24 09:00`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from core.errors import UsageError
from core.names import shown

_AGO = re.compile(r"(\d{1,5})\s*(s|m|min|h|d|w)(?:\s+ago)?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def moment(text: str, now: datetime | None = None) -> datetime:
    """Return the moment that a text names, in local time unless it says otherwise. Raises UsageError."""
    now = now or datetime.now().astimezone()
    wanted = text.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if wanted == "now":
        return now
    if wanted in ("today", "yesterday"):
        return midnight - timedelta(days=wanted == "yesterday")
    if ago := _AGO.fullmatch(wanted):
        return now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", wanted):
        return _parsed(f"{midnight:%Y-%m-%d} {wanted.zfill(5)}", text)
    return _parsed(text.strip(), text)


def _parsed(iso: str, typed: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(iso)
    except ValueError:
        raise UsageError(
            f"{shown(typed)} is no time; try 14:30, yesterday, 2h, 3d, 2026-11-24 or 2026-11-24T09:00"
        ) from None
    return parsed.astimezone() if parsed.tzinfo is None else parsed
