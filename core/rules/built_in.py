"""The rules of a folder that has none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from core.rules import RuleSet
from core.rules.reading import read_rule
from core.toml.sections import Mistakes, Section


def _built_in(name: str, kinds: str, to: str) -> Mapping[str, Any]:
    return {"name": name, "match": {"kind": kinds.split()}, "to": to}


_BUILT_IN = (
    _built_in("pictures and videos", "image video", "Pictures/{taken|modified:%Y}/{taken|modified:%Y-%m}/"),
    _built_in("music", "audio", "Music/{artist|'Unknown artist'}/{album|'Singles'}/"),
    _built_in("documents", "document sheet slides ebook mail", "Documents/{modified:%Y}/"),
    _built_in("archives", "archive", "Archives/"),
    _built_in("code", "code", "Code/"),
    _built_in("fonts", "font", "Fonts/"),
    _built_in("data", "data", "Data/"),
    _built_in("programs", "program", "Programs/"),
)


@cache
def built_in_rules() -> RuleSet:
    """Return the rules of a folder that has none: by kind, all beneath the folder itself; `other` stays."""
    mistakes = Mistakes()
    rules = [read_rule(Section(table, (), str(table["name"]), mistakes)) for table in _BUILT_IN]
    mistakes.raise_any("the built-in rules")
    return RuleSet(rules)
