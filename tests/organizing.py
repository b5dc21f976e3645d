"""A folder with rules in tests: a tree before, organize for real, a tree after.

with Home(tmp_path) as home:
    home.rules('[[rule]]\\nname = "pdf"\\nmatch = {ext = "pdf"}\\nto = "Papers/"')
    home.build({"a.pdf": "a"})
    home.organize()
    assert home.tree() == {"Papers/a.pdf": b"a"}
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.config import Config, parse_config
from core.facts import FactReader
from core.model import Plan, Step
from core.planners import Ground, organize
from core.stores.decisions import Decisions
from core.stores.index import Index
from tests import trees
from tests.acting import Done, Scene


class Home:
    """One folder, `home`, with its rules, and a second place, `disk`, that rules may send files to."""

    def __init__(self, directory: Path) -> None:
        self._held = ExitStack()
        self.scene = self._held.enter_context(Scene(directory))
        self.root = self.scene.root
        self.disk = self.scene.disk
        self.decisions = Decisions(directory / "decisions.db")
        self._held.callback(self.decisions.close)
        self.index = Index(directory / "index.db")
        self._held.callback(self.index.close)
        self.facts = self._held.enter_context(FactReader(self.index, decoders=1))
        self.config = Config()
        self.reports: list[tuple[str, int, int]] = []
        self.rules("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    # -- before

    def rules(self, rules: str, folder: str = "subfolders = true", more: str = "") -> None:
        """Configure the folder: its `[[rule]]` tables, more keys of its own, and other tables."""
        self.config = parse_config(
            f'[agent]\ndestinations = ["{self.disk}"]\n'
            f'[[folder]]\nname = "home"\npath = "{self.root}"\n{folder}\n{more}\n{rules}'
        )

    def rule(self, match: str, to: str, folder: str = "subfolders = true", **options: str) -> None:
        """Configure the folder with one rule, called `it`."""
        extra = "".join(f'\n{key} = "{value}"' for key, value in options.items())
        self.rules(f'[[rule]]\nname = "it"\nmatch = {match}\nto = "{to}"{extra}', folder)

    def build(self, tree: trees.Tree) -> None:
        """Make files in the folder."""
        trees.build(self.root, tree)

    # -- acts

    def ground(self) -> Ground:
        """What the planner reads the world through."""
        return Ground(
            self.config,
            self.facts,
            self.decisions,
            self.scene.history,
            self.scene.files,
            lambda phase, done, total: self.reports.append((phase, done, total)),
        )

    def plan(self, **request: Any) -> Plan:
        """Plan, and record the plan as the engine would."""
        asked = self.scene.request(**request)
        plan = organize.plan(asked, self.ground())
        self.scene.files(asked.id).write_plan(plan)
        return plan

    def organize(self, **request: Any) -> Done:
        """Plan and execute."""
        return self.scene.run(self.plan(**request))

    # -- after

    def tree(self) -> dict[str, bytes]:
        """Return the folder's files and empty folders, by path, with their content."""
        return tree_of(self.root)

    def again(self) -> list[Step]:
        """Return the steps that a second pass would do."""
        return acting(self.plan())


def tree_of(root: Path) -> dict[str, bytes]:
    """Return files (path: content) and empty folders (`path/`: nothing) beneath a root."""
    found = trees.read(root)
    parents = {os.path.dirname(path) for path in found}
    tree = {}
    for path, node in found.items():
        if node.kind == "folder" and path not in parents:
            tree[os.fsdecode(path) + "/"] = b""
        elif node.kind != "folder":
            tree[os.fsdecode(path)] = node.content
    return tree


def acting(plan: Plan) -> list[Step]:
    """Return the steps of a plan that would do something."""
    return [step for step in plan.steps if not step.refused]


def lines(steps: Sequence[Step]) -> list[tuple[str, bytes, bytes]]:
    """Return kind, source and destination of steps, for comparison."""
    return [(step.kind, step.source, step.destination) for step in steps]
