"""Durations, sizes and comparisons as people write them: `"30d"`, `"10MB"`, `">=10MiB, <1GB"`.

A parser raises ValueError with a message that says what would be right.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_BYTES: dict[str, int] = {"": 1, "b": 1} | {
    f"{letter}{middle}b": factor**power
    for power, letter in enumerate("kmgtp", start=1)
    for middle, factor in (("", 1000), ("i", 1024))
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdwy])\s*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_COMPARISON = re.compile(r"\s*(>=|<=|==|=|>|<|)\s*(.*?)\s*", re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")

Check = Callable[[Any], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "": operator.eq,
}


def duration(text: str) -> float:
    """Return seconds: `"200ms"`, `"5s"`, `"10m"`, `"1h30m"`, `"30d"`, `"1y"` (365 days)."""
    position, seconds = 0, 0.0
    while part := _DURATION_PART.match(text, position):
        seconds += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    if not text or position < len(text):
        raise ValueError(f"{text!r} is no duration; write a number and ms, s, m, h, d, w or y, as in '10m'")
    return seconds


def size(text: str) -> int:
    """Return bytes: `"10MB"` is 10,000,000 and `"10MiB"` is 10,485,760, in any case."""
    whole = _SIZE.fullmatch(text.strip())
    if whole is None or whole[2].lower() not in _BYTES:
        raise ValueError(f"{text!r} is no size; write a number and B, kB, MB, GB, TB (or KiB, MiB, …), as in '10MB'")
    return round(float(whole[1]) * _BYTES[whole[2].lower()])


def size_check(text: str) -> Check:
    """Return the test of a size in bytes: `">10MB"`, or several that all hold: `">1kB, <=1MB"`."""
    return _comparisons(text, size)


def age_check(text: str) -> Check:
    """Return the test of an age in seconds: `">30d"`. An exact age makes no sense."""
    if any(_COMPARISON.fullmatch(part)[1] in {"", "=", "=="} for part in text.split(",")):  # type: ignore[index]
        raise ValueError(f"{text!r} is no age; write '>30d' (older) or '<1h' (younger)")
    return _comparisons(text, duration)


def date_check(text: str) -> Check:
    """Return the test of a date: `"2024"` or `"2024-05"` (within), `">=2024-05-01"`, `"<2020"` (before it began)."""
    checks = [_one_date_check(part, text) for part in text.split(",")]
    return lambda value: all(check(value) for check in checks)


def _comparisons(text: str, read: Callable[[str], float]) -> Check:
    checks: list[tuple[Callable[[Any, Any], bool], float]] = []
    for part in text.split(","):
        sign, number = _COMPARISON.fullmatch(part).groups()  # type: ignore[union-attr]
        checks.append((_OPERATORS[sign], read(number)))
    return lambda value: all(compare(value, bound) for compare, bound in checks)


def _one_date_check(part: str, text: str) -> Check:
    sign, number = _COMPARISON.fullmatch(part).groups()  # type: ignore[union-attr]
    try:
        first, next_one = _span(number)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write '2024', '2024-05', '2024-05-01', or '>=2024-05'") from None
    if sign in {">", "<="}:  # after the span is over; not after it is over
        return (lambda value: value >= next_one) if sign == ">" else (lambda value: value < next_one)
    if sign in {"<", ">="}:
        return (lambda value: value < first) if sign == "<" else (lambda value: value >= first)
    return lambda value: first <= value < next_one


def _span(text: str) -> tuple[date, date]:
    """Return the first day that a year, month or day covers, and the first after it."""
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise ValueError
    year, month, day = (int(part) if part else None for part in parts.groups())
    assert year is not None
    first = date(year, month or 1, day or 1)
    if day:
        return first, first + timedelta(days=1)
    if month:
        return first, date(year + month // 12, month % 12 + 1, 1)
    return first, date(year + 1, 1, 1)
