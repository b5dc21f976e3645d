"""The steps that remove duplicates: to the trash, or with a link or a clone in their place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from core import trash
from core.duplicates.keepers import Copy, Keepers
from core.duplicates.pages import FoundFile, FoundGroup
from core.model import Action, Means, Step, Survivor
from core.names import is_beneath, shown
from core.planners.copies import Place, torn
from core.planners.kin import Kin
from core.planners.paths import folder_of

_MEANS: dict[str, Means] = {"hardlink": "link", "reflink": "clone"}

ANOTHER_DEVICE = "the copy that stays is on another file system"


class Removing:
    """Writes the steps. `roots`: those of the plan so far, the folder's own first; more are added as needed."""

    def __init__(self, operation: str, folder: bytes, others: Sequence[bytes], keepers: Keepers, kin: Kin) -> None:
        self.roots = [folder]
        self.steps: list[Step] = []
        self._operation = operation
        self._owners = sorted({folder, *others}, key=len, reverse=True)
        self._keepers = keepers
        self._kin = kin
        self._trash: dict[bytes, bytes] = {}
        self._families: dict[Place, list[Step]] = {}
        self._groups = 0

    def remove(self, groups: Iterable[FoundGroup], action: Action, report: Callable[[int], None]) -> None:
        """Write the steps for the files of some groups that may go. `report` hears how many groups were seen."""
        if action == "trash":
            self._trash_all(groups, report)
            return
        for number, group in enumerate(groups):
            report(number)
            self._replace(group, _MEANS[action])

    # -- to the trash

    def _trash_all(self, groups: Iterable[FoundGroup], report: Callable[[int], None]) -> None:
        for number, group in enumerate(groups):
            report(number)
            for file in group.others:
                self.steps.append(self._trashing(group, file))
        places = {(self.roots[step.source_root], step.source): step for step in self.steps}
        for place, reason in torn(self._kin, places).items():
            step = places[place]
            self.steps[step.seq] = replace(step, refused=step.refused or reason)
        self._bring_together()

    def _bring_together(self) -> None:
        """Let files that belong together stand together, as one group: all of them go, or none."""
        by_place = {(self.roots[step.source_root], step.source): step for step in self.steps}
        ordered: list[Step] = []
        for place, step in by_place.items():
            family = self._kin.of(*place) if not step.refused else ()
            if len(family) < 2:
                ordered.append(step)
            elif family[0] == step.source:  # the leader brings all
                self._groups += 1
                together = [by_place[place[0], path] for path in family]
                ordered += [replace(each, group=self._groups) for each in together]
        self.steps = [replace(step, seq=seq) for seq, step in enumerate(ordered)]

    def _trashing(self, group: FoundGroup, file: FoundFile) -> Step:
        root, path = self._place(file.path)
        kept = group.files[group.keep]
        step = Step(
            len(self.steps),
            "trash",
            path,
            self._place_in_trash(path),
            root,
            root,
            fingerprint=file.fingerprint,
            why=_why(group, kept),
        )
        return step if group.near else replace(step, survivor=Survivor(*self._place(kept.path), kept.fingerprint))

    def _place_in_trash(self, path: bytes) -> bytes:
        folder = folder_of(path)
        if folder not in self._trash:
            self._trash[folder] = folder_of(trash.place(self.roots[0], path, self._operation))
        return os.path.join(self._trash[folder], os.path.basename(path))

    # -- replaced

    def _replace(self, group: FoundGroup, means: Means) -> None:
        """On each file system, let one file stand in for the others there: nothing reaches from one to another."""
        kept = group.files[group.keep]
        for device in sorted({file.device for file in group.others}):
            there = [file for file in group.files if file.device == device]
            stays = kept if kept.device == device else self._kept_of(there)
            for file in group.others:
                if file.device == device and file is not stays:
                    step = self._replacing(group, file, stays or kept, means)
                    self.steps.append(step if stays else replace(step, refused=ANOTHER_DEVICE))

    def _kept_of(self, files: Sequence[FoundFile]) -> FoundFile | None:
        """Return which of the files on another file system than the group's own stays; None for one that is alone."""
        if len(files) < 2:
            return None
        fixed = [file for file in files if file.stays] or list(files)
        chosen, _ = self._keepers.choose([Copy(file.path, file.fingerprint.mtime_ns) for file in fixed])
        return fixed[chosen]

    def _replacing(self, group: FoundGroup, file: FoundFile, kept: FoundFile, means: Means) -> Step:
        root, path = self._place(file.path)
        kept_root, kept_path = self._place(kept.path)
        return Step(
            len(self.steps),
            "replace",
            kept_path,
            path,
            kept_root,
            root,
            fingerprint=kept.fingerprint,
            why=_why(group, kept),
            occupant=file.fingerprint,
            survivor=Survivor(kept_root, kept_path, kept.fingerprint),
            means=means,
            trash=self._place_in_trash(path),
        )

    # -- places

    def _place(self, path: bytes) -> tuple[int, bytes]:
        """Return the number of the innermost root that owns an absolute path, and the path there."""
        owner = next(root for root in self._owners if is_beneath(path, root))
        if owner not in self.roots:
            self.roots.append(owner)
        return self.roots.index(owner), path[len(owner.rstrip(b"/")) + 1 :]


def _why(group: FoundGroup, kept: FoundFile) -> str:
    if group.near:
        return f"it looks like {shown(kept.path)}"
    return f"a copy of {shown(kept.path)} ({group.why})"
