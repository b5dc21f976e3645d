"""Reads one table of the config after another, and notes every mistake with its place and a hint.

A `Section` hands out checked values; what does not check is noted and its default handed out instead, so that one
run finds all mistakes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from core import quantities
from core.errors import ConfigError, Mistake
from core.names import shown
from core.toml.places import Path as Place

T = TypeVar("T")

_KINDS = {str: "a text", bool: "true or false", int: "a whole number", list: "a list", dict: "a table"}


class Mistakes:
    """All that is wrong so far, and the lines to tell where."""

    def __init__(self, lines: Mapping[Place, int] | None = None) -> None:
        self._lines = lines or {}
        self.found: list[Mistake] = []

    def note(self, place: Place, where: str, message: str, hint: str = "") -> None:
        """Note a mistake once. The line is that of the place, or of the nearest thing around it that has one."""
        mistake = Mistake(self.line(place), shown(where), shown(message), shown(hint))
        if mistake not in self.found:
            self.found.append(mistake)

    def line(self, place: Place) -> int | None:
        """Return the line in which a value stands."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place)

    def raise_any(self, name: str) -> None:
        """Raise ConfigError with every mistake, in the order of the lines."""
        if self.found:
            ordered = sorted(self.found, key=lambda mistake: mistake.line or 0)
            count = "1 mistake" if len(ordered) == 1 else f"{len(ordered)} mistakes"
            lines = "".join(f"\n  {mistake}" for mistake in ordered)
            raise ConfigError(f"{count} in {shown(name)}{lines}", ordered)


def meant(word: str, known: Iterable[str]) -> str:
    """Return a hint: the known word that is closest, or all of them."""
    words = sorted(known)
    close = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"there are {', '.join(words)}" if words else ""


class Section:
    """One table of the config. Every key that is asked for is known; `finish` notes all others."""

    def __init__(self, table: Any, place: Place, where: str, mistakes: Mistakes) -> None:
        self.place = place
        self.where = where
        self.mistakes = mistakes
        self._asked: set[str] = set()
        self._table: Mapping[str, Any] = table if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            self.wrong(None, f"must be a table, not {_kind(table)}")

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    def wrong(self, key: str | None, message: str, hint: str = "") -> None:
        """Note a mistake in the value of a key, or in the table itself."""
        place = self.place if key is None else (*self.place, key)
        self.mistakes.note(place, self.where if key is None else f"{self.where} {key}", message, hint)

    def finish(self, hints: Mapping[str, str] | None = None) -> None:
        """Note the keys that nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                self.wrong(key, "is no key here", (hints or {}).get(key) or meant(key, self._asked))

    # -- values

    def value(self, key: str, kind: type[T], default: T) -> T:
        """Return a value of one kind."""
        if key not in self:
            return default
        value = self._table[key]
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.wrong(key, f"must be {_KINDS[kind]}, not {_kind(value)}", _quoting_hint(kind, value))
        return default

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        return self.value(key, str, default)

    def required_text(self, key: str) -> str:
        """Return a text that must be there and not empty."""
        if key not in self:
            self.wrong(None, f"needs `{key}`")
        elif self._table[key] == "":
            self.wrong(key, "must not be empty")
        return self.text(key)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        return self.value(key, bool, default)

    def number(self, key: str, default: int, least: int = 1, most: int | None = None) -> int:
        """Return a whole number that is not below `least`, nor above `most`."""
        number = self.value(key, int, default)
        if number < least:
            self.wrong(key, f"must be at least {least}, not {number}")
        if most is not None and number > most:
            self.wrong(key, f"must be at most {most}, not {number}")
        return number

    def choice(self, key: str, options: Sequence[str], default: Any) -> Any:
        """Return one of some words."""
        word = self.text(key, default)
        if word in options or key not in self._table or not isinstance(self._table[key], str):
            return word
        self.wrong(key, f"must be {_either(options)}, not {word!r}", meant(word, options))
        return default

    def texts(self, key: str, default: Sequence[str] = (), options: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return a list of texts, each one of some words if told so."""
        found = []
        for number, value in enumerate(self.value(key, list, list(default))):
            if not isinstance(value, str):
                self.wrong_element(key, number, f"must hold texts, not {_kind(value)}")
            elif options is not None and value not in options:
                self.wrong_element(key, number, f"knows no {value!r}", meant(value, options))
            else:
                found.append(value)
        return tuple(found)

    def parsed(self, key: str, default: str, parse: Callable[[str], T]) -> T:
        """Return what a parser makes of a text; the parser raises ValueError."""
        return self._parse(key, self.text(key, default), default, parse)

    def duration(self, key: str, default: str) -> float:
        """Return seconds."""
        return self.parsed(key, default, quantities.duration)

    def size(self, key: str, default: str) -> int:
        """Return bytes."""
        return self.parsed(key, default, quantities.size)

    def each_parsed(self, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Return what a parser makes of each text of a list; the parser raises ValueError."""
        found = []
        for number, text in enumerate(self.texts(key)):
            try:
                found.append(parse(text))
            except ValueError as error:
                self.wrong_element(key, number, str(error))
        return tuple(found)

    def section(self, key: str, where: str) -> Section:
        """Return the table of a key; an empty one where there is none."""
        return Section(self._table[key] if key in self else {}, (*self.place, key), where, self.mistakes)

    def sections(self, key: str, where: str) -> Iterator[Section]:
        """Yield the tables of an array of tables, each named by its `name` or number."""
        if key in self and isinstance(self._table[key], dict):
            self.wrong(key, "must be an array of tables", f"write [[{key}]]")
            return
        for number, table in enumerate(self.value(key, list, [])):
            name = table.get("name") if isinstance(table, dict) else None
            name = f"{where} {name if isinstance(name, str) and name else f'number {number + 1}'}"
            yield Section(table, (*self.place, key, number), name, self.mistakes)

    def raw(self, key: str) -> Any:
        """Return the value of a key as it is, or None."""
        return self._table[key] if key in self else None

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield all keys and values; the caller knows each."""
        self._asked.update(self._table)
        yield from self._table.items()

    def _parse(self, key: str, text: str, default: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(text)
        except ValueError as error:
            self.wrong(key, str(error))
            return parse(default)

    def wrong_element(self, key: str, number: int, message: str, hint: str = "") -> None:
        """Note a mistake in one element of a list."""
        self.mistakes.note((*self.place, key, number), f"{self.where} {key}", message, hint)


def absolute_path(text: str) -> bytes:
    """Return an absolute path, `~` expanded. Raises ValueError for a relative one."""
    path = os.path.expanduser(text)
    if not os.path.isabs(path):
        raise ValueError(f"{text!r} must be absolute or begin with ~/")
    if "\0" in path:
        raise ValueError("a path holds no NUL")
    normal = os.path.normpath(path)
    return os.fsencode("/" + normal.lstrip("/"))  # normpath keeps two leading slashes


def file_path(text: str) -> Path:
    """Return an absolute path as `pathlib` has it. Raises ValueError for a relative one."""
    return Path(os.fsdecode(absolute_path(text)))


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS.items() if type(value) is kind), f"a {type(value).__name__}")


def _quoting_hint(kind: type[object], value: Any) -> str:
    if kind is list and isinstance(value, str):
        return f'write ["{value}"]'
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return "write it in quotes"
    return ""


def _either(options: Sequence[str]) -> str:
    return " or ".join((", ".join(options[:-1]), options[-1])) if len(options) > 1 else options[0]
