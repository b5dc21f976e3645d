"""Dates that files carry, and what they are worth.

`taken` is the wall time where the picture was taken, as the camera showed it, without a zone: by that people file
and remember. A zone that stands beside the time (OffsetTimeOriginal, QuickTime's creationdate) is therefore dropped,
not applied. What is UTC only (a film's mvhd) is turned into the machine's local time, unless the file's name tells
the moment as its device showed it. (Some cameras write wall time there as if it were UTC; nothing in the file tells.)

No date is ever made up: what is zero, an epoch, a camera's factory setting or in the future is no date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_EARLIEST = datetime(1826, 1, 1)  # the first photograph; scans are often dated by what they show
_AHEAD = timedelta(days=1)  # a clock may stand in another zone

_STARTS_OF_TIME = {
    datetime(1904, 1, 1),
    datetime(1970, 1, 1),
    datetime(1980, 1, 1),
    datetime(2000, 1, 1),
    datetime(2001, 1, 1),
}
_MIDNIGHT_SETTINGS = timedelta(minutes=1)

_LIKE_EXIF = re.compile(
    r"(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?)?\s*(Z|[+-]\d\d:?\d\d)?\s*\Z"
)


def plausible(date: datetime) -> datetime | None:
    """Return a date without its zone, or None if no camera took anything then."""
    date = date.replace(tzinfo=None)
    if not _EARLIEST <= date <= datetime.now() + _AHEAD:
        return None
    if any(start <= date < start + _MIDNIGHT_SETTINGS for start in _STARTS_OF_TIME):
        return None
    return date


def written(text: str, fraction: str = "") -> datetime | None:
    """Return the date of a text as EXIF and XMP write it (`2023:05:14 19:30:00`, ISO 8601), its wall time.

    `fraction`: digits of a second that stand elsewhere (SubSecTimeOriginal).
    """
    match = _LIKE_EXIF.match(text.strip(" \0\t\r\n"))
    if not match:
        return None
    year, month, day, hour, minute, second, digits, _ = match.groups()
    digits = digits or "".join(fraction.split())
    microsecond = int(digits[:6].ljust(6, "0")) if digits.isdecimal() and digits.isascii() else 0
    try:
        date = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond
        )
    except ValueError:
        return None
    return plausible(date)


def spoken(text: str) -> datetime | None:
    """Return the date of a text as mail (RFC 2822) and C's ctime write it, its wall time."""
    text = text.strip(" \0\t\r\n")
    try:
        return plausible(datetime.strptime(text, "%a %b %d %H:%M:%S %Y"))
    except ValueError:
        pass
    try:
        return plausible(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def from_utc(seconds: float, epoch: datetime) -> datetime | None:
    """Return local wall time of some seconds after an epoch in UTC; zero is no date."""
    if seconds <= 0:
        return None
    try:
        moment = epoch.replace(tzinfo=UTC) + timedelta(seconds=seconds)
        return plausible(moment.astimezone()) if plausible(moment) else None
    except (OverflowError, ValueError, OSError):
        return None
