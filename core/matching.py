"""The match language: what a rule's `match = {…}` says, compiled into tests of one file.

Each test knows which facts it asks, so that nothing is read that no rule needs, and can say in words why it holds or
not. Tests of the extension alone are answered once for each extension (`by_extension`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from core import quantities
from core.config_reader import Section, meant
from core.globs import PathGlob, name_glob
from core.names import normalized, shown, split_extension

if TYPE_CHECKING:
    from core.storage import Entry

KINDS = (
    "image", "video", "audio", "document", "sheet", "slides", "ebook", "mail", "archive", "code", "font", "data",
    "program", "other",
)  # fmt: skip
"""What `kind` may be."""

PATIENCE_SECONDS = 0.25
"""How long one regex may think about one file."""


class Facts(Protocol):
    """What rules ask of a file: `core.facts.FileFacts`, or a probe's."""

    @property
    def root(self) -> bytes: ...  # noqa: D102
    @property
    def entry(self) -> Entry: ...  # noqa: D102
    def get(self, name: str) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class Renamed:
    """A file as it would be under another name: what it is stays."""

    facts: Facts
    entry: Entry

    @property
    def root(self) -> bytes:
        """The folder it lies in."""
        return self.facts.root

    def get(self, name: str) -> Any:
        """Return a fact."""
        return self.facts.get(name)


class RegexTimedOut(Exception):
    """A regex thought for too long about one file."""


def extension_of(name: bytes) -> str:
    """Return the extension of a name as rules see it: in NFC, lower case, without dot; `""` for none."""
    return normalized(split_extension(name)[1][1:]).lower()


class Subject:
    """One file, looked at by rules: its facts, its names in NFC, and what regexes found in it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.groups: dict[str, str] = {}

    @cached_property
    def path(self) -> str:
        """The path beneath the folder, in NFC."""
        return normalized(self.facts.entry.path)

    @cached_property
    def name(self) -> str:
        """The name, in NFC."""
        return self.path.rpartition("/")[2]

    @cached_property
    def ext(self) -> str:
        """The extension."""
        return extension_of(self.facts.entry.path.rpartition(b"/")[2])

    def age(self) -> float:
        """Seconds since the file was modified or first seen here, whichever was later."""
        times = [_moment(self.facts.get("modified")), _moment(self.facts.get("first_seen"))]
        known = [time for time in times if time is not None]
        return (datetime.now(UTC) - max(known)).total_seconds() if known else 0.0


def _moment(value: Any) -> datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else None


class Test(Protocol):
    """One condition on a file."""

    facts: frozenset[str]
    groups: frozenset[str]

    def holds(self, subject: Subject) -> bool:
        """Tell whether the file fits. Raises RegexTimedOut."""

    def why(self, subject: Subject) -> str:
        """Say in words what the test saw."""

    def by_extension(self, ext: str) -> bool | None:
        """Answer from the extension alone, or None."""


class _Single:
    groups: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def by_extension(self, ext: str) -> bool | None:
        return None


class _OneOf(_Single):
    """A fact whose values are fixed words."""

    def __init__(self, fact: str, words: Sequence[str]) -> None:
        self._fact, self._words = fact, frozenset(words)
        self._wanted = " or ".join(words)
        self.facts = frozenset({fact})

    def holds(self, subject: Subject) -> bool:
        return subject.facts.get(self._fact) in self._words

    def why(self, subject: Subject) -> str:
        value = subject.facts.get(self._fact)
        return f"{self._fact} is {value}" + ("" if value in self._words else f", not {self._wanted}")


class _Text(_Single):
    """Globs over a text: one of them fits."""

    def __init__(self, label: str, patterns: Sequence[str], read: Callable[[Subject], str | None], fact: str) -> None:
        self._label, self._read = label, read
        self._wanted = " or ".join(patterns)
        self._globs = [name_glob(pattern).match for pattern in patterns]
        self.facts = frozenset({fact}) if fact else frozenset()

    def holds(self, subject: Subject) -> bool:
        text = self._read(subject)
        return text is not None and any(glob(text) for glob in self._globs)

    def why(self, subject: Subject) -> str:
        text = self._read(subject)
        if text is None:
            return f"it has no {self._label}"
        return f"{self._label} is {shown(text)}" + ("" if self.holds(subject) else f", not {self._wanted}")


class _Extension(_Single):
    """Globs over the extension; one with a dot in it fits the end of the name (`tar.gz`)."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._wanted = " or ".join(patterns)
        self._globs = [name_glob(pattern).match for pattern in patterns if "." not in pattern]
        self._endings = [name_glob("?*." + pattern).match for pattern in patterns if "." in pattern]

    def holds(self, subject: Subject) -> bool:
        known = self.by_extension(subject.ext)
        return any(glob(subject.name) for glob in self._endings) if known is None else known

    def why(self, subject: Subject) -> str:
        has = f"extension is {shown(subject.ext)}" if subject.ext else "it has no extension"
        return has if self.holds(subject) else f"{has}, not {self._wanted}"

    def by_extension(self, ext: str) -> bool | None:
        if ext and any(glob(ext) for glob in self._globs):
            return True
        return None if self._endings else False


