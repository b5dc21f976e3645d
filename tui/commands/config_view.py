"""The config as it holds, every default filled in: how `config show` prints it."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from core.config import Config, Folder
from core.names import shown
from core.rules import Rule, RuleSet
from tui.commands.output import Output

TABLES = ("agent", "queue", "history", "trash", "duplicates", "notify")


def print_config(out: Output, config: Config) -> None:
    """Print all of it: one JSON object, or tables as in config.toml. Durations are in seconds, sizes in bytes."""
    known = as_data(config)
    out.record(known)
    out.line((f"# {config.path or 'no config file: these are the defaults'}", "dim"))
    for table in TABLES:
        _print_table(out, f"[{table}]", known[table])
    for kind in ("remote", "folder", "rule"):
        for table in known[f"{kind}s"]:
            _print_table(out, f"[[{kind}]]", table)


def _print_table(out: Output, head: str, table: dict[str, Any]) -> None:
    out.line((head, "strong"))
    for key, value in table.items():
        if value is not None:
            out.line(f"{key} = {json.dumps(value, ensure_ascii=False)}")


def as_data(value: Any) -> Any:
    """Return a part of the config as what JSON has: texts, numbers, lists and objects."""
    match value:
        case Config():
            rules = value.rules or Folder("", b"/").rules.rules  # without any, the built-in ones hold
            return {**_fields(value), "rules": [as_data(rule) for rule in rules]}
        case RuleSet():
            return [rule.name for rule in value.rules]
        case Rule():
            return dict(zip(("name", "match", "action", "to", "on_conflict"), json.loads(value.source), strict=True))
        case bytes():
            return shown(value)
        case Path():
            return str(value)
        case tuple():
            return [as_data(each) for each in value]
        case _:
            return _fields(value) if is_dataclass(value) else value


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: as_data(getattr(value, field.name)) for field in fields(value) if field.name != "configured"}
