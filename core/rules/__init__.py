"""Rules: which file goes where. The first rule that matches decides; `copy` rules run beside and never decide."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

from msgspec import Struct

from core.names import split_extension
from core.rules import templates
from core.rules.conditions import AllOf, Facts, RegexTimedOut, Subject, extension_of
from core.rules.templates import NoValueError, Template

Action = Literal["move", "copy", "trash", "leave"]
Clash = Literal["number", "skip", "same-or-number"]

ACTIONS = ("move", "copy", "trash", "leave")
CLASHES = ("number", "skip", "same-or-number")

_LANGUAGE = 1
"""Grows when the same words come to mean something else, so that remembered decisions are looked at anew."""

_KNOWN_EXTENSIONS = 4096  # hostile names could bring any number
_TIMEOUTS_ALLOWED = 8


@dataclass(frozen=True)
class Rule:
    """One `[[rule]]`."""

    name: str
    condition: AllOf
    action: Action
    to: Template | None
    on_conflict: Clash
    source: str
    """The rule as it stands in the config, in one canonical form."""
    place: tuple[str | int, ...] = ()
    sound: bool = True
    """False where a mistake was found in it, so that nothing more is concluded from it."""

    @property
    def decides(self) -> bool:
        """Whether no later rule is asked once this one matched."""
        return self.action != "copy"

    @cached_property
    def keeps_place(self) -> bool:
        """Whether its destination is the same folder under whatever name a file comes."""
        if self.to is None:
            return True
        told_by_name = templates.NAMES - {"ext"} if self.to.keeps_name else templates.NAMES  # a number leaves that
        return not self.to.facts & (told_by_name | self.condition.groups)

    @cached_property
    def facts(self) -> frozenset[str]:
        """Every fact it may ask."""
        asked = self.to.facts - self.condition.groups if self.to else frozenset()
        return self.condition.facts | (asked - templates.NAMES)


class Ruling(Struct, frozen=True):
    """What the rules say about one file.

    `destination` is absolute, where the action has one. `trail` (filled by `explain` alone): each rule's name, whether
    it matches, and why. `trouble`: why nothing can be told about the file, which is then left alone.
    """

    rule: str | None = None
    action: Action | None = None
    destination: bytes | None = None
    on_conflict: Clash = "number"
    copies: Sequence[tuple[str, bytes]] = ()
    trail: Sequence[tuple[str, bool, str]] = ()
    trouble: str = ""


NOTHING = Ruling()


class Home(Protocol):
    """Where the file lies that is decided about: a folder of the config."""

    def absolute(self, path: bytes) -> bytes:
        """Return where a path lies that is relative to it; an absolute one is returned as it is."""


class Candidate(NamedTuple):
    """A rule that may match files with some extension. `certain`: it does. `fixed`: the folder where all of them go."""

    rule: Rule
    certain: bool
    fixed: bytes | None


class RuleSet:
    """Rules in their order, ready to decide.

    Safe to share between threads: what it learns about extensions is a cache. `renewed` gives it new patience with
    regexes that time out.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_extension: dict[tuple[bytes, str | None], tuple[Candidate, ...]] = {}
        self._needs: dict[bytes, frozenset[str]] = {}
        self._timeouts: dict[str, int] = {}

    @cached_property
    def hash(self) -> str:
        """What changes when a rule or their order changes."""
        text = json.dumps([_LANGUAGE, *(rule.source for rule in self.rules)])
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    @cached_property
    def needs(self) -> frozenset[str]:
        """Every fact that some rule may ask, apart from what a file's name and size tell."""
        return frozenset(fact for rule in self.rules for fact in rule.facts)

    def needs_of(self, path: bytes) -> frozenset[str]:
        """Return the facts that rules may ask of a file, by its extension."""
        ending = split_extension(path[path.rfind(b"/") + 1 :])[1]
        known = self._needs.get(ending)
        if known is None:
            candidates = self._candidates(ending)
            known = self._needs[ending] = frozenset(fact for each in candidates for fact in each.rule.facts)
        return known

    def rule(self, name: str) -> Rule:
        """Return the rule with a name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.rules}

    def named(self, names: Sequence[str]) -> RuleSet:
        """Return the rules with these names, in their order here."""
        return RuleSet([rule for rule in self.rules if rule.name in names])

    def renewed(self) -> RuleSet:
        """Return the same rules, patient again."""
        return RuleSet(self.rules)

    def decide(self, facts: Facts, home: Home) -> Ruling:
        """Return what the rules say about a file of a folder."""
        name = facts.entry.path.rpartition(b"/")[2]
        candidates = self._candidates(split_extension(name)[1])
        if not candidates:
            return NOTHING
        subject: Subject | None = None
        copies: list[tuple[str, bytes]] = []
        destination: bytes | None
        for rule, certain, fixed in candidates:
            if fixed is not None:
                destination = home.absolute(fixed + name)
            else:
                subject = subject or Subject(facts)
                subject.groups = {}
                try:
                    if not certain and not self._holds(rule, subject):
                        continue
                    destination = self._destination(rule, subject, home)
                except NoValueError:
                    continue
                except RegexTimedOut:
                    return Ruling(trouble=f"rule {rule.name} timed out")
            if rule.decides:
                return Ruling(rule.name, rule.action, destination, rule.on_conflict, copies)
            if destination is not None:
                copies.append((rule.name, destination))
        return Ruling(copies=copies) if copies else NOTHING

    def alike(self, ending: bytes, kind: str | None = None) -> Ruling | None:
        """Return what the rules say of every file with an extension (with its dot) and, where it is told, a kind.

        `destination` is then the folder, with its slash, where all of them go. None where more of a file matters.
        """
        candidates = self._candidates(ending, kind)
        if not candidates:
            return NOTHING
        rule, certain, fixed = candidates[0]
        if not certain or not rule.decides or (rule.to is not None and fixed is None):
            return None
        return Ruling(rule.name, rule.action, fixed, rule.on_conflict)

    def explain(self, facts: Facts, home: Home) -> Ruling:
        """Return the same, with every rule's reason."""
        subject = Subject(facts)
        trail = [(rule.name, *self._reason(rule, subject, home)) for rule in self.rules]
        ruling = self.decide(facts, home)
        return Ruling(
            ruling.rule,
            ruling.action,
            ruling.destination,
            ruling.on_conflict,
            ruling.copies,
            trail,
            ruling.trouble,
        )

    def _reason(self, rule: Rule, subject: Subject, home: Home) -> tuple[bool, str]:
        subject.groups = {}
        try:
            if not self._holds(rule, subject):
                return False, rule.condition.why(subject)
            why = rule.condition.why(subject)
            self._destination(rule, subject, home)
        except NoValueError as error:
            return False, f"{why}; but {error}"
        except RegexTimedOut:
            return False, "rule timed out"
        return True, why

    def _candidates(self, ending: bytes, kind: str | None = None) -> tuple[Candidate, ...]:
        """Return the rules that may match a file, by what its extension, and its kind where it is told, alone tell."""
        known = self._by_extension.get((ending, kind))
        return self._learn(ending, kind) if known is None else known

    def _learn(self, ending: bytes, kind: str | None) -> tuple[Candidate, ...]:
        ext = extension_of(b"x" + ending)
        candidates = []
        for rule in self.rules:
            answer = rule.condition.by_extension(ext, kind)
            if answer is not False:
                certain = answer is True
                candidates.append(Candidate(rule, certain, _fixed_folder(rule, ending, kind) if certain else None))
            if answer and rule.decides and (rule.to is None or rule.to.static is not None):
                break
        if len(self._by_extension) >= _KNOWN_EXTENSIONS:
            self._by_extension.clear()
            self._needs.clear()
        self._by_extension[ending, kind] = tuple(candidates)
        return self._by_extension[ending, kind]

    def _holds(self, rule: Rule, subject: Subject) -> bool:
        if self._timeouts.get(rule.name, 0) >= _TIMEOUTS_ALLOWED:  # it would cost the run, not a file
            raise RegexTimedOut
        try:
            return rule.condition.holds(subject)
        except RegexTimedOut:
            self._timeouts[rule.name] = self._timeouts.get(rule.name, 0) + 1
            raise

    def _destination(self, rule: Rule, subject: Subject, home: Home) -> bytes | None:
        if rule.to is None:
            return None
        name = subject.facts.entry.path.rpartition(b"/")[2]
        return home.absolute(rule.to.render(lambda fact: _value(fact, subject), name))


def _fixed_folder(rule: Rule, ending: bytes, kind: str | None) -> bytes | None:
    """Return the folder (with its slash) of all files with an extension, where nothing else of them matters."""
    values = {"ext": os.fsdecode(ending[1:])} | ({} if kind is None else {"kind": kind})
    if rule.to is None or not rule.to.keeps_name or not rule.to.facts <= values.keys() - rule.condition.groups:
        return None
    try:
        return rule.to.render(values.__getitem__, b"")
    except NoValueError:
        return None


def _value(fact: str, subject: Subject) -> Any:
    if fact in subject.groups:
        return subject.groups[fact]
    if fact not in templates.NAMES:
        return subject.facts.get(fact) if fact in templates.PLACEHOLDERS else None
    path = subject.facts.entry.path
    name = path.rpartition(b"/")[2]
    stem, extension = split_extension(name)
    return os.fsdecode({"path": path, "name": name, "stem": stem, "ext": extension[1:]}[fact])
