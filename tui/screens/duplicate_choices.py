"""What shall stay of each group of duplicates: as the agent proposes, by a policy, or as a person chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui.wire_looks import Duplicate, DuplicateGroup

Policy = str

POLICIES: Mapping[Policy, str] = {
    "oldest": "the one that was changed longest ago",
    "newest": "the one that was changed last",
    "shortest": "the one with the shortest path",
    "longest": "the one with the longest path",
}
BEST = "best"
"""The policy for pictures that look alike: the one with the most pixels, which the agent names first."""


_ORDERS: dict[Policy, Callable[[Duplicate], float]] = {
    "oldest": lambda file: file.mtime,
    "newest": lambda file: -file.mtime,
    "shortest": lambda file: len(file.path),
    "longest": lambda file: -len(file.path),
}


def by_policy(group: DuplicateGroup, policy: Policy) -> str | None:
    """Return which file of a group a policy keeps; None where it says nothing."""
    if not group.files:
        return None
    if policy == BEST:
        return group.files[0].path
    kept = [file for file in group.files if file.protected] or group.files
    return min(kept, key=_ORDERS[policy]).path if policy in _ORDERS else None


class Choices:
    """What a person chose so far, by group; what nobody chose goes by the policy, or stays as the agent says."""

    def __init__(self) -> None:
        self.policy: Policy | None = None
        self._chosen: dict[int, str] = {}
        self._near: set[int] = set()

    def keeps(self, group: DuplicateGroup) -> str | None:
        """Return the path of the file that stays; None for pictures about which nobody decided."""
        if group.group in self._chosen:
            return self._chosen[group.group]
        if group.near:
            return None
        return (by_policy(group, self.policy) if self.policy else None) or group.keep

    def is_own(self, group: DuplicateGroup) -> bool:
        """Tell whether a person chose for this very group."""
        return group.group in self._chosen

    def choose(self, group: DuplicateGroup, path: str | None) -> None:
        """Keep a file of a group; None leaves the group to the policy, or pictures alone."""
        if path is None or (not group.near and path == group.keep and self.policy is None):
            self._chosen.pop(group.group, None)
        else:
            self._chosen[group.group] = path
            if group.near:
                self._near.add(group.group)

    def turn(self, group: DuplicateGroup) -> None:
        """Keep the next file of a group; after the last of some pictures, none again."""
        paths = [file.path for file in group.files]
        kept = self.keeps(group)
        place = paths.index(kept) + 1 if kept in paths else 0
        if place >= len(paths):
            self.choose(group, None if group.near else paths[0])
        else:
            self.choose(group, paths[place])

    def forget_exact(self) -> None:
        """Leave the exact groups to the policy; what was chosen among pictures stays."""
        self._chosen = {group: path for group, path in self._chosen.items() if group in self._near}

    def forget(self) -> None:
        """Leave everything as the agent says."""
        self.policy = None
        self._chosen.clear()

    def told(self, *, near: bool) -> dict[str, str]:
        """Return the choices among copies, or among pictures, as the agent takes them: kept path by group."""
        return {str(group): path for group, path in self._chosen.items() if (group in self._near) == near}
