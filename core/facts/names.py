"""Facts that a name alone tells, and the date that cameras and phones write into names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from core.facts.dates import plausible
from core.facts.extensions import extension_of
from core.names import normalized, split_extension


def name_fact(name: bytes) -> str:
    """Return the name in NFC; bytes that are not UTF-8 as surrogates (`os.fsencode` gives them back)."""
    return normalized(name)


def stem_fact(name: bytes) -> str:
    """Return the name without its extension, in NFC."""
    return normalized(split_extension(name)[0])


def extension_fact(name: bytes) -> str | None:
    """Return the extension in lower case without its dot, or None if there is none."""
    return extension_of(name) or None


_YEAR, _MONTH, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
_HOUR, _MINUTE, _SECOND = r"(?P<hour>[01]\d|2[0-3])", r"(?P<minute>[0-5]\d)", r"(?P<second>[0-5]\d)"

# As a device writes it: IMG_20230514_193000, PXL_20230514_193000123, 2023-05-14 19.30.00,
# Screenshot 2023-05-14 at 19.30.00. A date without a time counts only after a device's word (VID-20230514-WA0001),
# or where a person began the name with it: 2023-05-14 Picnic.
_PATTERNS = (
    re.compile(rf"(?<!\d){_YEAR}{_MONTH}{_DAY}[_\-T ]?{_HOUR}{_MINUTE}{_SECOND}(?:\d{{3}})?(?!\d)"),
    re.compile(
        rf"(?<!\d){_YEAR}-{_MONTH}-{_DAY}(?:[_\-T ]| at ){_HOUR}[.\-:_]{_MINUTE}[.\-:_]{_SECOND}(?!\d)", re.IGNORECASE
    ),
    re.compile(
        r"(?<![a-z])(?:img|vid|pxl|mvimg|pano|photo|video|screenshot|signal|ptt|aud|wp|dsc)[_\- ]+"
        rf"{_YEAR}[-_]?{_MONTH}[-_]?{_DAY}(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}(?=[ _.])"),
)


def date_in_name(name: bytes) -> datetime | None:
    """Return the date that a camera, phone or messenger wrote into a name: as the device showed it."""
    text = normalized(name)
    match = next(filter(None, (pattern.search(text) for pattern in _PATTERNS[:-1])), _PATTERNS[-1].match(text))
    if match is None:
        return None
    found = {part: int(value) for part, value in match.groupdict().items()}
    try:
        date = plausible(datetime(**found))  # type: ignore[arg-type]
    except ValueError:  # the 31st of February
        return None
    if date and text.startswith("PXL_"):  # the one maker that writes UTC
        return date.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
    return date
