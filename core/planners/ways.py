"""The way back of one file: from where an operation put it to where it was, and what that takes of a duplicate."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from core import trash
from core.errors import StorageError
from core.journal.courses import stands_in
from core.model import Fingerprint, Means, Step, StepKind, Survivor
from core.planners.deeds import Deed
from core.planners.world import Place, World

NOTE_SEPARATOR = "; "
"""Between two notes in one step's `why`."""

SURVIVOR_GONE = "the copy that stayed is gone, or not the same any more"
SURVIVOR_UNKNOWN = "which copy stayed is not known any more"


@dataclass(slots=True)
class Way:
    """One file's way back. `wanted`: its old place. `found`: what is there now. `notes`: what people should know.

    `occupant`: what has its name by this operation's doing, and gives it back in exchange. `survivor`: of a duplicate,
    the copy that stayed. `means`: what is to stand in for a file that leaves again.
    """

    deed: Deed
    kind: StepKind
    source: Place
    destination: Place
    found: Fingerprint | None = None
    notes: list[str] = field(default_factory=list)
    refused: str = ""
    survivor: Survivor | None = None
    occupant: Fingerprint | None = None
    means: Means | None = None
    wanted: Place = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = self.destination

    def step(self, seq: int, group: int, trash_of_occupant: Place) -> Step:
        """Return the step that goes this way. `trash_of_occupant`: where what has its name goes, if anything has."""
        plain = Step(
            seq,
            self.kind,
            self.source.path,
            self.destination.path,
            self.source.root,
            self.destination.root,
            group,
            fingerprint=self.found or self.deed.left,
            why=NOTE_SEPARATOR.join(self.notes),
            refused=self.refused,
            survivor=self.survivor,
        )
        if self.occupant is not None and not self.refused:
            return replace(
                plain, kind="replace", means="move", occupant=self.occupant, trash=trash_of_occupant.path, group=0
            )
        if self.means is not None and self.survivor is not None:
            return replace(
                plain,
                kind="replace",
                means=self.means,
                source=self.survivor.path,
                source_root=self.survivor.root,
                destination=self.source.path,
                destination_root=self.source.root,
                fingerprint=self.survivor.fingerprint,
                occupant=plain.fingerprint,
                trash=self.destination.path,
            )
        return plain


def way_again(deed: Deed, place: Place, world: World) -> Way:
    """Return the way on which a duplicate that came back goes to the trash again, to a place of the new operation's.

    As the first time it goes only while the copy that stayed is there: that is found here, and told in the preview.
    """
    way = Way(deed, "trash", deed.destination, place)
    survivor = deed.step.survivor
    if survivor is None:
        way.refused = SURVIVOR_UNKNOWN
        return way
    way.survivor = survivor
    try:
        now = world.look(Place(survivor.root, survivor.path))
    except StorageError:
        now = None
    if now is None or (deed.left is not None and now.size != deed.left.size):
        way.refused = SURVIVOR_GONE
    else:
        way.survivor = replace(survivor, fingerprint=now)
    if deed.step.kind == "replace" and deed.step.occupant is not None:
        way.means = "link" if deed.step.occupant.inode == survivor.fingerprint.inode else "clone"
    return way


def goes_again(deed: Deed) -> bool:
    """Tell whether a deed brought a duplicate back from the trash: what takes it back is removing it again."""
    step = deed.step
    if step.kind == "replace":
        return not stands_in(step)
    from_trash = trash.is_trash(deed.source.path) and not trash.is_trash(deed.destination.path)
    return step.kind == "move" and step.survivor is not None and from_trash


def stand_in_of(way: Way, world: World) -> Fingerprint | None:
    """Return what stands in for a file under its name, if it is still that and nobody's own by now.

    A hard link that was edited is: what was written is the content of the copy that stayed, too. Raises StorageError.
    """
    if not stands_in(way.deed.step):
        return None
    there, made = world.look(way.wanted), way.deed.stand_in
    if there is None or made is None or there.inode != made.inode:
        return None
    if there == made:
        return there
    survivor = way.deed.step.survivor
    if way.deed.step.means != "link" or survivor is None:
        return None
    kept = world.look(Place(survivor.root, survivor.path))
    return there if kept is not None and kept.inode == there.inode else None
