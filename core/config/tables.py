"""Reads the tables of the config, each key checked, into the models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.config.models import (
    DIRECTIONS,
    DUPLICATES,
    FARTHEST_ALIKE,
    MODES,
    NOTICES,
    AgentSettings,
    Config,
    DuplicateSettings,
    Folder,
    HistorySettings,
    NotifySettings,
    QueueSettings,
    Remote,
    TrashSettings,
)
from core.duplicates.keepers import WORDS, check_keeper
from core.globs import ignore_glob
from core.names import shown
from core.rules import Rule, RuleSet
from core.rules.built_in import built_in_rules
from core.rules.reading import read_rule
from core.toml.sections import Mistakes, Section, absolute_path, file_path, meant

_NO_SECRETS = "keys and secrets never stand in the config: name a `profile`, or use the environment"
_REMOTE_HINTS = dict.fromkeys(("key", "secret", "access_key", "secret_key", "token", "password"), _NO_SECRETS)


def read_config(top: Section, path: Path | None) -> Config:
    """Return the config in a whole file; mistakes are noted in the section's list."""
    agent = _agent(top.section("agent", "[agent]"))
    rules = tuple(read_rule(each) for each in top.sections("rule", "rule"))
    _tell_doubles("rule", [rule.name for rule in rules], top.mistakes)
    remotes = tuple(_remote(each) for each in top.sections("remote", "remote"))
    config = Config(
        agent=agent,
        queue=_queue(top.section("queue", "[queue]")),
        history=HistorySettings(_keep(top.section("history", "[history]"), "1y")),
        trash=TrashSettings(_keep(top.section("trash", "[trash]"), "30d")),
        duplicates=_duplicates(top.section("duplicates", "[duplicates]")),
        notify=_notify(top.section("notify", "[notify]")),
        remotes=remotes,
        folders=tuple(_folder(each, agent, rules, remotes) for each in top.sections("folder", "folder")),
        rules=rules,
        path=path,
    )
    _tell_doubles("folder", [folder.name for folder in config.folders], top.mistakes)
    _tell_doubles("folder", [folder.path for folder in config.folders], top.mistakes, key="path")
    top.finish({"folders": "write [[folder]]", "rules": "write [[rule]]", "remotes": "write [[remote]]"})
    return config


def _agent(section: Section) -> AgentSettings:
    settings = AgentSettings(
        mode=section.choice("mode", MODES, "review"),
        settle=section.duration("settle", "5s"),
        rescan=section.duration("rescan", "10m"),
        socket=section.parsed("socket", "/", file_path) if "socket" in section else None,
        destinations=section.each_parsed("destinations", absolute_path),
        admins=section.texts("admins"),
        viewers=section.texts("viewers"),
    )
    section.finish()
    return settings


def _queue(section: Section) -> QueueSettings:
    settings = QueueSettings(section.text("url", "sqlite:"), section.number("workers", 4))
    if not settings.url.startswith(("sqlite:", "redis://", "rediss://")):
        section.wrong("url", f"is no queue: {settings.url!r}", 'there are "sqlite:" and "redis://HOST:PORT/NUMBER"')
    section.finish()
    return settings


def _keep(section: Section, default: str) -> float:
    keep = section.duration("keep", default)
    section.finish()
    return keep


def _duplicates(section: Section) -> DuplicateSettings:
    settings = DuplicateSettings(
        keep=_keepers(section),
        min_size=section.size("min_size", "1B"),
        similar_distance=section.number("similar_distance", 8, least=0, most=FARTHEST_ALIKE),
    )
    section.finish()
    return settings


def _keepers(section: Section) -> tuple[str, ...]:
    keep = []
    for number, text in enumerate(section.texts("keep", DuplicateSettings().keep)):
        try:
            keep.append(check_keeper(text))
        except ValueError as error:
            section.wrong_element("keep", number, str(error), meant(text, WORDS) if "knows no" in str(error) else "")
    return tuple(keep)


def _notify(section: Section) -> NotifySettings:
    settings = NotifySettings(section.texts("command"), section.texts("on", ("failed", "halted", "proposed"), NOTICES))
    section.finish()
    return settings


def _remote(section: Section) -> Remote:
    remote = Remote(
        name=section.required_text("name"),
        endpoint=section.text("endpoint"),
        region=section.text("region"),
        profile=section.text("profile"),
        path_style=section.flag("path_style", False),
        requests_per_month=section.number("requests_per_month", 100_000, least=0),
    )
    section.finish(_REMOTE_HINTS)
    return remote


def _folder(section: Section, agent: AgentSettings, rules: Sequence[Rule], remotes: Sequence[Remote]) -> Folder:
    folder = Folder(
        name=section.required_text("name"),
        path=_folder_path(section),
        mode=section.choice("mode", MODES, agent.mode),
        settle=section.duration("settle", f"{agent.settle}s"),
        rescan=section.duration("rescan", f"{agent.rescan}s"),
        subfolders=section.flag("subfolders", False),
        rules=_rules_of(section, rules),
        duplicates=section.choice("duplicates", DUPLICATES, "report"),
        ignore=_ignore(section),
        sync=_bucket(section, "sync"),
        direction=section.choice("direction", DIRECTIONS, "both"),
        remote=section.text("remote"),
    )
    if folder.remote and folder.remote not in {remote.name for remote in remotes}:
        section.wrong("remote", f"knows no {folder.remote!r}", meant(folder.remote, [r.name for r in remotes]))
    section.finish()
    return folder


def _folder_path(section: Section) -> bytes:
    if section.required_text("path").startswith("s3://"):
        return os.fsencode(_bucket(section, "path"))
    return section.parsed("path", "/", absolute_path) if section.text("path") else b"/"


def _bucket(section: Section, key: str) -> str:
    uri = section.text(key)
    if uri and (not uri.startswith("s3://") or not uri.removeprefix("s3://").partition("/")[0]):
        section.wrong(key, f"{uri!r} names no bucket", 'write "s3://bucket/prefix"')
    return uri.rstrip("/")


def _ignore(section: Section) -> tuple[str, ...]:
    section.each_parsed("ignore", ignore_glob)  # a mistake is noted here, with its line
    return tuple(pattern for pattern in section.texts("ignore") if _compiles(pattern))


def _compiles(pattern: str) -> bool:
    try:
        ignore_glob(pattern)
    except ValueError:
        return False
    return True


def _rules_of(section: Section, rules: Sequence[Rule]) -> RuleSet:
    if "rules" not in section:
        return RuleSet(rules) if rules else built_in_rules()
    chosen = section.texts("rules", options=[rule.name for rule in rules])
    if not chosen and section.raw("rules") == []:
        section.wrong("rules", "must not be empty", "without `rules` every [[rule]] is used")
    by_name = {rule.name: rule for rule in rules}
    return RuleSet([by_name[name] for name in chosen])


def _tell_doubles(what: str, values: Sequence[Any], mistakes: Mistakes, key: str = "name") -> None:
    for number, value in enumerate(values):
        if value and value in values[:number]:
            text = shown(value)
            mistakes.note((what, number, key), f"{what} {text}", f"another {what} has this {key} already")
