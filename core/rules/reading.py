"""A `[[rule]]` of the config becomes a rule; every mistake in it is noted with its place."""

from __future__ import annotations

import json
import re

from core.rules import ACTIONS, CLASHES, Action, Clash, Rule, templates
from core.rules.conditions import AllOf
from core.rules.matching import compile_match
from core.rules.templates import Template, TemplateError
from core.toml.sections import Section


def read_rule(section: Section) -> Rule:
    """Read one `[[rule]]`; mistakes are noted in the section's list."""
    mistakes = len(section.mistakes.found)
    name = section.required_text("name")
    if "match" not in section:
        section.wrong(None, "needs `match`", "match = {} matches every file")
    condition = compile_match(section.section("match", f"{section.where} match"))
    action: Action = section.choice("action", ACTIONS, "move")
    to = _read_destination(section, action, condition)
    on_conflict: Clash = section.choice("on_conflict", CLASHES, "number")
    source = json.dumps(
        [name, section.raw("match"), action, section.raw("to"), on_conflict], sort_keys=True, default=str
    )
    section.finish()
    return Rule(
        name, condition, action, to, on_conflict, source, section.place, sound=len(section.mistakes.found) == mistakes
    )


# Also the groups of a regex that does not compile: one mistake is told once.
_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


def _read_destination(section: Section, action: Action, condition: AllOf) -> Template | None:
    if action in {"trash", "leave"}:
        if "to" in section:
            section.wrong("to", f'says where, but action = "{action}" moves nothing there')
        return None
    if "to" not in section:
        section.wrong(None, "needs `to`", 'write where the file goes, as in "Pictures/"')
        return None
    if not isinstance(section.raw("to"), str):
        section.text("to")
        return None
    groups = condition.groups | set(_GROUP.findall(json.dumps(section.raw("match"), default=str)))
    try:
        return templates.parse(section.text("to"), groups)
    except TemplateError as error:
        section.wrong("to", str(error), error.hint)
    except ValueError as error:
        section.wrong("to", str(error))
    return None
