"""What shall stay of each group of duplicates: as the agent proposes, by a policy, or as a person chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tui.wire_looks import Duplicate, DuplicateGroup


@dataclass(frozen=True)
class Policy:
    """What stays of every group: the file of the lowest rank. `name`: as the agent takes it; `said`: in words."""

    name: str
    said: str
    rank: Callable[[Duplicate], float]


POLICIES = (
    Policy("oldest", "the one that was changed longest ago", lambda file: file.mtime),
    Policy("newest", "the one that was changed last", lambda file: -file.mtime),
    Policy("shortest", "the one with the shortest path", lambda file: len(file.path)),
    Policy("longest", "the one with the longest path", lambda file: -len(file.path)),
)
BEST = Policy("best", "the one with the most pixels", lambda file: 0)
"""For pictures that look alike: the agent names that one first."""


def folder_policies(folders: Mapping[str, str]) -> Sequence[Policy]:
    """Return the policies that go by a folder, told its name and path: for each, to keep what is in it, or is not."""
    named = sorted(folders.items())
    return [
        *(Policy(f"in:{name}", "the one in that folder", partial(_is_outside, path)) for name, path in named),
        *(Policy(f"not-in:{name}", "one that is elsewhere", partial(_is_inside, path)) for name, path in named),
    ]


def _is_inside(folder: str, file: Duplicate) -> bool:
    return file.path.startswith(folder.rstrip("/") + "/")


def _is_outside(folder: str, file: Duplicate) -> bool:
    return not _is_inside(folder, file)


def by_policy(group: DuplicateGroup, policy: Policy) -> str | None:
    """Return which file of a group a policy keeps: of several the agent's own choice, or else the first.

    None for pictures that it does not tell apart: nobody decided about those. Which of several copies stays where the
    agent's own choice is none of them, the config says, and the plan tells.
    """
    if not group.files:
        return None
    if policy is BEST:
        return group.files[0].path
    files = [file for file in group.files if file.protected] or group.files
    ranks = [policy.rank(file) for file in files]
    if group.near and len(set(ranks)) == 1 < len(files):
        return None
    kept = [file.path for file, rank in zip(files, ranks, strict=True) if rank == min(ranks)]
    return group.keep if group.keep in kept else kept[0]


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
