"""What the rules would do in a folder that is not watched yet: looked at, nothing changed."""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from core.config import Config, Folder
from core.config.writing import NewFolder, proposed
from core.errors import UsageError
from core.facts import FactReader
from core.model import DIRECTORY_KINDS, Plan, Request, Step, StepView, new_id, now
from core.names import shown
from core.planners import Ground, organize
from core.planners.scope import Scope
from core.planners.survey import Survey
from core.storage import open_storage
from core.views.explain import NOTHING_KNOWN
from core.views.steps import view

LOOKED_AT = 2000
"""Files that the rules are asked about: enough to tell what they would do, soon enough to wait for."""
SAMPLE = 20


class RuleShare(Struct, frozen=True):
    """How many files one rule would take."""

    rule: str
    files: int


class Prospect(Struct, frozen=True, kw_only=True):
    """What would become of a folder's files. `files`: all that organizing looks at; `looked_at`: those it was asked.

    `moves`, `stays`: of those that were looked at. `refusals`: files that would stay though a rule wants them, by
    reason. `table`: the lines that the config gets.
    """

    name: str
    table: str
    files: int
    looked_at: int
    moves: int
    stays: int
    rules: list[RuleShare]
    refusals: dict[str, int]
    sample: list[StepView]


def prospect(config_path: Path, new: NewFolder) -> Prospect:
    """Return what would become of a new folder's files by the rules of the config that it would stand in.

    Raises UsageError for what is no folder to watch, ConfigError where the config has mistakes, StorageError.
    """
    if not os.path.isdir(new.path):
        raise UsageError(f"{shown(new.path)} is not a folder, or not there", field="path")
    proposal = proposed(config_path, new)
    folder = proposal.folder
    files = _files(folder, proposal.config)
    asked = files[:LOOKED_AT]
    plan = _plan(folder, proposal.config, asked)
    steps = [step for step in plan.steps if step.kind not in DIRECTORY_KINDS]
    acting = [step for step in steps if not step.refused]
    leaving = {step.source for step in acting if step.kind != "copy"}
    return Prospect(
        name=folder.name,
        table=new.table,
        files=len(files),
        looked_at=len(asked),
        moves=len(leaving),
        stays=len(set(asked) - leaving),
        rules=[RuleShare(*share) for share in Counter(step.why for step in acting).most_common()],
        refusals=dict(Counter(step.refused for step in steps if step.refused)),
        sample=[_expected(step, plan) for step in islice(_told_apart(steps), SAMPLE)],
    )


def _files(folder: Folder, config: Config) -> list[bytes]:
    scope = Scope(folder, config, subfolders=folder.subfolders)
    scope.check_root()
    with open_storage(folder.path) as storage:
        families = Survey(cast(Any, storage), scope, None).families(lambda seen: None)
        return [file.path for family in families for file in family]


def _plan(folder: Folder, config: Config, files: list[bytes]) -> Plan:
    request = Request(id=new_id(), kind="organize", folder=folder.name, created=now(), paths=files)
    nothing = cast(Any, NOTHING_KNOWN)
    with FactReader(None) as facts:
        return organize.plan(
            request, Ground(config, facts, nothing, nothing, cast(Any, None), lambda phase, done, total: None)
        )


def _told_apart(steps: list[Step]) -> list[Step]:
    """Return steps so that the first few show what each rule does."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int, Step]] = []
    for place, step in enumerate(steps):
        turns.append((seen[step.why], place, step))
        seen[step.why] += 1
    return [step for _, _, step in sorted(turns, key=lambda turn: turn[:2])]


def _expected(step: Step, plan: Plan) -> StepView:
    seen = view(step, plan.roots)
    return replace(seen, outcome="skipped") if step.refused else seen
