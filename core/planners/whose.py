"""Whose files a dedupe may touch: the folder's own, but for those that win nothing or that a person took back."""

from __future__ import annotations

from core.config import Config, Folder
from core.duplicates import Member
from core.model import Request
from core.names import is_beneath, shown
from core.planners.organize import named_part
from core.stores.decisions import Decisions

ELSEWHERE: frozenset[str] = frozenset({"off", "report"})
"""In a folder set to one of these a copy is never touched, and counts as the one that stays."""

HARD_LINKED = "it has other names (hard links): no space would be won"


class Whose:
    """Answers for one request."""

    def __init__(self, request: Request, config: Config, folder: Folder, decisions: Decisions) -> None:
        self._folder = folder
        self._decisions = decisions
        self._automatic = request.automatic
        self._within, self._file = named_part(request.folder, folder)
        self._others = {each.path: each for each in config.folders if each.is_local and each.path != folder.path}

    def concerns(self, member: Member) -> bool:
        """Tell whether a file is one that was asked about."""
        path = member.entry.path
        if member.root != self._folder.path or (self._file and path != self._file):
            return False
        return not self._within or is_beneath(path, self._within)

    def stays(self, member: Member) -> str:
        """Say why a file is not touched, whatever becomes of its copies; nothing for one that may go."""
        other = self._others.get(member.root)
        if other is not None:
            return f"it lies in {shown(other.name)}"
        if not self.concerns(member):
            return "it lies outside of what was asked for"
        if member.entry.links > 1:
            return HARD_LINKED
        if self._automatic:
            why = self._decisions.blocks(member.root, member.entry, self._folder.rules.hash)
            return f"it was {why} before: only a person touches it again" if why else ""
        return ""

    def counts_as_kept(self, member: Member) -> str:
        """Say why a file is the one that stays, before any policy is asked; nothing where those decide."""
        other = self._others.get(member.root)
        if other is not None and other.duplicates in ELSEWHERE:
            return f'in {shown(other.name)}, where duplicates = "{other.duplicates}"'
        return "it has several names" if member.entry.links > 1 else ""