class _Path(_Single):
    """Globs over the path beneath the folder."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._wanted = " or ".join(patterns)
        self._globs = [PathGlob(pattern) for pattern in patterns]

    def holds(self, subject: Subject) -> bool:
        return any(glob.fits(subject.path) for glob in self._globs)

    def why(self, subject: Subject) -> str:
        return f"path is {shown(subject.path)}" + ("" if self.holds(subject) else f", not {self._wanted}")


class _Regex(_Single):
    """Regexes over a text; the named groups of the first that is found become placeholders."""

    def __init__(self, label: str, patterns: Sequence[Any], read: Callable[[Subject], str | None], fact: str) -> None:
        self._label, self._read, self._patterns = label, read, patterns
        self.facts = frozenset({fact}) if fact else frozenset()
        self.groups = frozenset(name for pattern in patterns for name in pattern.groupindex)

    def holds(self, subject: Subject) -> bool:
        text = self._read(subject)
        if text is None:
            return False
        for pattern in self._patterns:
            try:
                found = pattern.search(text, timeout=PATIENCE_SECONDS)
            except TimeoutError:
                raise RegexTimedOut from None
            if found:
                subject.groups.update({name: value for name, value in found.groupdict().items() if value is not None})
                return True
        return False

    def why(self, subject: Subject) -> str:
        if self._read(subject) is None:
            return f"it has no {self._label}"
        wanted = " or ".join(shown(pattern.pattern) for pattern in self._patterns)
        return f"{wanted} is {'' if self.holds(subject) else 'not '}found in its {self._label}"


class _Measure(_Single):
    """Comparisons of a number or date: one of them holds."""

    def __init__(self, label: str, wanted: Sequence[str], checks: Sequence[quantities.Check],
                 read: Callable[[Subject], Any], facts: Iterable[str]) -> None:  # fmt: skip
        self._label, self._checks, self._read = label, checks, read
        self._wanted = " or ".join(wanted)
        self.facts = frozenset(facts)

    def holds(self, subject: Subject) -> bool:
        value = self._read(subject)
        return value is not None and any(check(value) for check in self._checks)

    def why(self, subject: Subject) -> str:
        value = self._read(subject)
        if value is None:
            return f"it has no date for {self._label}"
        seen = f"{value / 86400:.1f} days" if self._label == "age" else f"{value}"
        return f"{self._label} is {seen}" + ("" if self.holds(subject) else f", not {self._wanted}")


class AllOf:
    """Tests that must all hold; none of them fits every file."""

    def __init__(self, tests: Sequence[Test]) -> None:
        self.tests = tuple(tests)
        self.facts = frozenset(fact for test in tests for fact in test.facts)
        self.groups = frozenset(group for test in tests for group in test.groups)

    def holds(self, subject: Subject) -> bool:
        """Tell whether all hold."""
        return all(test.holds(subject) for test in self.tests)

    def why(self, subject: Subject) -> str:
        """Say what the first that fails saw, or what all saw."""
        for test in self.tests:
            if not test.holds(subject):
                return test.why(subject)
        return "; ".join(test.why(subject) for test in self.tests) or "it matches every file"

    def by_extension(self, ext: str) -> bool | None:
        """False as soon as one is, true when all are."""
        answers = {test.by_extension(ext) for test in self.tests}
        return False if False in answers else None if None in answers else True


class _AnyOf:
    def __init__(self, tests: Sequence[Test]) -> None:
        self._tests = tuple(tests)
        self.facts = frozenset(fact for test in tests for fact in test.facts)
        self.groups = frozenset(group for test in tests for group in test.groups)

    def holds(self, subject: Subject) -> bool:
        return any(test.holds(subject) for test in self._tests)

    def why(self, subject: Subject) -> str:
        for test in self._tests:
            if test.holds(subject):
                return test.why(subject)
        return "none of: " + " / ".join(test.why(subject) for test in self._tests)

    def by_extension(self, ext: str) -> bool | None:
        answers = {test.by_extension(ext) for test in self._tests}
        return True if True in answers else None if None in answers else False


class _Not:
    groups: frozenset[str] = frozenset()

    def __init__(self, test: Test) -> None:
        self._test = test
        self.facts = test.facts

    def holds(self, subject: Subject) -> bool:
        return not self._test.holds(subject)

    def why(self, subject: Subject) -> str:
        return f"{'' if self.holds(subject) else 'but not: '}{self._test.why(subject)}"

    def by_extension(self, ext: str) -> bool | None:
        answer = self._test.by_extension(ext)
        return None if answer is None else not answer


# -- compiling --------------------------------------------------------------------------------------


def compile_match(section: Section) -> AllOf:
    """Compile the table of a `match`; mistakes are noted in the section's list."""
    tests: list[Test] = []
    for key, value in section.items():
        if key in {"any", "all"}:
            inner = [compile_match(each) for each in section.sections(key, f"{section.where} {key}")]
            if not inner and isinstance(value, list):
                section.wrong(key, "must not be empty")
            tests.append(_AnyOf(inner) if key == "any" else AllOf(inner))
        elif key == "not":
            tests.append(_Not(compile_match(section.section(key, f"{section.where} not"))))
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
    return _OneOf("kind", texts)


