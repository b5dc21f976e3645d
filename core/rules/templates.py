"""Where a file goes, as a rule says it: `Pictures/{taken|modified:%Y}/{album|'Unsorted'}/`.

A closed grammar, nothing of Python's formatting:

    template     component ("/" component)*, with a last "/" the file keeps its name
    component    text and placeholders
    placeholder  "{" alternative ("|" alternative)* "}"
    alternative  name [":" format]  or a text in either kind of quotes

The first alternative that has a value is taken. A format is that of strftime with the directives of `DIRECTIVES`; a
date without one takes the next format to its right, else `%Y-%m-%d`.

Values are hostile. They are put into components that were told apart before, so no value can add one (only `{path}`
has several of its own), and each component is made safe after it was rendered.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.names import NAME_MAX, cut, split_extension
from core.toml.sections import absolute_path, meant
from core.trash import TRASH

DATES = frozenset({"taken", "modified"})
NAMES = frozenset({"name", "stem", "ext", "path"})
PLACEHOLDERS = NAMES | DATES | {"kind", "camera", "artist", "album", "title"}
DIRECTIVES = frozenset("YymdHMSjBbAaVGu")

Value = Any
"""What a placeholder stands for: a text, a number, a datetime, or None."""


class TemplateError(ValueError):
    """A template that is not one; `hint` says what was probably meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NoValueError(Exception):
    """A placeholder has neither value nor fallback for this file."""


@dataclass(frozen=True)
class Alternative:
    """One source of a placeholder's value: a fact, or a text."""

    fact: str = ""
    format: str = ""
    text: str = ""


Piece = str | tuple[Alternative, ...]


@dataclass(frozen=True)
class Template:
    """A parsed destination.

    `anchor`: the absolute path that it begins with, or empty where it lies beneath the folder. `components`: what
    follows. `keeps_name`: the file keeps its name. `static`: all of it, where no placeholder is in it.
    """

    text: str
    anchor: bytes
    components: tuple[tuple[Piece, ...], ...]
    keeps_name: bool
    static: bytes | None

    @property
    def facts(self) -> frozenset[str]:
        """The facts and groups that placeholders name."""
        return frozenset(a.fact for pieces in self.components for piece in pieces if not isinstance(piece, str)
                         for a in piece if a.fact)  # fmt: skip

    def fixed_prefix(self) -> bytes:
        """Return the part that is the same for every file: the anchor and the components without placeholder."""
        fixed = []
        directories = self.components if self.keeps_name else self.components[:-1]
        for pieces in directories:
            if not all(isinstance(piece, str) for piece in pieces):
                break
            fixed.append(_safe("".join(str(piece) for piece in pieces), literal=True) or b"_")
        return self._joined(fixed)

    def render(self, value: Callable[[str], Value], name: bytes) -> bytes:
        """Return the path for one file: absolute, or relative to the folder. Raises NoValueError."""
        if self.static is not None:
            return self.static + name if self.keeps_name else self.static
        parts: list[bytes] = []
        last = len(self.components) - 1
        for number, pieces in enumerate(self.components):
            is_directory = self.keeps_name or number < last
            parts += _render(pieces, value, is_directory)
        if self.keeps_name:
            parts.append(name)
        return self._joined(parts)

    def _joined(self, parts: list[bytes]) -> bytes:
        return b"/".join([self.anchor.rstrip(b"/"), *parts] if self.anchor else parts)


# -- rendering --------------------------------------------------------------------------------------


def _render(pieces: tuple[Piece, ...], value: Callable[[str], Value], is_directory: bool) -> Iterable[bytes]:
    if len(pieces) == 1 and isinstance(pieces[0], tuple) and pieces[0][0].fact == "path":
        return _own_path(str(value("path")), is_directory)
    text = "".join(piece if isinstance(piece, str) else _text_of(piece, value) for piece in pieces)
    literal_dot = isinstance(pieces[0], str) and pieces[0].lstrip().startswith(".")
    component = _safe(text, literal=literal_dot, is_name=not is_directory)
    if component is None:
        raise NoValueError("a part of the path would be empty")
    return (component,)


def _own_path(path: str, is_directory: bool) -> list[bytes]:
    """`{path}` as a directory is where the file lies beneath its folder; as the last part its whole path."""
    components = path.split("/")
    return [_safe(part) or b"_" for part in (components[:-1] if is_directory else components)]


