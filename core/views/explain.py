"""Why a file goes where it goes, or stays: each rule in turn, the facts it looked at, what is remembered.

The verdict is the planner's own, over this one file: what `explain` says is what `organize` would do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from msgspec import Struct

from core.config import Config, Folder
from core.errors import UsageError
from core.facts import FactReader, FileFacts
from core.model import Plan, Request, Step, absolute, new_id, now
from core.names import shown, wire_path
from core.planners import Ground, organize
from core.planners.distant import project_mark_of
from core.planners.scope import Scope, project_mark
from core.planners.survey import Survey
from core.rules import Ruling
from core.storage import Entry, open_storage
from core.storage.local import LocalStorage
from core.storage.s3.listing import Listing

if TYPE_CHECKING:
    from core.storage.remotes import Remotes
    from core.stores.decisions import Decisions
    from core.stores.history import History

_ALWAYS = ("kind", "taken", "modified", "size")
_TEXT_SHOWN = 200

_REMEMBERED = {
    "undone": "a person took its move back; the agent leaves it alone until it or the rules change",
    "rejected": "a person rejected its move; the agent leaves it alone until it or the rules change",
    "failed": "its step failed; the agent leaves it alone until it or the rules change",
}


class RuleReason(Struct, frozen=True):
    """Whether one rule matches, and why."""

    name: str
    matches: bool
    why: str


class Explanation(Struct, frozen=True, kw_only=True):
    """What is known and decided about one file.

    `action` and `destination`: what organizing its folder would do with it; none where nothing would be done.
    `left_alone`: why the agent does not touch it. `follows`: the file it belongs to, which decides for it. Paths are
    absolute, `*_b64` where one is not UTF-8.
    """

    path: str
    facts: dict[str, str | int | None]
    rules: list[RuleReason]
    action: str | None
    destination: str | None
    left_alone: str | None
    follows: str | None = None
    folder: str
    path_b64: str | None = None
    destination_b64: str | None = None


def explain(
    file: Path | bytes | str,
    config: Config,
    facts: FactReader,
    decisions: Decisions | None = None,
    history: History | None = None,
) -> Explanation:
    """Explain one file, also without any config. Raises UsageError for what is no file."""
    path = os.path.abspath(os.fsencode(os.path.expanduser(file)))
    if not os.path.lexists(path):
        raise UsageError(f"no file {shown(path)}")
    folder = config.owner(path) or config.folder(os.fsdecode(os.path.dirname(path)))
    return _Explainer(folder, config, facts, decisions, history).explain(path)


def explain_object(
    uri: bytes, config: Config, remotes: Remotes, decisions: Decisions | None = None, history: History | None = None
) -> Explanation:
    """Explain one object of a folder that is a bucket, by its `s3://` URI. The folder is listed, nothing is changed.

    Raises UsageError for what is no object of such a folder, RemoteRefused, RemoteUnreachable.
    """
    folder = config.owner(uri)
    if folder is None or folder.is_local:
        raise UsageError(f"{shown(uri)} lies in no folder of the config")
    with closing(Listing(remotes.bucket(folder.path))) as listing, FactReader(None, remote=remotes) as facts:
        return _ObjectExplainer(folder, config, facts, decisions, history, listing).explain(uri)


class _Verdict(NamedTuple):
    action: str | None = None
    destination: bytes | None = None
    left_alone: str = ""


class _Explainer:
    def __init__(
        self, folder: Folder, config: Config, facts: FactReader, decisions: Decisions | None, history: History | None
    ) -> None:
        self._folder = folder
        self._config = config
        self._facts = facts
        self._decisions = decisions
        self._history = history or NOTHING_KNOWN
        self._scope = Scope(folder, config, subfolders=folder.subfolders, mark=self._project_mark)

    # -- what is asked of the folder

    @property
    def _project_mark(self) -> Callable[[bytes], str]:
        """What says of an absolute directory what makes it a project's, or nothing."""
        return project_mark

    def _opened(self) -> AbstractContextManager[LocalStorage]:
        return open_storage(self._folder.path)

    def _plan(self, request: Request, ground: Ground) -> Plan:
        return organize.plan(request, ground)

    # -- explaining

    def explain(self, path: bytes) -> Explanation:
        relative = path[len(self._folder.path.rstrip(b"/")) + 1 :]
        entry = self._entry(relative)
        file = self._facts.of(self._folder.path, entry)
        said = self._folder.rules.explain(file, self._folder)
        family = self._family(relative)
        leader = family[0].path if family and family[0].path != relative else None
        verdict = self._verdict(relative, said, family, leader)
        shown_path, path_b64 = wire_path(path)
        where, where_b64 = wire_path(verdict.destination) if verdict.destination else (None, None)
        return Explanation(
            path=shown_path,
            path_b64=path_b64,
            folder=self._folder.name,
            facts=_told(file),
            rules=[RuleReason(*reason) for reason in said.trail],
            action=verdict.action,
            destination=where,
            destination_b64=where_b64,
            left_alone=verdict.left_alone or self._remembered(entry) or None,
            follows=None if leader is None else shown(leader),
        )

    def _verdict(self, relative: bytes, said: Ruling, family: Sequence[Entry], leader: bytes | None) -> _Verdict:
        if mark := self._project_mark(self._folder.path):
            return _Verdict(left_alone=mark)
        why_not = self._scope.why_not(relative)
        if (step := self._step(relative)) is not None:
            return _Verdict(step[0].kind, step[1], why_not or step[0].refused)
        if why_not or said.trouble:
            return _Verdict(left_alone=why_not or said.trouble)
        if not family:
            return _Verdict(left_alone="it waits: something unfinished belongs to it")
        if leader is not None:
            return _Verdict(left_alone=f"it stays with {shown(os.path.basename(leader))}")
        if said.action == "leave":
            return _Verdict("leave", None, f"rule {said.rule} leaves it")
        if said.action == "move":
            return _Verdict("move", self._folder.absolute(relative), "it is where it belongs")
        return _Verdict(left_alone="no rule takes it")

    def _step(self, relative: bytes) -> tuple[Step, bytes | None] | None:
        """Return what organizing would do with the file, and the absolute place it would go to (not in the trash)."""
        request = Request(
            id=new_id(), kind="organize", folder=os.fsdecode(self._folder.path), created=now(), subfolders=True,
            paths=[relative],
        )  # fmt: skip
        ground = Ground(
            self._config,
            self._facts,
            self._decisions or cast(Any, NOTHING_KNOWN),
            cast(Any, self._history),
            cast(Any, None),
            lambda phase, done, total: None,
        )
        plan = self._plan(request, ground)
        mine = [step for step in plan.steps if step.source == relative and step.kind != "rmdir"]
        if not mine:
            return None
        step = max(mine, key=lambda each: each.kind != "copy")  # what moves it says more than what copies it
        for later in plan.steps[step.seq + 1 :]:
            if later.kind == "move" and later.source == step.destination:  # it only waits beside for its name
                step = later
        return step, None if step.kind == "trash" else absolute(plan.roots, step.destination_root, step.destination)

    def _remembered(self, entry: Entry) -> str:
        if self._decisions is None:
            return ""
        what = self._decisions.blocks(self._folder.path, entry, self._folder.rules.hash)
        return _REMEMBERED.get(what, what) if what else ""

    def _family(self, relative: bytes) -> list[Entry]:
        """Return the files that belong together with this one, the one that decides first; none if it waits."""
        scope = Scope(self._folder, self._config, subfolders=True, mark=self._project_mark)
        with self._opened() as storage:
            return next(Survey(storage, scope, [relative]).families(lambda seen: None), [])

    def _entry(self, relative: bytes) -> Entry:
        with self._opened() as storage:
            entry = storage.entry(relative) if relative else None
        if entry is None:
            raise UsageError(f"{shown(os.path.join(self._folder.path, relative))} is no file")
        return entry


