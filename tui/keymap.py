"""A person's own keys, checked before the screens open, with all of their bindings at hand.

A name that nothing is called, a key that no keyboard has, and one key for two things in the same place are told,
not guessed about.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import cast

from textual.binding import Binding
from textual.keys import Keys, key_to_character

from core.errors import UsageError
from core.names import shown
from tui.keys import Named

_MODIFIERS = ("ctrl", "shift", "alt")
_NAMED = {str(key.value) for key in Keys}

KeysOf = Mapping[str, Sequence[str]]
"""Keys by the name of what they do."""


class Place:
    """Somewhere keys are pressed: a screen with its lists, or a widget."""

    def __init__(self, name: str, bindings: Iterable[Binding]) -> None:
        self.name = name
        self.bindings = [(str(one.id), one.key) for one in bindings if one.id]

    @property
    def names(self) -> set[str]:
        """What can be done here."""
        return {name for name, _ in self.bindings}

    def keys_of(self, name: str) -> list[str]:
        """Return the keys of one thing."""
        return list(dict.fromkeys(key for other, key in self.bindings if other == name))


def keymap(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return what Textual's keymap must hold so that things have the wanted keys, and whatever shared one keeps it.

    `wanted`: keys by description, several parted by commas. Raises UsageError with every mistake, one a line.
    """
    if not wanted:
        return {}
    places = list(every_place())
    keys = {name: _canonical(several) for name, several in wanted.items()}
    mistakes = [*_unknown_names(keys, places), *_unknown_keys(keys)] or [*dict.fromkeys(_clashes(keys, places))]
    if mistakes:
        raise UsageError("\n".join(f"[keys] {mistake}" for mistake in mistakes))
    return {name: ",".join(several) for name, several in {**_sharing(keys, places), **keys}.items()}


# -- what can be rebound -------------------------------------------------------------------------------


def every_place() -> Iterator[Place]:
    """Yield every screen and widget of Shelver's with the bindings that hold there."""
    for package in ("tui.screens", "tui.widgets"):
        for module in pkgutil.iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
    from tui.face import Face  # noqa: PLC0415
    from tui.screens import place  # noqa: PLC0415
    from tui.widgets.line_list import LineList  # noqa: PLC0415

    around = [*_bindings(LineList), *_bindings(Face)]
    for kind in sorted(_descendants(Named), key=lambda kind: kind.__name__):
        yield Place(kind.__name__, [*_bindings(kind), *(around if issubclass(kind, place.Place) else ())])


def _bindings(kind: type) -> Iterator[Binding]:
    for base in kind.__mro__:
        if issubclass(base, Named):
            yield from cast("list[Binding]", vars(base).get("BINDINGS", ()))


def _descendants(kind: type) -> set[type]:
    below: set[type] = set(kind.__subclasses__())
    return below.union(*map(_descendants, below))


def _sharing(keys: KeysOf, places: Iterable[Place]) -> KeysOf:
    """Return those that have a key in common with something that moves away (pause and resume), and their keys.

    Textual would take the key from them, too.
    """
    shared: dict[str, list[str]] = {}
    for place in places:
        left = {key for name in keys for key in place.keys_of(name)}
        shared |= {name: place.keys_of(name) for name, key in place.bindings if key in left and name not in keys}
    return shared


# -- mistakes ------------------------------------------------------------------------------------------


def _unknown_names(keys: KeysOf, places: Iterable[Place]) -> Iterator[str]:
    known = {name for place in places for name in place.names}
    for name in sorted(set(keys) - known):
        near = get_close_matches(name, known, 1)
        yield f'nothing is called "{shown(name)}"; ' + (f'did you mean "{near[0]}"?' if near else "`?` shows the names")


def _unknown_keys(keys: KeysOf) -> Iterator[str]:
    for name, several in keys.items():
        for key in several:
            if not _is_key(key):
                yield f'{shown(name)}: no key is called "{shown(key)}"; they are like "x", "X", "f5", "ctrl+x", "down"'


def _clashes(keys: KeysOf, places: Iterable[Place]) -> Iterator[str]:
    for place in places:
        kept = {(key, name) for name, key in place.bindings if name not in keys}
        moved = {(key, name) for name, several in keys.items() if name in place.names for key in several}
        for key, name in sorted(moved):
            for other in sorted(other for taken, other in kept | moved if taken == key and other != name):
                yield f'{shown(name)}: in {place.name}, "{key}" is already "{shown(other)}"'


def _canonical(keys: str) -> list[str]:
    """Return keys as Textual calls them: `?` is question_mark."""
    said = [key.strip() for key in keys.split(",")]
    return [one.key for key in said for one in Binding.make_bindings([Binding(key, "")])] if all(said) else [""]


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    return set(modifiers) <= set(_MODIFIERS) and (
        last in _NAMED
        or (len(last) == 1 and last.isprintable() and not last.isspace())
        or key_to_character(last) is not None
    )
