"""Groups of copies, each with the one that stays, and why: policies decide, for files that belong together as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.duplicates import ExactGroup, Member
from core.duplicates.keepers import Copy, Keepers
from core.duplicates.pages import FoundFile, FoundGroup
from core.model import absolute
from core.names import shown
from core.planners.kin import Kin
from core.planners.paths import name_of
from core.planners.whose import Whose

Place = tuple[bytes, bytes]
"""A root, and a path beneath it."""


_NONE_HELD: Mapping[Place, str] = {}


@dataclass(slots=True)
class _Choice:
    """Which of a group's members stays. `is_settled`: no kin of it may change that."""

    group: ExactGroup
    keep: int
    why: str
    is_settled: bool


class Copies:
    """Makes of the groups of a search what people and steps go by."""

    def __init__(self, keepers: Keepers, whose: Whose, kin: Kin) -> None:
        self._keepers = keepers
        self._whose = whose
        self._kin = kin

    def decided(self, groups: Sequence[ExactGroup], report: Callable[[int], None]) -> Iterator[FoundGroup]:
        """Yield the groups that concern the request, those with files to which others belong at the end.

        `report` hears how many were looked at.
        """
        with_kin: list[_Choice] = []
        for number, group in enumerate(groups):
            report(number)
            if self._has_kin(group):
                with_kin.append(self._choose(group))
            elif self._is_concerned(group):
                yield self._told(self._choose(group), _NONE_HELD)
        self._agree(with_kin)
        held = self._held(with_kin)
        for choice in with_kin:
            if self._is_concerned(choice.group):
                yield self._told(choice, held)

    def _has_kin(self, group: ExactGroup) -> bool:
        return any(self._kin.of(member.root, member.entry.path) for member in group.members)

    def _is_concerned(self, group: ExactGroup) -> bool:
        return any(map(self._whose.concerns, group.members))

    def _choose(self, group: ExactGroup) -> _Choice:
        members = group.members
        fixed = [number for number, member in enumerate(members) if self._whose.counts_as_kept(member)]
        left = fixed or range(len(members))
        chosen, why = self._keepers.choose([_copy(members[number]) for number in left])
        keep = left[chosen]
        return _Choice(group, keep, self._whose.counts_as_kept(members[keep]) or why, bool(fixed))

    # -- files that belong together

    def _agree(self, choices: Sequence[_Choice]) -> None:
        """Let what belongs to a file that stays stay with it, where a copy of it does."""
        group_of = {_place(member): choice for choice in choices for member in choice.group.members}
        for choice in choices:
            kept = choice.group.members[choice.keep]
            family = set(self._kin.of(*_place(kept)))
            if not family or self._kin.of(*_place(kept))[0] != kept.entry.path:
                continue  # it leads none: who does decides
            for member in choice.group.members:
                for path in self._kin.of(*_place(member)):
                    other = group_of.get((member.root, path))
                    if other is not None and other is not choice and not other.is_settled:
                        self._keep_beside(other, kept, family)

    def _keep_beside(self, choice: _Choice, leader: Member, family: set[bytes]) -> None:
        for number, member in enumerate(choice.group.members):
            if member.root == leader.root and member.entry.path in family:
                choice.keep, choice.is_settled = number, True
                choice.why = f"it belongs with {shown(name_of(leader.entry.path))}"
                return

    def _held(self, choices: Iterable[_Choice]) -> dict[Place, str]:
        """Return the files that would go to the trash without all that belong with them, each with the reason."""
        going = {
            _place(member): None
            for choice in choices
            for number, member in enumerate(choice.group.members)
            if number != choice.keep and not self._whose.stays(member)
        }
        return torn(self._kin, going)

    def _told(self, choice: _Choice, held: Mapping[Place, str]) -> FoundGroup:
        files = tuple(
            FoundFile(
                absolute([member.root], 0, member.entry.path),
                member.entry.fingerprint,
                member.entry.device,
                self._whose.stays(member),  # also of the one kept: another may be chosen yet
                held.get(_place(member), ""),
                also=tuple(absolute([root], 0, path) for root, path in member.also),
                changed_ns=member.entry.mtime_ns if member.entry.version else 0,
            )
            for member in choice.group.members
        )
        return FoundGroup(False, choice.group.size, choice.keep, choice.why, files)


def torn(kin: Kin, going: Iterable[Place]) -> dict[Place, str]:
    """Return those of some files that would go without all that belong with them, each with the reason to stay."""
    by_root: dict[bytes, set[bytes]] = defaultdict(set)
    for root, path in going:
        by_root[root].add(path)
    reasons = {}
    for root, paths in by_root.items():
        for path in paths:
            stays = next((other for other in kin.of(root, path) if other not in paths), None)
            if stays is not None:
                reasons[root, path] = f"{shown(name_of(stays))} belongs with it, and stays"
    return reasons


def _place(member: Member) -> Place:
    return member.root, member.entry.path


def _copy(member: Member) -> Copy:
    return Copy(absolute([member.root], 0, member.entry.path), member.entry.mtime_ns)
