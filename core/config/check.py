"""What is wrong with a config although each value is right: checked before anything moves.

Destinations that escape or lie in the trash, rules that can never be reached, and rules that feed themselves: a file
at its destination would be moved again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from core.config.buckets import check_buckets
from core.duplicates.keepers import folder_named
from core.names import is_beneath, shown
from core.rules import Rule
from core.rules.probes import Probe, probes
from core.toml.sections import Mistakes, meant
from core.trash import TRASH

if TYPE_CHECKING:
    from core.config.models import Config, Folder

_HOPS = 16


def check(config: Config, mistakes: Mistakes) -> None:
    """Note everything that is wrong with the rules and folders taken together."""
    for folder in config.folders:
        if TRASH in folder.path.split(b"/"):
            _note(mistakes, ("folder", config.folders.index(folder), "path"), folder.name, "lies in the trash")
    _check_keepers(config, mistakes)
    check_buckets(config, mistakes)
    for rule in config.rules:
        _check_destination(rule, config, mistakes)
    for folder in config.folders:
        if folder.is_local:
            for rule, before in _unreachable(folder.rules.rules):
                message = f"is never reached in folder {folder.name}: rule {before.name} before it takes every file"
                _note(mistakes, rule.place, f"rule {rule.name}", message, "put it before")
            for rule in folder.rules.rules:
                if message := _feeds_itself(rule, folder, config):
                    _note(mistakes, (*rule.place, "to"), f"rule {rule.name}", message)


def _note(mistakes: Mistakes, place: tuple[str | int, ...], where: str, message: str, hint: str = "") -> None:
    mistakes.note(place, where, message, hint)


def _check_keepers(config: Config, mistakes: Mistakes) -> None:
    names = [folder.name for folder in config.folders]
    for number, text in enumerate(config.duplicates.keep):
        name = folder_named(text)
        if name is not None and name not in names and not name.startswith(("/", "~/")):
            place = ("duplicates", "keep", number)
            _note(mistakes, place, "[duplicates] keep", f"knows no folder {name!r}", meant(name, names))


def _check_destination(rule: Rule, config: Config, mistakes: Mistakes) -> None:
    if rule.to is None or not rule.to.anchor:
        return
    fixed = rule.to.fixed_prefix()
    allowed = [*config.agent.destinations, *(folder.path for folder in config.folders if folder.is_local)]
    if not any(is_beneath(fixed, place) for place in allowed):
        _note(
            mistakes,
            (*rule.place, "to"),
            f"rule {rule.name} to",
            f"{shown(fixed or b'/')} lies in no configured folder",
            "add it to `destinations` in [agent]",
        )


def _unreachable(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Yield each rule that stands behind one which takes every file, with that one."""
    taker = None
    for rule in rules:
        if taker is not None:
            yield rule, taker
        elif rule.sound and rule.decides and not rule.condition.tests and (rule.to is None or _always_has_value(rule)):
            taker = rule


def _always_has_value(rule: Rule) -> bool:
    assert rule.to is not None
    return all(
        isinstance(piece, str)
        or any(
            alternative.text or alternative.fact in {"name", "stem", "path", "kind", "modified"}
            for alternative in piece
        )
        for pieces in rule.to.components
        for piece in pieces
    )


def _feeds_itself(rule: Rule, folder: Folder, config: Config) -> str:
    """Say what would move a file on that a rule has just brought to its destination, or nothing."""
    for probe in probes(rule, folder) if rule.sound else ():
        decision = folder.rules.decide(probe, folder)
        brought = dict([*decision.copies, *([(decision.rule, decision.destination)] if decision.rule else [])])
        destination = brought.get(rule.name)
        if destination is not None and (message := _moves_on(rule, probe, destination, folder, config)):
            return message
    return ""


def _moves_on(rule: Rule, probe: Probe, place: bytes, home: Folder, config: Config) -> str:
    start = place
    for _ in range(_HOPS):
        folder = _looked_at_by(place, config)
        if folder is None:
            return ""
        probe = probe.moved(folder.path, place)
        decision = folder.rules.decide(probe, folder)
        onward = dict(decision.copies).get(rule.name) if not rule.decides else None
        if decision.rule and decision.action in {"move", "trash"} and decision.destination != place:
            by, to = decision.rule, decision.destination
        elif onward is not None and onward != place:
            by, to = rule.name, onward
        else:
            return ""
        if folder.path == home.path:
            onto = f" to {_example(to, home)}" if to else " to the trash"
            what = "feeds itself" if by == rule.name else "a file at its destination would be moved again"
            return f"{what}: rule {by} would take {_example(start, home)} on{onto}"
        if to is None:
            return ""
        place = to
    return "feeds itself: files would go round without end"


def _looked_at_by(place: bytes, config: Config) -> Folder | None:
    """Return the folder that would organize a file at an absolute path, or None."""
    folder = config.owner(place)
    if folder is None or not folder.is_local:
        return None
    beneath = os.path.relpath(place, folder.path)
    parts = beneath.split(b"/")
    if any(part.startswith(b".") for part in parts) or (len(parts) > 1 and not folder.subfolders):
        return None
    return None if folder.ignores(beneath) else folder


def _example(place: bytes, home: Folder) -> str:
    return shown(os.path.relpath(place, home.path) if is_beneath(place, home.path) else place)
