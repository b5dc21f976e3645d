"""The lines of an explanation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial

from core.names import shown
from tui import words
from tui.surroundings import Surroundings
from tui.widgets.board import Row
from tui.widgets.line import EMPTY, Line, fitted, folded, rule, width_of
from tui.wire_looks import Explanation, RuleReason

MARK = 5
"""Cells of the word that says whether a rule matches."""

_OF_PLACE = frozenset({"name", "stem", "ext"})
"""Facts that the path itself tells."""

_MOMENTS = frozenset({"taken", "modified", "first_seen"})


def explanation_rows(told: Explanation, around: Surroundings, width: int) -> list[Row]:
    """Return an explanation as rows: the verdict, each rule in turn, the facts. The cursor rests on rules."""
    rows = [_still(f"verdict {number}", line) for number, line in enumerate(verdict(told, around, width))]
    rows.append(_still("gap", EMPTY))
    rows.append(_title("Rules, in turn"))
    names = min(max((len(shown(each.name)) for each in told.rules), default=0), max(width // 3, 12))
    decided = False
    for number, reason in enumerate(told.rules):
        rows += _rule_rows(number, reason, names, width - 2)
        decided = decided or reason.matches
    if decided and len(told.rules) > 1:
        rows.append(_still("first", ((" " * (MARK + 2) + "the first that matches decides", "faint"),)))
    rows.append(_still("gap 2", EMPTY))
    rows.append(_title("What the rules could look at"))
    rows += [_still(f"fact {name}", line) for name, line in fact_lines(told.facts, around, width)]
    return rows


def verdict(told: Explanation, around: Surroundings, width: int) -> list[Line]:
    """Return where the file would go, or why it stays."""
    lines: list[Line] = []
    if told.action and told.destination and told.destination != told.path:
        word = {"move": "goes to", "copy": "is copied to"}.get(told.action, told.action)
        lines += _told(word, around.tilde(told.destination), "accent", width)
    elif told.action == "trash":
        lines += _told("goes to", "the trash", "accent", width)
    elif told.action == "leave":
        lines += _told("stays", "a rule leaves it where it is", "text", width)
    elif told.destination:
        lines += _told("stays", "it is where it belongs", "good", width)
    if told.follows:
        lines += _told("with", shown(told.follows), "text", width)
    if told.left_alone and told.action != "leave" and not (told.action == "move" and told.destination == told.path):
        word = "but" if lines else "stays"
        lines += _told(word, told.left_alone, "warn", width)
    return lines or [*_told("stays", "no rule takes it", "text", width)]


def _told(word: str, text: str, role: str, width: int) -> Iterator[Line]:
    first, *more = folded(text, max(width - 16, 10))
    yield ((f"  {word:<13} ", "dim"), (first, role))
    yield from (((" " * 16, "text"), (part, role)) for part in more)


def _rule_rows(number: int, reason: RuleReason, names: int, width: int) -> Iterator[Row]:
    mark = ("yes", "good") if reason.matches else ("no", "faint")
    first, *more = folded(reason.why, max(width - MARK - names - 3, 10))
    line: Line = (
        (f"{mark[0]:<{MARK}}", mark[1]),
        (fitted(reason.name, names) + "  ", "strong" if reason.matches else "text"),
        (first, "text" if reason.matches else "dim"),
    )
    yield Row(f"rule {number}", partial(_drawn, line), line, reason)
    indent = " " * (2 + width_of(line[:2]))
    for place, part in enumerate(more):
        yield _still(f"rule {number} {place}", ((indent, "text"), (part, "dim")))


def fact_lines(facts: dict[str, str | int | None], around: Surroundings, width: int) -> list[tuple[str, Line]]:
    """Return facts in words, those that say nothing at the end in one line."""
    lines: list[tuple[str, Line]] = []
    missing = []
    for name, value in facts.items():
        if value is None:
            missing.append(name)
        elif name not in _OF_PLACE:
            told = _told_fact(name, value, around)
            for number, part in enumerate(folded(told, max(width - 16, 10))):
                lines.append((f"{name} {number}", ((f"  {'' if number else name:<13} ", "dim"), (part, "text"))))
    if missing:
        lines.append(("missing", ((f"  {'it has no':<13} ", "dim"), (", ".join(missing), "faint"))))
    return lines


def _told_fact(name: str, value: str | int, around: Surroundings) -> str:
    if name == "size" and isinstance(value, int):
        return words.size(value)
    if name in _MOMENTS and isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
            here = moment.astimezone(around.now().tzinfo) if moment.tzinfo else moment  # a camera knows no zone
            return f"{here:%Y-%m-%d %H:%M}"
    return str(value)


def _title(title: str) -> Row:
    return Row(title, lambda width: rule(width, title), title, selectable=False)


def _still(key: str, line: Line) -> Row:
    return Row(key, partial(_drawn, line), line, selectable=False)


def _drawn(line: Line, width: int) -> Line:
    return line
