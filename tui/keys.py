"""Keys that can be a person's own: a binding is rebound by its description, the name that `?` shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from textual.binding import Binding, BindingType
from textual.keys import format_key

USUAL = {
    "add folder": "a",
    "alike": "2",
    "approve": "a",
    "ask before it moves, or move by itself": "m",
    "cancel": "escape",
    "choose": "enter",
    "complete the path": "tab",
    "conflicts": "C",
    "copy the lines for the config": "y",
    "copy the path": "y",
    "exact": "1",
    "filter": "slash",
    "help": "question_mark",
    "keep this": "space",
    "look again": "f5",
    "mark": "space",
    "mark a part of it first": "m",
    "mark the folder": "m",
    "open": "enter",
    "other button": "tab",
    "outcome": "o",
    "policy": "K",
    "redo": "u",
    "reject": "x",
    "restore under a number where the place is taken": "n",
    "skip where the place is taken": "s",
    "take the path": "enter",
    "undo": "u",
}
"""The keys that texts speak of, by what they do. The bindings are elsewhere, and most are not loaded yet."""

_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "enter": "enter",
    "backspace": "⌫",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
}
_FUNCTION_KEY = re.compile(r"f\d+")


def key_name(key: str) -> str:
    """Return a key as people call it."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last) or (last.upper() if _FUNCTION_KEY.fullmatch(last) else format_key(last))
    return "".join("^" if modifier == "ctrl" else f"{modifier}+" for modifier in modifiers) + name


class Named:
    """Gives each binding of a class its description for an id, by which it can be rebound."""

    def __init_subclass__(cls, **more: Any) -> None:
        bindings: Iterable[BindingType] | None = vars(cls).get("BINDINGS")
        if bindings is not None:
            named = [replace(one, id=one.description or None) for one in Binding.make_bindings(bindings)]
            setattr(cls, "BINDINGS", named)  # noqa: B010  (Textual declares it, further up)
        super().__init_subclass__(**more)
