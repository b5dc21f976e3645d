"""The short way back for plain deeds, as most are.

A deed is plain when it moved a file that belongs to no other, just as planned, and nothing else in the operation used
either of the two names. If the file is as it was left and its old name is free, it goes back: nothing else is to be
weighed. Whatever is not so is left to `Inverse`.
"""

from __future__ import annotations

from core.errors import StorageError
from core.journal import Outcomes
from core.journal.chains import names_used_twice
from core.model import Plan, Step, absolute
from core.planners.inverse import Inverse
from core.planners.world import Place, World
from core.trash import TRASH


class PlainReturns:
    """Takes plain deeds back, in the order in which they are added: newest first."""

    def __init__(self, plan: Plan, outcomes: Outcomes, world: World, inverse: Inverse) -> None:
        self._plan = plan
        self._finished = outcomes.finished
        self._purged = outcomes.purged
        self._world = world
        self._inverse = inverse
        self._used_twice = names_used_twice(plan, outcomes)
        self._folders: dict[tuple[int, bytes], bool] = {}

    def forget_folders(self) -> None:
        """Look at each folder anew, for something that is not plain was taken back."""
        self._folders.clear()

    def takes(self, step: Step) -> bool:
        """Tell whether the file of a plain step goes back; then the step back is written down."""
        if not self._world.is_as_left(step):
            return False
        try:
            is_made = self._is_made(step.source_root, step.source[: max(step.source.rfind(b"/"), 0)])
        except StorageError:
            return False
        if not self._world.comes_back(step, to_new_folder=is_made):
            return False
        way = (step.destination, step.source, step.destination_root, step.source_root)
        self._inverse.steps.append(Step(len(self._inverse.steps), "move", *way, 0, step.fingerprint))
        return True

    def _is_made(self, root: int, folder: bytes) -> bool:
        """See that an old folder will be there; tell whether the plan makes it. Raises StorageError."""
        is_made = self._folders.get((root, folder))
        if is_made is None:
            is_made = self._folders[root, folder] = self._inverse.prepare(Place(root, folder))
        return is_made

    def is_plain(self, step: Step) -> bool:
        """Tell whether a step that was done is plain, by what the plan and the journal say of it."""
        finished = self._finished[step.seq]
        return (
            step.kind == "move"
            and not step.group
            and step.survivor is None
            and step.attributes is None
            and finished.attributes is None
            and finished.fingerprint is None
            and finished.destination is None
            and step.seq not in self._purged
            and TRASH not in step.source
            and TRASH not in step.destination
            and not (self._used_twice and self._is_used_twice(step))
        )

    def _is_used_twice(self, step: Step) -> bool:
        """Tell whether something else in the operation used one of a step's names."""
        roots, names = self._plan.roots, self._used_twice
        source = absolute(roots, step.source_root, step.source)
        return source in names or absolute(roots, step.destination_root, step.destination) in names
