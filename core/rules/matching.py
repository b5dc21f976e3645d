"""The match language: what a rule's `match = {…}` says, compiled into tests of one file."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from core import quantities
from core.rules.conditions import (
    KINDS,
    AllOf,
    AnyOf,
    Extension,
    Globs,
    Measure,
    Not,
    OneOf,
    PathGlobs,
    Regexes,
    Subject,
    Test,
)
from core.toml.sections import Section, meant


def compile_match(section: Section) -> AllOf:
    """Compile the table of a `match`; mistakes are noted in the section's list."""
    tests: list[Test] = []
    for key, value in section.items():
        if key in {"any", "all"}:
            inner = [compile_match(each) for each in section.sections(key, f"{section.where} {key}")]
            if not inner and isinstance(value, list):
                section.wrong(key, "must not be empty")
            tests.append(AnyOf(inner) if key == "any" else AllOf(inner))
        elif key == "not":
            tests.append(Not(compile_match(section.section(key, f"{section.where} not"))))
        elif key in _MAKERS:
            tests += _leaf(section, key, value)
        else:
            section.wrong(key, "is no key of a match", meant(key, {*_MAKERS, "any", "all", "not"}))
    return AllOf(tests)


def _leaf(section: Section, key: str, value: Any) -> list[Test]:
    values = value if isinstance(value, list) else [value]
    texts = [unicodedata.normalize("NFC", _as_text(each)) for each in values if _as_text(each)]
    if len(texts) < len(values) or not values:
        wanted = "a text or a list of texts" if values else "at least one text"
        section.wrong(key, f"must be {wanted}", _HINTS.get(key, ""))
        return []
    try:
        return [_MAKERS[key](texts)]
    except _Hinted as error:
        section.wrong(key, str(error), error.hint)
    except ValueError as error:
        section.wrong(key, str(error))
    return []


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    # TOML has dates of its own: `taken = 2024-05-01`.
    return value.isoformat()[:10] if hasattr(value, "isoformat") and hasattr(value, "year") else ""


class _Hinted(ValueError):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _kind(texts: Sequence[str]) -> Test:
    for text in texts:
        if text not in KINDS:
            raise _Hinted(f"{text!r} is no kind", meant(text, KINDS))
    return OneOf("kind", texts)


def _extension(texts: Sequence[str]) -> Test:
    for text in texts:
        if text.startswith((".", "*.")):
            raise _Hinted(f"{text!r} is written without the dot", f"did you mean `{text.lstrip('*.')}`?")
    return Extension(texts)


def _regex(label: str, fact: str, read: Callable[[Subject], str | None]) -> Callable[[Sequence[str]], Test]:
    def make(texts: Sequence[str]) -> Test:
        import regex  # noqa: PLC0415  # costs 20 ms, and not every config has one

        try:
            patterns = [regex.compile(text) for text in texts]
        except regex.error as error:
            raise ValueError(f"is no regex: {error}") from None
        return Regexes(label, patterns, read, fact)

    return make


def _of_fact(fact: str) -> Callable[[Subject], str | None]:
    def read(subject: Subject) -> str | None:
        value = subject.facts.get(fact)
        return None if value is None else unicodedata.normalize("NFC", str(value))

    return read


def _glob(fact: str) -> Callable[[Sequence[str]], Test]:
    return lambda texts: Globs(fact, texts, _of_fact(fact), fact)


def _day_taken(subject: Subject) -> Any:
    taken = subject.facts.get("taken")
    return taken.date() if isinstance(taken, datetime) else None


def _taken(texts: Sequence[str]) -> Test:
    if any("*" in text or "?" in text for text in texts):
        return Globs("taken", texts, lambda subject: (day := _day_taken(subject)) and day.isoformat(), "taken")
    return Measure("taken", texts, [quantities.date_check(text) for text in texts], _day_taken, {"taken"})


def _size(texts: Sequence[str]) -> Test:
    return Measure("size", texts, [quantities.size_check(t) for t in texts], lambda s: s.facts.entry.size, ())


def _age(texts: Sequence[str]) -> Test:
    checks = [quantities.age_check(text) for text in texts]
    return Measure("age", texts, checks, Subject.age, {"modified", "first_seen"})


_MAKERS: dict[str, Callable[[Sequence[str]], Test]] = {
    "kind": _kind,
    "ext": _extension,
    "name": lambda texts: Globs("name", texts, lambda subject: subject.name, ""),
    "regex": _regex("name", "", lambda subject: subject.name),
    "path": PathGlobs,
    "size": _size,
    "age": _age,
    "taken": _taken,
    "camera": _glob("camera"),
    "artist": _glob("artist"),
    "album": _glob("album"),
    "title": _glob("title"),
    "text": _regex("text", "text", _of_fact("text")),
}
_HINTS = {"size": 'as in ">10MB"', "age": 'as in ">30d"', "taken": 'as in "2024" or ">=2024-05"'}