class _ObjectExplainer(_Explainer):
    """The same of an object: its bucket's listing answers what a folder is asked."""

    def __init__(
        self,
        folder: Folder,
        config: Config,
        facts: FactReader,
        decisions: Decisions | None,
        history: History | None,
        listing: Listing,
    ) -> None:
        self._listing = listing
        super().__init__(folder, config, facts, decisions, history)

    @property
    def _project_mark(self) -> Callable[[bytes], str]:
        return project_mark_of(self._listing)

    def _opened(self) -> AbstractContextManager[LocalStorage]:
        return nullcontext(cast("LocalStorage", self._listing))

    def _plan(self, request: Request, ground: Ground) -> Plan:
        return organize.plan_listed(request, ground, self._folder, self._listing)


class NothingKnown:
    """Decisions and history for a file that no Shelver ever saw."""

    def blocks(self, root: bytes, entry: Entry, rules: str) -> None:
        """Nobody decided anything."""

    def copied(self, path: bytes, entry: Entry, rule: str) -> bool:
        """Nothing was copied."""
        return False

    is_empty = True

    def newest_destinations(self, paths: Sequence[bytes], within: float | None = None) -> dict[bytes, bytes]:
        """Nothing went anywhere."""
        return {}


NOTHING_KNOWN = NothingKnown()


def _told(file: FileFacts) -> dict[str, str | int | None]:
    for name in _ALWAYS:
        file.get(name)
    return {name: _plain(value) for name, value in sorted(file.known().items())}


def _plain(value: Any) -> str | int | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str):
        text = shown(value)
        return text if len(text) <= _TEXT_SHOWN else text[:_TEXT_SHOWN] + "…"
    return value  # type: ignore[no-any-return]