def _text_of(alternatives: tuple[Alternative, ...], value: Callable[[str], Value]) -> str:
    for alternative in alternatives:
        if alternative.text:
            return alternative.text
        found = value(alternative.fact)
        if isinstance(found, datetime):
            return _local(found).strftime(alternative.format or "%Y-%m-%d")
        text = "" if found is None else str(found)
        if alternative.fact not in NAMES:
            text = _SURROGATES.sub("", text)
        if not text.isspace() and text:
            return text
    names = " and ".join(alternative.fact for alternative in alternatives)
    raise NoValueError(f"no value for {{{names}}}" if len(alternatives) == 1 else f"no value for {names}")


def _local(moment: datetime) -> datetime:
    """Return a moment by the clock on the wall: where it was taken if that is known, else here."""
    return moment.astimezone().replace(tzinfo=None) if moment.tzinfo is UTC else moment.replace(tzinfo=None)


_SURROGATES = re.compile("[\ud800-\udfff]")
# What a file name must not hold: separators of components, control characters, marks that reorder or hide text.
_SEPARATOR = re.compile("[/\x00]")
_INVISIBLE = re.compile(
    "[\x01-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udc7f\udd00-\udfff\U000e0000-\U000e007f]"
)


def _safe(text: str, *, literal: bool = False, is_name: bool = False) -> bytes | None:
    """Return one path component that is only that, or None where nothing is left of it.

    `literal`: it begins with what the rule's author wrote, so that a leading dot is meant.
    """
    if not text.isascii() or not text.isprintable():
        text = _INVISIBLE.sub("", text)
    text = _SEPARATOR.sub("_", text).strip()
    if text.startswith(".") and (not literal or text in {".", ".."} or text.lower().startswith(".shelver-")):
        text = "_" + text[1:]
    if not text:
        return None
    component = os.fsencode(text)
    if len(component) <= NAME_MAX:
        return component
    stem, extension = split_extension(component) if is_name else (component, b"")
    if len(extension) > 32:
        stem, extension = component, b""
    shortened = os.fsdecode(cut(stem, NAME_MAX - len(extension))).rstrip()
    return os.fsencode(shortened) + extension


# -- parsing ----------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse(text: str, groups: Collection[str] = ()) -> Template:
    """Parse a destination. `groups` are the placeholders that the rule's own regexes add. Raises TemplateError."""
    if not text.strip():
        raise TemplateError("is empty", 'write where the file goes, as in "Pictures/"')
    parts = _components(text)
    keeps_name = parts[-1] == ""
    anchor = b""
    if parts[0] in {"", "~"}:
        anchor = b"" if len(parts) < 2 else absolute_path(parts[0] + "/")
        parts = parts[1:]
    elif parts[0].startswith("~"):
        raise TemplateError(f"{parts[0]!r} cannot be told", "write ~/ for your own home, else an absolute path")
    if keeps_name:
        parts = parts[:-1]
    if not all(parts):
        raise TemplateError("holds an empty part (//)")
    if not parts and not keeps_name:
        raise TemplateError("names no file", "end it with a / to keep the file's name")
    components = tuple(_pieces(part, groups) for part in parts)
    return Template(text, anchor, components, keeps_name, _static(anchor, components, keeps_name))


def _components(text: str) -> list[str]:
    """Split at each `/` that stands outside of braces."""
    parts = [""]
    in_braces = False
    quote = ""
    for character in text:
        if in_braces and quote:
            quote = "" if character == quote else quote
        elif in_braces and character in "'\"":
            quote = character
        elif character in "{}":
            in_braces = character == "{"
        if character == "/" and not in_braces:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _pieces(part: str, groups: Collection[str]) -> tuple[Piece, ...]:
    if part in {".", ".."}:
        raise TemplateError(f"leads out of the folder by `{part}`", "write the path without it")
    if part == os.fsdecode(TRASH) or part.lower().startswith(".shelver-"):
        raise TemplateError("lies in the trash", 'to trash files write action = "trash"')
    pieces: list[Piece] = []
    position = 0
    while position < len(part):
        if part[position] == "{":
            alternatives, position = _placeholder(part, position + 1, groups)
            pieces.append(alternatives)
            continue
        end = part.find("{", position)
        literal = part[position:] if end < 0 else part[position:end]
        if "}" in literal:
            raise TemplateError("holds a } without {")
        if _INVISIBLE.search(literal) or "\0" in literal:
            raise TemplateError("holds a control character")
        pieces.append(literal)
        position += len(literal)
    if len(pieces) > 1 and any(not isinstance(p, str) and any(a.fact == "path" for a in p) for p in pieces):
        raise TemplateError("{path} stands for several directories and must be a part of its own", "write {path}/")
    return tuple(pieces)


