"""What is remembered of an operation that ended: what was decided by it, what is in step, where files went."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from core.config import Config
from core.errors import UnknownFolder, UnknownOperation
from core.journal import OperationFiles, Outcomes
from core.model import OperationKind, Plan, Request, State
from core.review import is_whole_pass, pass_root
from core.state import StateDirectory
from core.stores.decisions import Decision, Decisions, run_decisions, undone_decisions
from core.stores.history import History
from core.sync.pairs import Pairs

_RUN_TO_THE_END: frozenset[State] = frozenset({"completed", "partial", "failed"})


class Remembering:
    """`files`: finds the directory of an operation."""

    def __init__(
        self, state: StateDirectory, config: Config, pairs: Pairs, files: Callable[[str], OperationFiles]
    ) -> None:
        self._state = state
        self._config = config
        self._pairs = pairs
        self._files = files

    def knows(self, id: str) -> bool:
        """Tell whether the history has an operation: the last that is done for one that ended."""
        with closing(History(self._state.history)) as history:
            return history.knows(id)

    def record(self, request: Request, plan: Plan, outcomes: Outcomes) -> None:
        """Take into the history where files went."""
        with closing(History(self._state.history)) as history:
            history.record(request, plan, outcomes)

    def decide(self, request: Request, plan: Plan, outcomes: Outcomes) -> None:
        """Remember what the operation decides of files, and of its folder. Raises StorageError of a pair's bucket."""
        is_rollback = request.kind == "rollback"
        rules = self._rules_hash(request.folder) if is_rollback else plan.rules
        decided = undone_decisions if is_rollback else run_decisions
        with closing(Decisions(self._state.decisions)) as decisions:
            decisions.record(decided(rules, request, plan, outcomes))
            decisions.record(self._settle_pair(request, plan, outcomes))
            if is_whole_pass(request) and outcomes.sealed and outcomes.sealed.state in _RUN_TO_THE_END:
                decisions.record_pass(pass_root(request, plan), plan.rules)

    def _settle_pair(self, request: Request, plan: Plan, outcomes: Outcomes) -> list[Decision]:
        """Remember what a sync brought in step, or what the undo of one put out of it again."""
        if self._kind(request) != "sync":
            return []
        try:
            folder = self._config.folder(request.folder)
        except UnknownFolder:
            return []
        if request.kind == "rollback":
            return self._pairs.undo(folder, request, plan) if folder.sync else []
        self._pairs.end(folder, request, plan, outcomes)
        return []

    def _kind(self, request: Request) -> OperationKind:
        """Return what kind of operation a request is, or takes back, or brings back."""
        while request.undo_of is not None:
            try:
                request = self._files(request.undo_of).request()
            except UnknownOperation:
                break
        return request.kind

    def _rules_hash(self, folder: str) -> str:
        try:
            return self._config.folder(folder).rules.hash
        except UnknownFolder:
            return ""
