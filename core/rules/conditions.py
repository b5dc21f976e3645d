"""Tests of one file, of which a rule's `match` is made.

Each test knows which facts it asks, so that nothing is read that no rule needs, and can say in words why it holds or
not. Tests of the extension (and the kind) alone are answered once for each (`by_extension`).
"""

# ruff: noqa: D102 - `Test` says what the methods of every test do

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from core.globs import PathGlob, name_glob
from core.names import normalized, shown, split_extension
from core.quantities import Check

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
    def root(self) -> bytes: ...
    @property
    def entry(self) -> Entry: ...
    def get(self, name: str) -> Any: ...


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

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        """Answer from the extension alone, and the kind where that is known, or None."""


class _Single:
    groups: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        return None


class OneOf(_Single):
    """A fact whose values are fixed words."""

    def __init__(self, fact: str, words: Sequence[str]) -> None:
        self._fact, self._words = fact, frozenset(words)
        self._wanted = " or ".join(words)
        self.facts = frozenset({fact})

    def holds(self, subject: Subject) -> bool:
        return subject.facts.get(self._fact) in self._words

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        return kind in self._words if self._fact == "kind" and kind is not None else None

    def why(self, subject: Subject) -> str:
        value = subject.facts.get(self._fact)
        return f"{self._fact} is {value}" + ("" if value in self._words else f", not {self._wanted}")


class Globs(_Single):
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


class Extension(_Single):
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

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        if ext and any(glob(ext) for glob in self._globs):
            return True
        return None if self._endings else False


class PathGlobs(_Single):
    """Globs over the path beneath the folder."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._wanted = " or ".join(patterns)
        self._globs = [PathGlob(pattern) for pattern in patterns]

    def holds(self, subject: Subject) -> bool:
        return any(glob.fits(subject.path) for glob in self._globs)

    def why(self, subject: Subject) -> str:
        return f"path is {shown(subject.path)}" + ("" if self.holds(subject) else f", not {self._wanted}")


class Regexes(_Single):
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


class Measure(_Single):
    """Comparisons of a number or date: one of them holds."""

    def __init__(self, label: str, wanted: Sequence[str], checks: Sequence[Check],
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

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        """False as soon as one is, true when all are."""
        answers = {test.by_extension(ext, kind) for test in self.tests}
        return False if False in answers else None if None in answers else True


class AnyOf:
    """Tests of which one must hold."""

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

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        answers = {test.by_extension(ext, kind) for test in self._tests}
        return True if True in answers else None if None in answers else False


class Not:
    """A test that must not hold. What its regexes find becomes no placeholder."""

    groups: frozenset[str] = frozenset()

    def __init__(self, test: Test) -> None:
        self._test = test
        self.facts = test.facts

    def holds(self, subject: Subject) -> bool:
        return not self._test.holds(subject)

    def why(self, subject: Subject) -> str:
        return f"{'' if self.holds(subject) else 'but not: '}{self._test.why(subject)}"

    def by_extension(self, ext: str, kind: str | None = None) -> bool | None:
        answer = self._test.by_extension(ext, kind)
        return None if answer is None else not answer