def _placeholder(part: str, position: int, groups: Collection[str]) -> tuple[tuple[Alternative, ...], int]:
    alternatives: list[Alternative] = []
    while True:
        alternative, position = _alternative(part, position, groups)
        alternatives.append(alternative)
        mark = part[position : position + 1]
        if mark == "}":
            return _with_formats(alternatives, groups), position + 1
        if mark != "|":
            raise TemplateError("holds a { without }" if not mark else f"has {mark!r} where | or }} belongs")
        if alternative.text:
            raise TemplateError("has a fallback after a text, which always has a value")
        position += 1


def _alternative(part: str, position: int, groups: Collection[str]) -> tuple[Alternative, int]:
    while part[position : position + 1] == " ":
        position += 1
    quote = part[position : position + 1]
    if quote in {"'", '"'}:
        end = part.find(quote, position + 1)
        if end < 0:
            raise TemplateError("holds a quote that is never closed")
        text = part[position + 1 : end]
        if not text.strip() or "/" in text:
            raise TemplateError(f"{text!r} is no name", "a fallback is one part of a path: not empty, no /")
        return Alternative(text=text), _skip_blanks(part, end + 1)
    name = _NAME.match(part, position)
    if name is None:
        raise TemplateError("has a placeholder without a name", "placeholders look like {taken:%Y}")
    fact = name[0]
    if fact not in PLACEHOLDERS and fact not in groups:
        raise TemplateError(f"{{{fact}}} is no placeholder", meant(fact, PLACEHOLDERS | set(groups)))
    position = _skip_blanks(part, name.end())
    if part[position : position + 1] != ":":
        return Alternative(fact), position
    end = min((found for mark in "|}" if (found := part.find(mark, position)) >= 0), default=-1)
    if end < 0:
        raise TemplateError("holds a { without }")
    return Alternative(fact, _checked_format(part[position + 1 : end])), end


def _skip_blanks(part: str, position: int) -> int:
    while part[position : position + 1] == " ":
        position += 1
    return position


def _checked_format(text: str) -> str:
    if "/" in text:
        raise TemplateError(
            f"the format {text!r} holds a /", "write one placeholder for each part: {taken:%Y}/{taken:%m}"
        )
    position = text.find("%")
    if position < 0:
        raise TemplateError(f"{text!r} is no date format", "write it as in {taken:%Y-%m}")
    while position >= 0:
        directive = text[position + 1 : position + 2]
        if directive not in DIRECTIVES or not directive:
            known = " ".join(f"%{letter}" for letter in sorted(DIRECTIVES))
            raise TemplateError(f"%{directive} is no part of a date", f"there are {known}")
        position = text.find("%", position + 2)
    return text


def _with_formats(alternatives: list[Alternative], groups: Collection[str]) -> tuple[Alternative, ...]:
    """Give each date without a format the next one to its right."""
    format = ""
    found = []
    for alternative in reversed(alternatives):
        is_date = alternative.fact in DATES and alternative.fact not in groups
        if alternative.format and not is_date:
            raise TemplateError(f"{{{alternative.fact}}} is no date and takes no format")
        format = alternative.format or format
        found.append(Alternative(alternative.fact, format, "") if is_date else alternative)
    return tuple(reversed(found))


def _static(anchor: bytes, components: tuple[tuple[Piece, ...], ...], keeps_name: bool) -> bytes | None:
    if not all(isinstance(piece, str) for pieces in components for piece in pieces):
        return None
    parts = []
    for pieces in components:
        component = _safe("".join(str(piece) for piece in pieces), literal=True)
        if component is None:
            raise TemplateError("holds an empty part")
        parts.append(component)
    path = b"/".join([anchor.rstrip(b"/"), *parts] if anchor else parts)
    return (path + b"/" if path or anchor else b"") if keeps_name else path
