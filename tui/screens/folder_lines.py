"""The lines of a folder's screen: how it is, what the config says of it, its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from rich.cells import cell_len

from core.model import FolderStatus
from core.names import shown
from tui import words
from tui.surroundings import Surroundings
from tui.widgets.board import Row
from tui.widgets.line import Line, cut, fitted, folded, right, rule
from tui.wire_looks import FolderRules, FolderSettings, RuleView

NUMBER = 4
MOVED = 9
"""Cells of a rule's number, and of how many files it moved."""

_STATES = {
    "watching": "good",
    "starting": "accent",
    "degraded": "warn",
    "paused": "warn",
    "halted": "bad",
}

_STATES_TOLD = {
    "watching": "every new file is looked at once it has settled",
    "starting": "it is gone through for the first time",
    "degraded": "it is looked after, but not as well as it could be",
    "paused": "nothing is started here until it is resumed",
    "halted": "nothing is started here until you accept it as it is now",
}


def state_lines(folder: FolderStatus, around: Surroundings, key: Callable[[str], str], width: int) -> list[Line]:
    """Return how a folder is, in words: its state and why, what lies in it."""
    role = _STATES[folder.state]
    told = folder.reason or _STATES_TOLD[folder.state]
    first, *more = folded(told, max(width - len(folder.state) - 2, 10))
    lines: list[Line] = [((folder.state, role), ("  ", "text"), (first, "text" if folder.reason else "dim"))]
    lines += [((" " * (len(folder.state) + 2), "text"), (part, "text" if folder.reason else "dim")) for part in more]
    if folder.reason:
        lines.append(((cut(_STATES_TOLD[folder.state], width), "dim"),))
    parts = [words.files(folder.files), f"{words.count(folder.new_today)} new today"]
    if folder.waiting:
        parts.append(f"{words.count(folder.waiting)} settling")
    if folder.last_reconcile is not None:
        parts.append(f"looked through at {words.moment(folder.last_reconcile, around.now())}")
    lines.append(((cut(" · ".join(parts), width), "dim"),))
    return [*lines, *pair_lines(folder, around, key, width)]


def pair_lines(folder: FolderStatus, around: Surroundings, key: Callable[[str], str], width: int) -> list[Line]:
    """Return how a folder and its bucket stand; nothing for a folder without one."""
    if not words.has_pair(folder):
        return []
    told, since = words.pair(folder), ""
    if folder.in_step is not None:
        moment = words.moment(folder.in_step, around.now())
        since = f" since {moment}" if told == "in step" else f"{', ' if told else ''}last in step at {moment}"
    elif not told and not folder.sync_paused:
        since = "not compared with its bucket yet"
    settles = f" · {key('conflicts')} settles them" if folder.conflicts else ""
    line: Line = (
        (told, "good" if told == "in step" else "accent"),
        (cut(since + settles, max(width - cell_len(told), 0)), "dim"),
    )
    paused = f"sync paused: {folder.sync_paused}" if folder.sync_paused not in ("", folder.reason) else ""
    return [line, *(((part, "warn"),) for part in folded(paused, width) if paused)]


def settings_lines(settings: FolderSettings, width: int) -> list[Line]:
    """Return what the config says of a folder, in a sentence or two."""
    mode = "asks before it moves anything" if settings.mode == "review" else "moves new files by itself"
    depth = "looks into subfolders" if settings.subfolders else "looks at loose files only"
    copies = {
        "off": "duplicates are not looked for",
        "report": "duplicates are told, never touched",
        "trash": "duplicates go to the trash",
        "hardlink": "duplicates become hard links",
        "reflink": "duplicates share their blocks",
    }.get(settings.duplicates, f"duplicates: {settings.duplicates}")
    parts = [mode, depth, copies]
    if settings.sync:
        parts.append(f"in step with {settings.sync}")
    if settings.ignore:
        parts.append(f"ignores {', '.join(settings.ignore)}")
    parts.append(f"settles {_span(settings.settle)}, rescans every {_span(settings.rescan)}")
    return [((part, "dim"),) for part in folded(" · ".join(parts), width)]


def _span(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else words.lasting(seconds)


def rule_rows(told: FolderRules, width: int) -> list[Row]:
    """Return a folder's rules in order, with what each moved lately."""
    own = "Built-in rules" if told.built_in else "Rules"
    title = f"{own}; the first that matches decides"
    aside = f"moved in {told.days} days"
    rows = [Row("title", partial(_title, title, aside), (title, aside), selectable=False)]
    names = min(max((cell_len(shown(each.name)) for each in told.rules), default=0), max(width // 4, 12))
    rows += [
        Row(f"rule {number}", partial(_rule, number, each, names), (number, each, names), each)
        for number, each in enumerate(told.rules, 1)
    ]
    return rows


def _title(title: str, aside: str, width: int) -> Line:
    room = width - len(aside) - 3
    return (*rule(room, cut(title, max(room - 4, 4))), (f" {aside} ", "dim"), ("─", "rule"))


def _rule(number: int, told: RuleView, names: int, width: int) -> Line:
    room = max(width - NUMBER - names - 2 - MOVED, 12)
    matching = room * 45 // 100
    moved = words.count(told.moved) if told.moved else "–"  # noqa: RUF001
    return (
        (right(str(number), NUMBER - 2) + "  ", "faint"),
        (fitted(told.name, names) + "  ", "strong"),
        (fitted(cut(match_words(told.match), matching), matching), "dim"),
        *_deed(told, room - matching),
        (right(moved, MOVED), "text" if told.moved else "faint"),
    )


def _deed(told: RuleView, width: int) -> Iterator[tuple[str, str]]:
    if told.action in ("leave", "trash"):
        said = "stays where it is" if told.action == "leave" else "to the trash"
        yield fitted(f" · {said}", width), "dim"
        return
    arrow = " → " if told.action == "move" else " copy → "
    yield arrow, "faint"
    yield fitted(cut(told.to, width - len(arrow)), width - len(arrow)), "text"


def match_words(match: Mapping[str, Any]) -> str:
    """Return what a rule looks for, in words: `kind image or video, size >10MB`."""
    return ", ".join(_wish(key, value) for key, value in match.items()) or "every file"


def _wish(key: str, value: Any) -> str:
    if key == "not" and isinstance(value, Mapping):
        return f"not ({match_words(value)})"
    if key in ("any", "all") and isinstance(value, list):
        link = " or " if key == "any" else " and "
        return link.join(f"({match_words(each)})" for each in value if isinstance(each, Mapping))
    several = value if isinstance(value, list) else [value]
    return f"{key} {' or '.join(str(each) for each in several)}"


def rule_facts(told: RuleView, days: int, width: int) -> list[Line]:
    """Return all there is to say of a rule, nothing cut off."""
    facts = [
        ("matches", match_words(told.match)),
        ("does", {"leave": "leaves it where it is", "trash": "moves it to the trash"}.get(told.action, told.action)),
        ("to", told.to if told.action in ("move", "copy") else ""),
        ("if taken", _CONFLICTS.get(told.on_conflict, told.on_conflict) if told.action in ("move", "copy") else ""),
        ("lately", f"{words.files(told.moved)} in {days} days"),
    ]
    lines: list[Line] = []
    for name, value in facts:
        if value:
            first, *more = folded(value, max(width - 10, 10))
            lines.append(((f"{name:<10}", "dim"), (first, "text")))
            lines += [((" " * 10, "text"), (part, "text")) for part in more]
    return lines


_CONFLICTS = {
    "number": "gets a number: name (1)",
    "skip": "the file stays where it is",
    "same-or-number": "stays if the same bytes are there, else gets a number",
}