def _extension(texts: Sequence[str]) -> Test:
    for text in texts:
        if text.startswith((".", "*.")):
            raise _Hinted(f"{text!r} is written without the dot", f"did you mean `{text.lstrip('*.')}`?")
    return _Extension(texts)


def _regex(label: str, fact: str, read: Callable[[Subject], str | None]) -> Callable[[Sequence[str]], Test]:
    def make(texts: Sequence[str]) -> Test:
        import regex  # noqa: PLC0415  # costs 20 ms, and not every config has one

        try:
            patterns = [regex.compile(text) for text in texts]
        except regex.error as error:
            raise ValueError(f"is no regex: {error}") from None
        return _Regex(label, patterns, read, fact)

    return make


def _of_fact(fact: str) -> Callable[[Subject], str | None]:
    def read(subject: Subject) -> str | None:
        value = subject.facts.get(fact)
        return None if value is None else unicodedata.normalize("NFC", str(value))

    return read


def _glob(fact: str) -> Callable[[Sequence[str]], Test]:
    return lambda texts: _Text(fact, texts, _of_fact(fact), fact)


def _day_taken(subject: Subject) -> Any:
    taken = subject.facts.get("taken")
    return taken.date() if isinstance(taken, datetime) else None


def _taken(texts: Sequence[str]) -> Test:
    if any("*" in text or "?" in text for text in texts):
        return _Text("taken", texts, lambda subject: (day := _day_taken(subject)) and day.isoformat(), "taken")
    return _Measure("taken", texts, [quantities.date_check(text) for text in texts], _day_taken, {"taken"})


def _size(texts: Sequence[str]) -> Test:
    return _Measure("size", texts, [quantities.size_check(t) for t in texts], lambda s: s.facts.entry.size, ())


def _age(texts: Sequence[str]) -> Test:
    checks = [quantities.age_check(text) for text in texts]
    return _Measure("age", texts, checks, Subject.age, {"modified", "first_seen"})


_MAKERS: dict[str, Callable[[Sequence[str]], Test]] = {
    "kind": _kind,
    "ext": _extension,
    "name": lambda texts: _Text("name", texts, lambda subject: subject.name, ""),
    "regex": _regex("name", "", lambda subject: subject.name),
    "path": _Path,
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
